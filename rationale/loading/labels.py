"""The names of a model's outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rationale.encoder.weights import LoadingReport
from rationale.errors import ModelError

_SHOWN = 6


def is_regression(config: Any) -> bool:
    """Whether the config is of a regression model."""
    return bool(config.problem_type == "regression")


def label_names(config: Any, labels: Sequence[str] | None, name: str) -> tuple[str, ...]:
    """The classes in the order of the logits: the given ones, or the config's.

    A single logit has two classes: the one where it is low, and the one where it is high. Where only the
    second has a name, the first is called ``not`` that name.

    Args:
        config: The model's config.
        labels: Names to use instead of the config's; blanks around them are removed.
        name: The model's name in messages.

    Raises:
        ModelError: Where their number is not that of the outputs, or one is empty or repeated.
    """
    outputs = int(config.num_labels)
    names = [str(config.id2label[i]) for i in range(outputs)] if labels is None else list(labels)
    names = [label.strip() for label in names]
    is_one_logit = outputs == 1 and not is_regression(config)
    allowed = (1, 2) if is_one_logit else (outputs,)
    if "" in names:
        raise ModelError(
            f"label name {names.index('')} is empty", where=name, remedy="Give each output a name."
        )
    if len(names) not in allowed or len(set(names)) != len(names):
        raise ModelError(
            f"{len(names)} label names ({', '.join(names)}) for a model with {outputs} "
            + ("output" if outputs == 1 else "outputs"),
            where=name,
            remedy="Name both classes: where the logit is low, then where it is high."
            if is_one_logit
            else "Name each output once, in the order of the logits.",
        )
    return (f"not {names[0]}", names[0]) if is_one_logit and len(names) == 1 else tuple(names)


def labels_of_one_logit(report: LoadingReport) -> bool:
    """Whether the stored head has one output and the config names two classes.

    Args:
        report: The report of loading from transformers.
    """
    shapes = [(tuple(stored), tuple(expected)) for _, stored, expected in report["mismatched_keys"]]
    return bool(shapes) and all(
        stored[:1] == (1,) and expected[:1] == (2,) and stored[1:] == expected[1:]
        for stored, expected in shapes
    )


def naming(labels: Sequence[str], *, one_logit: bool) -> str:
    """How to name a model's outputs on the command line and in Python, with placeholders for the names.

    >>> naming(("LABEL_0", "LABEL_1"), one_logit=False)
    '--labels NAME_OF_LABEL_0,NAME_OF_LABEL_1 (in Python labels=["NAME_OF_LABEL_0", "NAME_OF_LABEL_1"])'
    """
    if one_logit:
        names = ["NAME_WHERE_THE_LOGIT_IS_LOW", "NAME_WHERE_IT_IS_HIGH"]
    else:
        names = [f"NAME_OF_{label}" for label in labels[:_SHOWN]]
    count = [f"… {len(labels)} in all"] if len(labels) > _SHOWN else []
    quoted = [f'"{name}"' for name in names]
    return f"--labels {','.join(names + count)} (in Python labels=[{', '.join(quoted + count)}])"


def spelled_as(names: Sequence[str], labels: Sequence[str]) -> list[str]:
    """The labels, spelled like those of the names that differ from them in upper and lower case alone.

    >>> spelled_as(["neg", "pos", "other"], ["NEG", "Pos"])
    ['neg', 'pos']
    """
    by_case = {name.casefold(): name for name in names}
    return [label if label in names else by_case.get(label.casefold(), label) for label in labels]


def parse_labels(text: str | None) -> list[str] | None:
    """Splits ``NEG, POS`` into names; None stays None.

    Raises:
        ModelError: Where a name is empty.

    >>> parse_labels("SUPPORTS, REFUTES")
    ['SUPPORTS', 'REFUTES']
    """
    if text is None:
        return None
    names = [name.strip() for name in text.split(",")]
    if "" in names:
        raise ModelError(
            f"--labels is {text!r}, and one of its names is empty",
            remedy="Separate the names by single commas: --labels NEG,POS.",
        )
    return names
