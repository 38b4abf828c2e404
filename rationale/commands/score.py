"""``rationale score``: scores every word of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from rationale.commands.options import (
    BatchSize,
    Data,
    Device,
    Dtype,
    MethodsAndBaselines,
    Model,
    Overwrite,
    Seed,
    Split,
    typed_command,
)
from rationale.errors import DataError, RationaleError
from rationale.terminal import say

if TYPE_CHECKING:
    from rationale.scores.options import NaopcOptions


def score(
    model: Model,
    data: Data,
    out: Annotated[Path, typer.Option(help="Score folder to write; interrupted runs resume.")],
    split: Split = None,
    method: MethodsAndBaselines = None,
    protocol: Annotated[
        str,
        typer.Option(
            help="How to read documents longer than the model: document (consecutive windows, all words), "
            "truncate (the first window), windows (an oracle: only windows with gold rationale words)."
        ),
    ] = "document",
    target: Annotated[
        str,
        typer.Option(help="Class whose logit is explained: predicted, or gold (an oracle)."),
    ] = "predicted",
    labels: Annotated[
        str | None,
        typer.Option(
            help="Names of the model's outputs, in order: NEG,POS. For a single logit: the class where it is "
            "low, then the class where it is high."
        ),
    ] = None,
    max_length: Annotated[
        int | None, typer.Option(help="Longest model input, in tokens. Default: what the model takes.")
    ] = None,
    faithfulness: Annotated[
        bool,
        typer.Option(
            "--faithfulness", help="Also predict without, and with only, the best words (many runs)."
        ),
    ] = False,
    faithfulness_share: Annotated[
        float | None,
        typer.Option(help="Share of words to remove. Default: mean rationale share of the train split."),
    ] = None,
    faithfulness_layer: Annotated[
        list[int] | None,
        typer.Option(help="Layers whose best words are removed. Default: each method's first and last."),
    ] = None,
    soft_faithfulness: Annotated[
        int | None,
        typer.Option(
            help="Also measure soft normalised faithfulness, with this many random draws for each method and "
            "layer; 10 are customary. Each draw runs the model twice. Default: not measured."
        ),
    ] = None,
    naopc: Annotated[
        bool,
        typer.Option(
            "--naopc",
            help="Also measure NAOPC, which is comparable between models (up to 18,300 runs for a document "
            "of 60 words).",
        ),
    ] = False,
    naopc_words: Annotated[
        int | None,
        typer.Option(
            help="Longest document for NAOPC, in words; longer ones are left out (but see --naopc-units). "
            "Default: 60."
        ),
    ] = None,
    naopc_exact: Annotated[
        int | None,
        typer.Option(
            help="Longest document whose NAOPC limits are exact, in words; takes 2^words runs. Default: 12."
        ),
    ] = None,
    naopc_beam: Annotated[
        int | None,
        typer.Option(help="Beam width of the search for the NAOPC limits of longer documents. Default: 5."),
    ] = None,
    naopc_removal: Annotated[
        str | None,
        typer.Option(
            help="How NAOPC removes words: delete (their tokens) or mask (put the mask token in their "
            "place). Default: delete."
        ),
    ] = None,
    naopc_units: Annotated[
        str | None,
        typer.Option(
            help="What NAOPC removes from documents of more than --naopc-words words: word (they are left "
            "out) or sentence (whole sentences, at most as many, by the mean score of their words; a metric "
            "of its own). Default: word."
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1, help="Score a sample of N documents, stratified by label, selected by hash of the id."
        ),
    ] = None,
    device: Device = "auto",
    dtype: Dtype = "float32",
    batch_size: BatchSize = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Score every word of a data set, for every layer, with several methods in one pass.

    Example: `rationale score --model ./classifier --data movies --split val --method input_x_gradient
    --method attention.all --out scores`
    """
    from rationale.corpus import load_documents
    from rationale.corpus.splits import sample
    from rationale.loading.classifier import load_classifier
    from rationale.loading.labels import parse_labels
    from rationale.scores import Faithfulness, ScoreOptions, default_methods
    from rationale.scores import score as score_documents
    from rationale.scores.faithfulness import plan
    from rationale.scores.options import Target
    from rationale.tokens import Protocol

    documents = sample(load_documents(data, split), limit)
    orders = _naopc(
        naopc=naopc,
        words=naopc_words,
        exact=naopc_exact,
        beam=naopc_beam,
        removal=naopc_removal,
        units=naopc_units,
    )
    settings = None
    chosen = (faithfulness_share, soft_faithfulness, orders)
    if faithfulness or faithfulness_layer or any(choice is not None for choice in chosen):
        share = _rationale_share(data) if faithfulness_share is None else faithfulness_share
        settings = Faithfulness(share, tuple(faithfulness_layer or ()) or None, soft_faithfulness, orders)
    options = ScoreOptions(
        methods=tuple(method or default_methods()),
        target=cast(Target, target),  # ScoreOptions and the windower refuse other values
        protocol=cast(Protocol, protocol),
        faithfulness=settings,
        batch_size=batch_size,
        seed=seed,
    )
    classifier = load_classifier(
        model,
        device=device,
        dtype=dtype,
        labels=parse_labels(labels),
        max_length=max_length,
    )
    for sentence in plan(classifier, documents, options).sentences:
        say(sentence)
    scores = score_documents(
        classifier, documents, options, out=out, overwrite=overwrite, command=typed_command()
    )
    say(f"{out}: documents {len(scores)}, methods {len(scores.methods)}")


def _naopc(*, naopc: bool, **given: int | str | None) -> NaopcOptions | None:
    """The options of NAOPC, where it is measured."""
    from rationale.scores.options import NaopcOptions

    chosen = {name: value for name, value in given.items() if value is not None}
    if chosen and not naopc:
        raise RationaleError(
            f"--naopc-{next(iter(chosen))} has no effect without --naopc", remedy="Pass --naopc too."
        )
    return NaopcOptions(**cast("dict[str, Any]", chosen)) if naopc else None


def _rationale_share(data: str) -> float:
    from rationale.corpus import load_documents

    share = load_documents(data, "train").rationale_share
    if share is None:
        raise DataError(
            "no train document has a rationale, so the share of words to remove is unknown",
            where=data,
            remedy="Pass --faithfulness-share, e.g. 0.2.",
        )
    return share
