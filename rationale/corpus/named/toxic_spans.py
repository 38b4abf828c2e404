"""Toxic Spans: comments and the characters that make them toxic; SemEval's parts and the raw annotations."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from rationale.corpus.document import Document, Mark, Span, State
from rationale.corpus.fields import identifier, short
from rationale.corpus.masks import touched
from rationale.corpus.named.cells import csv_rows, file_named, files_named, flag, literal, whole_number
from rationale.corpus.named.reader import NAMED, NamedOptions, NamedReader, document_of
from rationale.corpus.named.runs import document_of_runs
from rationale.corpus.named.votes import majority, one_each
from rationale.corpus.segment import word_bounds
from rationale.errors import DataError

TOXIC, NOT_TOXIC = "toxic", "not toxic"
RAW = "raw"

_FILES = r"tsd_(train|trial|test)\.csv"
_RAW_FILE = r"(annotations)\.csv"


def read(source: Path, split: str, options: NamedOptions) -> list[Document]:
    """A document is a comment, its words those between white space.

    SemEval's parts hold one rationale made of several annotators': one annotator without a name, no label,
    and ids of split and row, counted from 0 (``train_0``). All comments were annotated, so an empty list says
    ``nothing``.

    In the raw part, an annotation with spans is ``marked``, whatever its flags. Without spans the flags
    decide: ``all toxic`` alone marks every word, ``not toxic`` (with or without ``all toxic``: one box of the
    form set both for 21,185 annotations) is ``nothing``, and neither is ``not_asked``, as the annotator
    answered nothing. An annotator's label is ``not toxic`` where that flag is set, none where nothing was
    answered, else ``toxic``; the document's is that of most annotators, none where two are as frequent.
    Spans that end behind their comment (94; the text was changed since) are left out and counted, and an
    annotation without another span is ``not_asked``. Rows of one worker on one comment are one annotator.
    """
    if split == RAW:
        return _raw(source, options)
    rows = csv_rows(files_named(source, _FILES)[split], ("spans", "text"))
    return [
        document_of_runs(
            f"{split}_{number}", row["text"], literal(row["spans"], "spans", where), "spans", where, options
        )
        for number, (where, row) in enumerate(rows)
    ]


def splits(source: Path) -> list[str]:
    """SemEval's parts, and ``raw`` where the three files of the annotators are there."""
    raw = [RAW] if source.is_dir() and files_named(source, _RAW_FILE) else []
    return [*files_named(source, _FILES), *raw]


@dataclass(frozen=True, slots=True)
class _Annotation:
    """A row of ``annotations.csv``, and the spans of ``spans.csv`` that belong to it."""

    worker: str
    all_toxic: bool
    not_toxic: bool
    where: str
    spans: list[tuple[int, int, str]]


def _raw(source: Path, options: NamedOptions) -> list[Document]:
    by_comment = _annotations(source)
    documents = []
    for where, row in csv_rows(file_named(source, "comments.csv"), ("comment_id", "comment_text")):
        text, bounds = row["comment_text"], word_bounds(row["comment_text"])
        said = by_comment.pop(row["comment_id"], [])
        rows = [_mark(annotation, text, bounds, options) for annotation in said]
        marks = one_each(rows)
        for _ in range(len(rows) - len(marks)):
            options.notes.add("annotations are a worker's second on a comment and joined to the first", where)
        label = majority(mark.label for mark in marks)
        if label is None:
            options.notes.add("comments have no majority: their label is null", where)
        name, words = identifier(row["comment_id"], "comment_id", where), [text[a:b] for a, b in bounds]
        documents.append(document_of(name, words, marks, where, label=label))
    for comment, (first, *_) in by_comment.items():
        raise DataError(
            f"the comment {short(comment)} is not in comments.csv",
            where=first.where,
            remedy="The three files must be of one version.",
        )
    return documents


def _annotations(source: Path) -> dict[str, list[_Annotation]]:
    """The annotations of each comment."""
    by_id: dict[str, _Annotation] = {}
    by_comment: dict[str, list[_Annotation]] = defaultdict(list)
    columns = ("annotation", "comment_id", "worker", "all toxic", "not toxic")
    for where, row in csv_rows(file_named(source, "annotations.csv"), columns):
        annotation = _Annotation(
            identifier(row["worker"], "worker", where),
            all_toxic=flag(row["all toxic"], "all toxic", where),
            not_toxic=flag(row["not toxic"], "not toxic", where),
            where=where,
            spans=[],
        )
        if row["annotation"] in by_id:
            raise DataError(
                f"annotation {short(row['annotation'])} is there before, {by_id[row['annotation']].where}",
                where=where,
                remedy="Remove one of the two rows.",
            )
        by_id[row["annotation"]] = annotation
        by_comment[row["comment_id"]].append(annotation)
    for where, row in csv_rows(file_named(source, "spans.csv"), ("annotation", "start", "end")):
        if row["annotation"] not in by_id:
            raise DataError(
                f"the annotation {short(row['annotation'])} is not in annotations.csv",
                where=where,
                remedy="The three files must be of one version.",
            )
        start, end = (whole_number(row[name], name, where) for name in ("start", "end"))
        if not 0 <= start < end:
            raise DataError(
                f"the span [{start}, {end}) marks no character",
                where=where,
                remedy="Offsets count characters from 0, the end exclusive.",
            )
        by_id[row["annotation"]].spans.append((start, end, where))
    return by_comment


def _mark(one: _Annotation, text: str, bounds: list[tuple[int, int]], options: NamedOptions) -> Mark:
    spans: list[Span] = []
    for start, end, where in one.spans:
        if end > len(text):
            options.notes.add("spans end behind their comment and are left out", where)
        elif (span := touched(start, end, bounds, 0)) is None:
            options.notes.add("spans mark white space alone and are left out", where)
        else:
            spans.append(span)
    state: State = "marked" if spans else "not_asked"
    if one.spans and not spans:
        options.notes.add("annotations have no other span: they are not_asked", one.where)
    elif not one.spans and one.not_toxic:
        state = "nothing"
    elif not one.spans and one.all_toxic:
        state, spans = "marked", [Span(0, len(bounds))]
        options.notes.add(
            "annotations say that all is toxic, without a span: every word is marked", one.where
        )
    elif not one.spans:
        options.notes.add("annotations have neither spans nor a flag: they are not_asked", one.where)
    unanswered = not (one.spans or one.all_toxic or one.not_toxic)
    label = None if unanswered else NOT_TOXIC if one.not_toxic else TOXIC
    return Mark(one.worker, tuple(dict.fromkeys(spans)), label, state)


NAMED.register("toxic-spans")(
    NamedReader(
        reads="tsd_train.csv, tsd_trial.csv; or annotations.csv, spans.csv and comments.csv (the split raw)",
        splits=splits,
        read=read,
    )
)
