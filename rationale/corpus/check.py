"""Counts what a data set holds and lists every problem in it, not just the first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from rationale.corpus.columns import Columns
from rationale.corpus.document import Documents, State
from rationale.corpus.load import find_reader, unsegmented
from rationale.corpus.places import source_errors
from rationale.corpus.readers import ReadOptions
from rationale.corpus.segment import Segmentation
from rationale.errors import DataError


@dataclass(frozen=True, slots=True)
class AnnotatorCheck:
    """What one annotator did in a split, counted.

    Attributes:
        annotator: The name; None for all whose names the data does not give.
        marked: Documents in which words were marked.
        nothing: Documents in which the annotator was asked and marked no word.
        not_asked: Documents for which the annotator was not asked for a rationale.
        share: Mean share of marked words over the documents with marks; None without any.
    """

    annotator: str | None
    marked: int
    nothing: int
    not_asked: int
    share: float | None


@dataclass(frozen=True, slots=True)
class SplitCheck:
    """One split, counted.

    Attributes:
        split: Its name, empty for an unnamed collection.
        annotations: Distinct annotation ids.
        documents: (annotation, document) pairs that could be read.
        labels: How many documents have each label, None counted as ``(none)``.
        words: Words of all documents, each text as often as it is annotated.
        longest: Words of the longest document.
        rationale_share: Mean share of rationale words over the documents that have some; None without any.
        without_rationale: Documents in which nothing is marked.
        annotators: Counts of each annotator, most documents first; empty where the data names none.
        problems: Errors that keep documents from being read, one message each.
        notes: Oddities of documents that can be read.
    """

    split: str
    annotations: int
    documents: int
    labels: Mapping[str, int]
    words: int
    longest: int
    rationale_share: float | None
    without_rationale: int
    annotators: tuple[AnnotatorCheck, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def check_data(
    source: Any, *, columns: Columns | None = None, segmentation: Segmentation = "spaces"
) -> list[SplitCheck]:
    """Reads every split of ``source`` and counts its contents.

    Args:
        source: Anything that `load_documents` reads.
        columns: The names of a table's columns.
        segmentation: How text becomes words.

    Raises:
        DataError: Where the source is of no known kind.
    """
    reader = find_reader(source)
    texts: dict[str, set[str]] = {}
    checks: list[SplitCheck] = []
    with source_errors(source):
        splits = reader.splits(source) or [""]
    for split in splits:
        problems: list[DataError] = []
        reader_notes: list[str] = []
        options = ReadOptions(
            problems=problems, notes=reader_notes, columns=columns or Columns(), segmentation=segmentation
        )
        try:
            with source_errors(source):
                documents = reader.read(source, split, options)
        except DataError as error:
            documents = Documents([], source=str(source), split=split)
            problems.append(error)
        notes = [*_shared_texts(documents, texts), *reader_notes, *_oddities(documents)]
        texts[split] = {document.digest for document in documents}
        checks.append(_count(split, documents, problems, notes))
    return checks


def _count(split: str, documents: Documents, problems: list[DataError], notes: list[str]) -> SplitCheck:
    shares = [float(np.mean(d.rationale)) for d in documents if d.spans]
    lengths = [len(d.words) for d in documents]
    if not documents and not problems:
        problems = [DataError("no documents found", where=f"split {split}" if split else None)]
    return SplitCheck(
        split=split,
        annotations=len({d.id for d in documents}),
        documents=len(documents),
        labels=dict(sorted(Counter(d.label or "(none)" for d in documents).items())),
        words=sum(lengths),
        longest=max(lengths, default=0),
        rationale_share=sum(shares) / len(shares) if shares else None,
        without_rationale=len(documents) - len(shares),
        annotators=_annotators(documents),
        problems=tuple(map(str, problems)),
        notes=tuple(notes),
    )


def _annotators(documents: Documents) -> tuple[AnnotatorCheck, ...]:
    states: dict[str | None, Counter[State]] = {}
    shares: dict[str | None, list[float]] = {}
    for document in documents:
        for mark in document.marks:
            states.setdefault(mark.annotator, Counter())[mark.state] += 1
        for mark, mask in zip(document.asked, document.masks, strict=True):
            if mark.spans:
                shares.setdefault(mark.annotator, []).append(float(mask.mean()))
    counts = [
        AnnotatorCheck(
            annotator=name,
            marked=count["marked"],
            nothing=count["nothing"],
            not_asked=count["not_asked"],
            share=float(np.mean(shares[name])) if name in shares else None,
        )
        for name, count in states.items()
    ]
    return tuple(sorted(counts, key=lambda one: -states[one.annotator].total()))


def _oddities(documents: Documents) -> list[str]:
    """Notes on oddities of documents that could be read."""
    with_rationale = [document for document in documents if document.spans]
    fully_marked = [document for document in with_rationale if document.rationale.all()]
    one_word = [document for document in documents if len(document.words) == 1]
    not_annotated = [document for document in documents if not document.annotated]
    kinds = [
        (fully_marked, "are marked as a whole: no metric can rank their words"),
        (one_word, "have one word"),
        (
            not_annotated if len(not_annotated) < len(documents) else [],
            "were not annotated (their rationale is null)",
        ),
    ]
    lines = [
        f"{len(matching):,} of {len(documents):,} documents {kind} (the first: {matching[0].id[:80]!r})"
        for matching, kind in kinds
        if matching
    ]
    return [*lines, *unsegmented(documents)]


def _shared_texts(documents: Documents, earlier: Mapping[str, set[str]]) -> list[str]:
    """Notes how many texts (with their queries) also occur in other splits."""
    counts = Counter(document.digest for document in documents)
    shared = {
        split: sum(n for digest, n in counts.items() if digest in digests)
        for split, digests in earlier.items()
    }
    return [f"{n} of {len(documents)} texts also occur in {split}" for split, n in shared.items() if n]
