"""The document: words as the annotators saw them, its label, its query, and the human rationale."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Literal, Self, overload

import numpy as np

from rationale.arrays import Bool
from rationale.errors import DataError

Key = tuple[str, str]

MAX_GROUP = 9_999  # an annotation has as many evidence groups as somebody marked by hand


@dataclass(frozen=True, slots=True)
class Span:
    """Words ``start`` (inclusive) to ``end`` (exclusive) that a human marked.

    Attributes:
        start: The first word.
        end: One past the last word.
        group: The evidence group it belongs to, from 0 to `MAX_GROUP`.
        stated: The sentences ``[start, end)`` that the file states for it, which the ERASER benchmark calls a
            best guess; None where it states none. Spans that differ in this alone are equal.
    """

    start: int
    end: int
    group: int = 0
    stated: tuple[int, int] | None = field(default=None, compare=False, repr=False)


State = Literal["marked", "nothing", "not_asked"]
"""Whether an annotator marked words, was asked and marked none, or was not asked for a rationale."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What one annotator said of a document.

    Attributes:
        annotator: Who; None where a data set does not say whose a mask is.
        spans: The words that were marked.
        label: The class that this annotator gave; None where unknown.
        state: ``marked``, ``nothing`` or ``not_asked``; spans are there if and only if it is ``marked``.
    """

    annotator: str | None
    spans: tuple[Span, ...] = ()
    label: str | None = None
    state: State = "marked"


@dataclass(frozen=True)
class Document:
    """One (annotation, document) pair, the unit of evaluation; immutable.

    Attributes:
        id: The annotation's id. With ``docid`` it is unique in its split.
        docid: The document's id; equal to ``id`` where a data set has no ids of documents.
        words: The words as the annotators saw them. Nothing downstream splits text again.
        label: The class name, or None where it is unknown.
        query: Words of the other segment the model reads (a question, a premise); empty where there is none.
        query_first: Whether the model reads ``[CLS] query [SEP] words [SEP]`` (ERASER) or the words first.
        spans: The human rationale as annotated: possibly overlapping, in several evidence groups.
        annotated: False where no human annotated the document; an empty ``spans`` is then no rationale.
        sentences: Word ranges ``(start, end)`` of the sentences, in order and disjoint; empty where unknown.
        original_id: The id as the file has it where that is a number; None where it is text. Exports write
            it back, because the benchmark's scorer distinguishes 7 from "7".
        original_docid: The same for the document's id.
        marks: What each annotator marked, where the data set says it; ``spans`` is then made of them.
    """

    id: str
    docid: str
    words: tuple[str, ...]
    label: str | None = None
    query: tuple[str, ...] = ()
    query_first: bool = True
    spans: tuple[Span, ...] = ()
    annotated: bool = True
    sentences: tuple[tuple[int, int], ...] = ()
    original_id: int | float | None = None
    original_docid: int | float | None = None
    marks: tuple[Mark, ...] = ()

    def __post_init__(self) -> None:
        for mark in self.marks:
            if (mark.state == "marked") != bool(mark.spans):
                raise DataError(
                    f"annotator {mark.annotator!r} is {mark.state!r} with {len(mark.spans)} spans",
                    where=f"annotation {self.id!r}, document {self.docid!r}",
                    remedy="States: marked (with spans), nothing and not_asked (without).",
                )
        for span in (*self.spans, *(span for mark in self.marks for span in mark.spans)):
            if not 0 <= span.group <= MAX_GROUP:
                raise DataError(
                    f"evidence group {span.group}, expected a number from 0 to {MAX_GROUP}",
                    where=f"annotation {self.id!r}, document {self.docid!r}",
                )
            if not 0 <= span.start < span.end <= len(self.words):
                raise DataError(
                    f"rationale span [{span.start}, {span.end}) does not fit {len(self.words)} words",
                    where=f"annotation {self.id!r}, document {self.docid!r}",
                    remedy="Spans count whitespace-separated words from 0, start inclusive, end exclusive.",
                )
        self._check_sentences()

    def _check_sentences(self) -> None:
        """Checks that the sentences are ranges of words in order, and that spans state known sentences."""
        place = f"annotation {self.id!r}, document {self.docid!r}"
        end_before = 0
        for start, end in self.sentences:
            if not end_before <= start < end <= len(self.words):
                raise DataError(
                    f"sentence [{start}, {end}) after word {end_before} does not fit {len(self.words)} words",
                    where=place,
                    remedy="Sentences are word ranges in order, disjoint, each of at least one word.",
                )
            end_before = end
        for span in self.spans:
            if span.stated and not 0 <= span.stated[0] < span.stated[1] <= len(self.sentences):
                raise DataError(
                    f"a rationale span states sentences {list(span.stated)} of {len(self.sentences)}",
                    where=place,
                    remedy="Sentences count from 0, start inclusive, end exclusive.",
                )

    @property
    def key(self) -> Key:
        """``(id, docid)``, under which scores are stored."""
        return (self.id, self.docid)

    @property
    def exported_id(self) -> str | int | float:
        """The annotation's id with the type the file gave it."""
        return self.id if self.original_id is None else self.original_id

    @property
    def exported_docid(self) -> str | int | float:
        """The document's id with the type the file gave it."""
        return self.docid if self.original_docid is None else self.original_docid

    @property
    def number(self) -> float | None:
        """The label as a finite number; None where it is none."""
        try:
            value = float(self.label or "")
        except ValueError:
            return None
        return value if math.isfinite(value) else None

    @property
    def rationale(self) -> Bool:
        """The human rationale as a mask, shape (words,)."""
        mask = np.zeros(len(self.words), dtype=np.bool_)
        for span in self.spans:
            mask[span.start : span.end] = True
        return mask

    @property
    def asked(self) -> tuple[Mark, ...]:
        """The annotators who were asked for a rationale, those who marked nothing among them."""
        return tuple(mark for mark in self.marks if mark.state != "not_asked")

    @property
    def masks(self) -> Bool:
        """One mask an annotator who was asked, bool (annotators, words)."""
        masks = np.zeros((len(self.asked), len(self.words)), dtype=np.bool_)
        for row, mark in enumerate(self.asked):
            for span in mark.spans:
                masks[row, span.start : span.end] = True
        return masks

    @cached_property
    def digest(self) -> str:
        """16 hex digits of a SHA-256 over words and query, to check that scores belong to this text."""
        parts = ["\x1f".join(self.words), "\x1f".join(self.query), str(self.query_first)]
        if any(_holds_separator(word) for word in (*self.words, *self.query)):
            parts += [str(len(word)) for word in (*self.words, *self.query)]
        return hashlib.sha256("\x1e".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def _fingerprint_text(self) -> str:
        """This document's part of the fingerprint: everything that a metric or an export depends on."""
        spans = ",".join(f"{s.start}-{s.end}" for s in self.spans)
        names = (self.id, self.docid, self.label or "")
        optional = [
            *([] if self.annotated else ["not annotated"]),
            *([] if self.label != "None" else ["a label of that name"]),
            *([] if self.original_id is None else [f"id {self.original_id!r}"]),
            *([] if self.original_docid is None else [f"docid {self.original_docid!r}"]),
            *(str(len(name)) for name in names if any(map(_holds_separator, names))),
            *([] if not self.marks else [repr([_said(mark) for mark in self.marks])]),
        ]
        parts = [self.id, self.docid, self.digest, str(self.label), spans]
        return "\x1f".join([*parts, *optional]) + "\x1e"


def _said(mark: Mark) -> tuple[str | None, str | None, str, tuple[tuple[int, int], ...]]:
    return mark.annotator, mark.label, mark.state, tuple((span.start, span.end) for span in mark.spans)


def _holds_separator(text: str) -> bool:
    return "\x1f" in text or "\x1e" in text


class Documents(Sequence[Document]):
    """The documents of one split, in file order, indexed by position or by key.

    Args:
        items: The documents; keys must be unique.
        source: Where they came from, for messages and provenance.
        split: The split's name, or None.
        sampled_from: The number of documents before sampling; None where these are no sample.

    Raises:
        DataError: On two documents with one key.
    """

    def __init__(
        self,
        items: Iterable[Document],
        *,
        source: str = "memory",
        split: str | None = None,
        sampled_from: int | None = None,
    ) -> None:
        self._items = tuple(items)
        self.source, self.split, self.sampled_from = source, split, sampled_from
        self._index: dict[Key, int] = {}
        for position, document in enumerate(self._items):
            if document.key in self._index:
                raise DataError(
                    f"two documents share annotation id {document.id!r} and document id {document.docid!r}",
                    where=source,
                    remedy="Give each (annotation, document) pair its own id.",
                )
            self._index[document.key] = position

    @classmethod
    def of_text(cls, text: str, query: str = "") -> Self:
        """Builds a collection of one text without annotation, split into words at white space.

        Raises:
            DataError: Where the text has no word.
        """
        words = tuple(text.split())
        if not words:
            raise DataError("the text has no words", remedy="Write at least one word.")
        document = Document("text", "text", words, query=tuple(query.split()), annotated=False)
        return cls([document], source="text")

    @overload
    def __getitem__(self, index: int) -> Document: ...
    @overload
    def __getitem__(self, index: slice) -> Documents: ...
    def __getitem__(self, index: int | slice) -> Document | Documents:
        if isinstance(index, slice):
            return Documents(self._items[index], source=self.source, split=self.split)
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Document]:
        return iter(self._items)

    def get(self, key: Key) -> Document | None:
        """The document with the key ``(id, docid)``, or None."""
        position = self._index.get(key)
        return None if position is None else self._items[position]

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names that occur, sorted."""
        return tuple(sorted({d.label for d in self._items if d.label is not None}))

    @property
    def rationale_share(self) -> float | None:
        """The mean share of rationale words over the documents with a rationale; None where none has one."""
        shares = [float(d.rationale.mean()) for d in self._items if d.annotated and d.spans]
        return sum(shares) / len(shares) if shares else None

    @property
    def fingerprint(self) -> str:
        """16 hex digits over every document's key, text, query, label and rationale, in order.

        It distinguishes documents without annotation from those with an empty rationale, and ids that are
        numbers from ids that are text. It ignores evidence groups and sentences, which only the metrics of
        sentences and of single evidence groups, and NAOPC over sentences, depend on.
        """
        digest = hashlib.sha256()
        for document in self._items:
            digest.update(document._fingerprint_text.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()[:16]

    def __repr__(self) -> str:
        return f"Documents({len(self)} of {self.source}, split={self.split!r}, labels={list(self.labels)})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(d.id)}</td><td>{escape(str(d.label))}</td><td>{len(d.words)}</td>"
            f"<td>{int(d.rationale.sum())}</td><td>{escape(' '.join(d.words[:12]))} …</td></tr>"
            for d in self._items[:10]
        )
        head = "<tr><th>id</th><th>label</th><th>words</th><th>rationale words</th><th>begins</th></tr>"
        return f"<p>{escape(repr(self))}</p><table>{head}{rows}</table>"
