"""What a model's outputs are called."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rationale.encoder.weights import LoadingReport
from rationale.errors import ModelError

_SHOWN = 6


def is_regression(config: Any) -> bool:
    """Whether the model says a number."""
    return bool(config.problem_type == "regression")


def label_names(config: Any, labels: Sequence[str] | None, name: str) -> tuple[str, ...]:
    """The classes in the order of the logits: those given, or the config's.

    A single logit has two classes: the one where it is low, and the one where it is high. Where only the
    second has a name, the first is called ``not`` that.

    Args:
        config: The model's.
        labels: Names to use instead of the config's; blanks around them do not count.
        name: What messages call the model.

    Raises:
        ModelError: Where they are not as many as the outputs, one is empty or one is given twice.
    """
    outputs = int(config.num_labels)
    names = [str(config.id2label[i]) for i in range(outputs)] if labels is None else list(labels)
    names = [one.strip() for one in names]
    single = outputs == 1 and not is_regression(config)
    wanted = (1, 2) if single else (outputs,)
    if "" in names:
        raise ModelError(
            f"label name {names.index('')} is empty", where=name, remedy="Give each output a name."
        )
    if len(names) not in wanted or len(set(names)) != len(names):
        raise ModelError(
            f"{len(names)} label names ({', '.join(names)}) for a model with {outputs} "
            + ("output" if outputs == 1 else "outputs"),
            where=name,
            remedy="Name both classes: where the logit is low, then where it is high."
            if single
            else "Name each output once, in the order of the logits.",
        )
    return (f"not {names[0]}", names[0]) if single and len(names) == 1 else tuple(names)


def labels_of_one_logit(report: LoadingReport) -> bool:
    """Whether the stored head has one output and the config names two classes.

    Args:
        report: What transformers tells of loading.
    """
    found = [(tuple(stored), tuple(expected)) for _, stored, expected in report["mismatched_keys"]]
    return bool(found) and all(
        stored[:1] == (1,) and expected[:1] == (2,) and stored[1:] == expected[1:]
        for stored, expected in found
    )


def naming(labels: Sequence[str], *, one_logit: bool) -> str:
    """How to name a model's outputs on the command line and in Python: with no name that may be wrong.

    >>> naming(("LABEL_0", "LABEL_1"), one_logit=False)
    '--labels NAME_OF_LABEL_0,NAME_OF_LABEL_1 (in Python labels=["NAME_OF_LABEL_0", "NAME_OF_LABEL_1"])'
    """
    if one_logit:
        names = ["NAME_WHERE_THE_LOGIT_IS_LOW", "NAME_WHERE_IT_IS_HIGH"]
    else:
        names = [f"NAME_OF_{label}" for label in labels[:_SHOWN]]
    more = [f"… {len(labels)} in all"] if len(labels) > _SHOWN else []
    quoted = [f'"{name}"' for name in names]
    return f"--labels {','.join(names + more)} (in Python labels=[{', '.join(quoted + more)}])"


def parse_labels(text: str | None) -> list[str] | None:
    """The names in ``NEG, POS``; None where nothing was given.

    Raises:
        ModelError: Where one is empty.

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
