"""Sources of `rationale agree` and `rationale report`: scores of a model, and predictions in files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from rationale.errors import RationaleError, ScoresError
from rationale.terminal import say

if TYPE_CHECKING:
    from rationale.agreement import Agreement
    from rationale.corpus.document import Documents
    from rationale.predictions.files import PredictionFile
    from rationale.predictions.imported import Predictions
    from rationale.predictions.options import PredictionOptions
    from rationale.scores.sources import Sources

    _ToRead = tuple[Path | PredictionFile, PredictionOptions]

ScoresFolder = Annotated[
    Path | None,
    typer.Option(help="The folder that `rationale score` wrote; optional with --predictions."),
]
PredictionFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--predictions",
        help="File of rationales predicted elsewhere: ERASER JSONL, or a JSONL, CSV, TSV or Parquet table "
        "with id and scores, mask, spans, char_spans, token_scores, words or quotes. Repeat for several.",
    ),
]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", help="Name of each --predictions file in tables, in order. Default: its stem."),
]
FileFormat = Annotated[
    Literal["auto", "eraser", "jsonl", "json", "csv", "tsv", "parquet"],
    typer.Option("--format", help="Format of --predictions."),
]
ContentColumn = Annotated[
    str | None,
    typer.Option(help="Column of --predictions to read: a kind (mask), or KIND=COLUMN (scores=shap)."),
]
Join = Annotated[
    Literal["sum", "mean", "max"],
    typer.Option(help="How scores of tokens become a word's score: sum, mean or max."),
]
Occurrences = Annotated[
    Literal["all", "first", "unique"],
    typer.Option(help="Where a quote occurs more than once: mark all places, the first, or none (unique)."),
]
Fuzzy = Annotated[
    float | None,
    typer.Option(help="Least similarity of quotes that are in the text only approximately, such as 0.8."),
]
Missing = Annotated[
    Literal["left-out", "empty"],
    typer.Option(help="Rows without a prediction: left-out (counted), or empty (scored as no word)."),
]
ApOfMasks = Annotated[
    bool,
    typer.Option("--ap-of-masks", help="Give 0/1 masks an AP too; it ranks by how much they select."),
]
Partial = Annotated[
    bool,
    typer.Option("--partial", help="Ignore predictions whose ids the data lack, as of a sample."),
]


def open_sources(
    scores: Path | None,
    predictions: Sequence[Path] | None,
    names: Sequence[str] | None,
    options: PredictionOptions,
    data: str,
    split: str | None,
) -> tuple[Sources, Documents]:
    """Opens scores and predictions over one corpus, and says what was read.

    Raises:
        RationaleError: Where neither is given, or there are more names than files.
        DataError: Where data or predictions cannot be read or do not fit each other.
    """
    files, given = list(predictions or ()), list(names or ())
    if len(given) > len(files):
        raise RationaleError(
            f"{len(given)} --name for {len(files)} --predictions", remedy="Give each file at most one name."
        )
    chosen: list[_ToRead] = [
        (file, replace(options, name=given[number] if number < len(given) else None))
        for number, file in enumerate(files)
    ]
    return _opened(scores, chosen, data, split)


def open_sources_of(
    agreement: Agreement,
    scores: Path | None,
    predictions: Sequence[Path] | None,
    data: str,
    split: str | None,
) -> tuple[Sources, Documents]:
    """Opens the scores and predictions of an agreement, each file read as it was for the agreement.

    Raises:
        ScoresError: Where the agreement was computed from other predictions.
    """
    from rationale.predictions.files import PredictionFile

    read = [PredictionFile.of(file) for file in predictions or ()]
    chosen: list[_ToRead] = [(file, _as_before(file, agreement)) for file in read]
    return _opened(scores, chosen, data, split or agreement.recipe.agreement.split)


def _as_before(file: PredictionFile, agreement: Agreement) -> PredictionOptions:
    from rationale.predictions.recorded import recorded_options

    options = recorded_options(file, agreement.recipe)
    if options is None:
        raise ScoresError(
            "the agreement was not computed from these predictions, or the file has changed",
            where=file.path,
            remedy="Pass the files that `rationale agree` was given, or run it again.",
        )
    return options


def _opened(
    scores: Path | None,
    files: Sequence[_ToRead],
    data: str,
    split: str | None,
) -> tuple[Sources, Documents]:
    from rationale.corpus import load_documents
    from rationale.scores.sources import Sources
    from rationale.scores.store import StoredScores

    stored = None if scores is None else StoredScores(scores)
    split = split or (None if stored is None else stored.recipe.data.split)
    if stored is None and not files:
        Sources(())  # says what to pass
    documents = load_documents(data, split)
    imported = _imported(files, documents)
    return Sources((*([] if stored is None else [stored]), *imported)), documents


def _imported(files: Sequence[_ToRead], documents: Documents) -> Sequence[Predictions]:
    """Reads predictions and says what was found of them."""
    if not files:
        return ()
    from rationale.predictions import load_predictions

    imported = [load_predictions(file, documents, options) for file, options in files]
    for predictions in imported:
        for sentence in predictions.report.sentences:
            say(sentence, err=True)
    return imported
