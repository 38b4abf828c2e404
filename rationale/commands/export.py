"""``rationale export``: writes scores in another tool's format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rationale.commands.options import Data, Overwrite, Split
from rationale.terminal import say


def export(
    scores: Annotated[Path, typer.Option(help="The folder that `rationale score` wrote.")],
    data: Data,
    out: Annotated[Path, typer.Option(help="File to write.")],
    split: Split = None,
    format_: Annotated[
        str, typer.Option("--format", help="eraser: predictions for the ERASER benchmark's scorer.")
    ] = "eraser",
    method: Annotated[str | None, typer.Option(help="Score method. Default: the first.")] = None,
    layer: Annotated[
        int | None,
        typer.Option(min=0, help="Layer. Default: the first for gradients, the last for others."),
    ] = None,
    select: Annotated[
        str,
        typer.Option(
            help="Words selected: threshold (score >= eta/n), or top_k_gold (an oracle: as many as gold)."
        ),
    ] = "threshold",
    eta_from: Annotated[
        Path | None,
        typer.Option(
            help="Model folder whose eta is used for the threshold. Default: the scored model's eta, else 1."
        ),
    ] = None,
    absolute: Annotated[
        bool, typer.Option("--absolute", help="Use the absolute value of signed methods.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Write the scores of one method and layer in another tool's format.

    Example: `rationale export --scores scores --data movies --split val --method input_x_gradient --layer 0
    --out predictions.jsonl`
    """
    from rationale.agreement import read_eta
    from rationale.corpus import load_documents
    from rationale.report.exports import EXPORTS, Choice
    from rationale.scores.store import StoredScores

    write = EXPORTS.get(format_)
    opened = StoredScores(scores)
    documents = load_documents(data, split or opened.recipe.data.split)
    eta = None if eta_from is None else read_eta(eta_from)
    choice = Choice(method, layer, select, eta, absolute)
    done = write(opened, documents, out, choice, overwrite=overwrite)
    say(f"{done.path}: {done.lines} annotations, {done.method}, layer {done.layer}, {select}")
    for note in done.notes:
        say(f"note: {note}", fg="yellow", err=True)
