"""Reads a file of predictions as the scores of one method, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from rationale.corpus.document import Documents
from rationale.corpus.fields import identifier
from rationale.corpus.places import source_errors, stem_of
from rationale.errors import DataError
from rationale.predictions.content import ContentReader
from rationale.predictions.files import PredictionFile, Rows, read_rows
from rationale.predictions.imported import Pair, Predictions, imported_recipe, less_likely, scored_document
from rationale.predictions.kinds import Column, Kind, choose_column
from rationale.predictions.labels import Classes
from rationale.predictions.matching import Matched, match_rows
from rationale.predictions.options import PredictionOptions
from rationale.predictions.perturbed import UNSTATED, Removal, removal_of
from rationale.predictions.report import AP_OF_MASKS, PredictionReport

_OF_ERASER: tuple[Kind, ...] = ("scores", "sentence_scores", "spans")
_SLOW = 2.0  # seconds, after which a progress bar appears


def load_predictions(
    path: str | Path | PredictionFile,
    documents: Documents,
    options: PredictionOptions | None = None,
    *,
    progress: bool = True,
) -> Predictions:
    """Reads the rationales that somebody else predicted, as the scores of one method.

    The file is one of the ERASER benchmark's, or a table (JSON lines, JSON, CSV, TSV, Parquet) with an ``id``
    and one column with predictions: scores or a 0/1 mask over the words, spans of words or characters, scores
    of tokens, or quotes. Files that only select words have no scores.

    Args:
        path: The file, or what was read of it.
        documents: The documents that were predicted.
        options: How it is read; None takes the defaults.
        progress: Whether to show a progress bar where reading takes more than two seconds.

    Returns:
        Scores of one method, in the order of the documents.

    Raises:
        DataError: Where the file cannot be read or does not fit the documents; the message names the row.
    """
    file, options = PredictionFile.of(path), options or PredictionOptions()
    path = file.path
    with source_errors(path):
        rows = read_rows(file, options.format)
    name = identifier(options.name or stem_of(path), "name", str(path))
    columns = _columns(rows, options, path)
    matched = match_rows(rows.rows, documents, partial=options.partial)
    classes = Classes.of([row for row, _ in matched.rows], documents)
    read = ContentReader(columns, options, has_threshold=_has(rows, "threshold"))
    pairs = _pairs(matched, read, progress=progress)
    _check_any(pairs, read, matched)
    removal = _removal(pairs)
    scored = [scored_document(pair, name, classes, removal) for pair in pairs]
    notes = (
        AP_OF_MASKS * options.masks_as_scores,
        UNSTATED * (removal is not None and not removal.stated),
        less_likely([pair.where for pair in pairs], scored, classes.names),
        *(f"{line}." for line in read.notes.lines),
    )
    report = PredictionReport(
        file=path.name,
        sha256=file.sha256,
        format=rows.format,
        column=", ".join(map(str, columns)),
        rows=len(rows.rows),
        predicted=len(pairs),
        unpredicted=read.unpredicted,
        unknown=matched.unknown,
        pairs=len(documents),
        labelled=sum(document.predicted is not None for document in scored),
        options=options,
        quotes=read.tally.report() if columns[0].kind == "quotes" else None,
        notes=tuple(filter(None, notes)),
    )
    recipe = imported_recipe(name, pairs, documents, classes, report, removal)
    return Predictions(recipe, scored, report)


def _columns(rows: Rows, options: PredictionOptions, path: Path) -> Sequence[Column]:
    """One column of a table; scores and spans of an ERASER file."""
    if rows.format != "eraser" or options.column is not None:
        return [choose_column(rows.names, options.column, path)]
    kinds = [kind for kind in _OF_ERASER if _has(rows, kind)]
    if "scores" in kinds and "sentence_scores" in kinds:
        kinds.remove("sentence_scores")
    if not kinds:
        raise DataError(
            "no line has a rationale",
            where=path,
            remedy="Expected 'hard_rationale_predictions' or 'soft_rationale_predictions' in 'rationales'.",
        )
    return [Column(kind, kind) for kind in kinds]


def _has(rows: Rows, name: str) -> bool:
    return any(row.get(name) is not None for _, row in rows.rows)


def _pairs(matched: Matched, read: ContentReader, *, progress: bool) -> list[Pair]:
    pairs = []
    bar = tqdm(matched.rows, unit="row", desc="reading predictions", disable=not progress, delay=_SLOW)
    for (where, row), document in bar:
        content = read(row, document, where)
        if content is not None:
            pairs.append(Pair(where, row, document, content))
    return pairs


def _check_any(pairs: Sequence[Pair], read: ContentReader, matched: Matched) -> None:
    """Refuses a file that predicts nothing, and one whose quotes are all of another text."""
    (where, _), _ = matched.rows[0]
    counts = read.tally.report()
    if not pairs:
        why = (
            f"none of {counts.unparsed:,} replies could be parsed"
            if counts.unparsed
            else f"the column {read.columns[0].name!r} is empty in every row"
        )
        raise DataError(
            f"the file predicts nothing: {why}",
            where=where,
            remedy='Quotes are a JSON list of strings, such as ["a dull plot"], also inside other text.'
            if counts.unparsed
            else "Give a prediction in at least one row; [] is a prediction of no word.",
        )
    if counts.unmatched and counts.unmatched == counts.quotes - counts.empty:
        raise DataError(
            f"none of the {counts.quotes:,} quotes is in its document; the first is {counts.first_unmatched}",
            where=where,
            remedy="Quotes are copied from the words of the document: are these of another language, text or "
            "split?",
        )


def _removal(pairs: Sequence[Pair]) -> Removal | None:
    shares = [float(pair.content.mask.mean()) for pair in pairs if pair.content.mask is not None]
    selected = round(float(np.mean(shares)), 4) if shares else float("nan")
    return removal_of([(pair.where, pair.row) for pair in pairs], selected)
