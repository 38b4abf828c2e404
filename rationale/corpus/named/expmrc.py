"""ExpMRC: questions in SQuAD's layout, with the text that proves the answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from rationale.corpus.annotations import with_marks
from rationale.corpus.document import Document, Mark, Span
from rationale.corpus.fields import short
from rationale.corpus.lines import json_file
from rationale.corpus.masks import touched
from rationale.corpus.named.cells import files_named
from rationale.corpus.named.reader import NAMED, NamedOptions, NamedReader
from rationale.corpus.readers import ReadOptions
from rationale.corpus.squad import read_squad
from rationale.errors import DataError

_FILES = r"expmrc-(squad-(?:train|dev|test))\.json"


def read(source: Path, split: str, options: NamedOptions) -> list[Document]:
    """A document is a question over its paragraph, with the words, query and label of SQuAD's reader.

    The evidence is located in the paragraph, where each text of it must stand exactly. Every question has two
    texts, of which 341 of 501 pairs are equal, and the file does not say by whom: each distinct one is an
    evidence group of one annotator without a name, as ExpMRC's own measure takes the best of them. The
    answers are no rationale here.
    """
    path = files_named(source, _FILES)[split]
    documents = read_squad(path, path.stem, ReadOptions())
    asked = _evidences(json_file(path), path)
    return [_document(document, *each, options) for document, each in zip(documents, asked, strict=True)]


def _evidences(content: dict[str, Any], path: Path) -> Iterator[tuple[str, Any, str]]:
    """Paragraph, evidence and place of each question, in the order of the reader that checked the layout."""
    for number, article in enumerate(content["data"]):
        for place, paragraph in enumerate(article["paragraphs"]):
            for row, question in enumerate(paragraph["qas"]):
                where = f"{path}, article {number} (counted from 0), paragraph {place}, question {row}"
                yield paragraph["context"], question.get("evidences"), where


def _document(
    document: Document, context: str, evidences: Any, where: str, options: NamedOptions
) -> Document:
    is_list = isinstance(evidences, list) and bool(evidences)
    if not is_list or not all(isinstance(text, str) and text.strip() for text in evidences):
        raise DataError(
            f"'evidences' must be a list of texts, got {short(evidences)}",
            where=where,
            remedy="A file without evidence is in SQuAD's own layout: leave --reader out.",
        )
    bounds = _bounds(document.words, context)
    spans = [
        _span(text, context, bounds, group, where, options)
        for group, text in enumerate(dict.fromkeys(evidences))
    ]
    mark = Mark(None, tuple(spans), None, "marked")
    return with_marks(replace(document, docid=document.id, original_docid=None), [mark])


def _span(
    text: str, context: str, bounds: list[tuple[int, int]], group: int, where: str, options: NamedOptions
) -> Span:
    start = context.find(text)
    if start >= 0 and context.find(text, start + 1) >= 0:
        options.notes.add(
            "texts of evidence stand more than once in their paragraph: the first counts", where
        )
    span = touched(start, start + len(text), bounds, group) if start >= 0 else None
    if span is None:
        raise DataError(
            f"the evidence {short(text)} does not stand in the paragraph",
            where=where,
            remedy="Evidence is quoted exactly, blanks included.",
        )
    return span


def _bounds(words: tuple[str, ...], context: str) -> list[tuple[int, int]]:
    """Where each word stands; they follow each other in the text."""
    bounds: list[tuple[int, int]] = []
    for word in words:
        start = context.index(word, bounds[-1][1] if bounds else 0)
        bounds.append((start, start + len(word)))
    return bounds


NAMED.register("expmrc")(
    NamedReader(
        reads="expmrc-squad-dev.json",
        splits=lambda source: list(files_named(source, _FILES)),
        read=read,
    )
)
