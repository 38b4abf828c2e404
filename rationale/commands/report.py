"""``rationale report``: writes scores and agreement as one page and as tables."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rationale.commands.options import Data, Overwrite, Split, typed_command
from rationale.commands.sources import PredictionFiles, ScoresFolder, open_sources_of
from rationale.errors import OutputError
from rationale.terminal import say


def report(
    data: Data,
    agreement: Annotated[Path, typer.Option(help="The file that `rationale agree` wrote.")],
    out: Annotated[Path, typer.Option(help="HTML file to write.")],
    scores: ScoresFolder = None,
    predictions: PredictionFiles = None,
    split: Split = None,
    csv: Annotated[Path | None, typer.Option(help="Also write every record as CSV.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Also write the main tables as Markdown.")] = None,
    parquet: Annotated[Path | None, typer.Option(help="Also write every record as Parquet.")] = None,
    method: Annotated[
        list[str] | None,
        typer.Option(help="Show this method's best and worst documents; repeat for several."),
    ] = None,
    words: Annotated[
        Path | None,
        typer.Option(help="JSON file of `rationale words --out`: also show which words push each class."),
    ] = None,
    examples: Annotated[int, typer.Option(min=0, help="Best and worst documents to show per method.")] = 1,
    overwrite: Overwrite = False,
) -> None:
    """Write scores and agreement as one HTML file that needs no network, and as tables.

    Example: `rationale report --scores scores --data movies --split val --agreement agreement.json
    --out report.html`
    """
    from rationale.agreement import Agreement
    from rationale.report.write import report as write_report

    if out.suffix.lower() not in (".html", ".htm"):
        raise OutputError(
            f"--out is an HTML file and must end in .html, not {out.name!r}",
            remedy="Name it NAME.html; --markdown, --csv and --parquet write the other formats.",
        )
    loaded = Agreement.load(agreement)
    opened, documents = open_sources_of(loaded, scores, predictions, data, split)
    path = write_report(
        opened,
        documents,
        loaded,
        out,
        overwrite=overwrite,
        csv=csv,
        markdown=markdown,
        parquet=parquet,
        words=words,
        methods=method,
        examples=examples,
        command=typed_command(),
    )
    say(f"{path}: open it in any browser; it needs no network")
