"""``rationale export``: scores in another tool's format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rationale.commands.options import Data, Overwrite, Split
from rationale.terminal import say


def export(
    scores: Annotated[Path, typer.Option(help="The folder that `rationale score` wrote.")],
    data: Data,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    split: Split = None,
    format_: Annotated[
        str, typer.Option("--format", help="eraser: predictions for the benchmark's scorer.")
    ] = "eraser",
    method: Annotated[str | None, typer.Option(help="The score method. Default: the first.")] = None,
    layer: Annotated[
        int | None,
        typer.Option(min=0, help="Its layer. Default: a gradient's first, the last of others."),
    ] = None,
    select: Annotated[
        str,
        typer.Option(
            help="How words are selected: threshold (score >= eta/n), or top_k_gold (as many as gold)."
        ),
    ] = "threshold",
    eta_from: Annotated[
        Path | None,
        typer.Option(
            help="Folder with the threshold's eta. Default: the scored model's own eta; 1 where it has none."
        ),
    ] = None,
    absolute: Annotated[
        bool, typer.Option("--absolute", help="Count signed methods by absolute value.")
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
