"""Reads questions and answers in the layout of SQuAD 1.1 and 2.0: the answers are the rationale."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rationale.corpus.answer_offsets import Counts, FileCounts
from rationale.corpus.document import Document, Documents, Span
from rationale.corpus.fields import check_size, identifier, need, original, short
from rationale.corpus.lines import json_file
from rationale.corpus.masks import touched
from rationale.corpus.places import head_of, kind_of, stem_of, visible_files
from rationale.corpus.readers import READERS, Reader, ReadOptions, UsedIds, usual_order
from rationale.corpus.segment import word_bounds
from rationale.errors import DataError
from rationale.strict_json import Json

ANSWERABLE, UNANSWERABLE = "answerable", "unanswerable"
_WORD = re.compile(r"\w+|[^\w\s]")
_VERSION = re.compile(r"-v\d+(\.\d+)*\Z")
_HEAD = 1 << 16


@dataclass(frozen=True, slots=True)
class _Question:
    """One question as the file has it, and the paragraph it is asked about."""

    title: str
    context: str
    counts: Counts
    content: Json
    where: str


def read_squad(source: str | Path, split: str, options: ReadOptions) -> Documents:
    """Reads one file: each question and its paragraph become a document, each answer an evidence group.

    Words are runs of letters and digits, and single punctuation characters. An answer that ends inside a word
    marks the whole word. Each character of a script without spaces (Chinese, Japanese, Thai) is a word.
    ``answer_start`` counts code points; or UTF-16 code units, where answers of the paragraph, or else of the
    file, are at theirs by no other count.

    Args:
        source: A ``.json`` file, or a folder of them named ``train-v2.0.json``, ``dev-v2.0.json``.
        split: One of its splits.
        options: What to do with duplicate ids.

    Raises:
        DataError: On a file that is no JSON or not in this layout, a field of another type, an answer that is
            not at its ``answer_start``, or one that is at two places; the message names the question.
    """
    path = _files(source)[split]
    used_ids, items = UsedIds(options.duplicate_ids), list[Document]()
    for question in _questions(json_file(path), path):
        with options.tolerating():
            items.append(_document(question, used_ids))
    return Documents(items, source=str(source), split=split)


def _questions(content: Any, path: Path) -> Iterator[_Question]:
    counts = FileCounts(content)
    for number, article in enumerate(_list(_object(content, str(path)), "data", str(path))):
        where = f"{path}, article {number} (counted from 0)"
        title = _object(article, where).get("title")
        if title is not None and not isinstance(title, str):
            raise DataError(f"'title' must be text, got {short(title)}", where=where)
        for row, paragraph in enumerate(_list(article, "paragraphs", where)):
            paragraph_where = f"{where}, paragraph {row}"
            context = _text(_object(paragraph, paragraph_where), "context", paragraph_where)
            paragraph_counts = counts.of(paragraph)
            for index, question in enumerate(_list(paragraph, "qas", paragraph_where)):
                question_where = f"{paragraph_where}, question {index}"
                name = f"{title or ''}/{row}"
                yield _Question(
                    name, context, paragraph_counts, _object(question, question_where), question_where
                )


def _document(question: _Question, used_ids: UsedIds) -> Document:
    content, where = question.content, question.where
    raw_id = need(content, "id", where)
    name = identifier(raw_id, "id", where)
    where = f"{where} (id {name!r})"
    bounds = _word_bounds(question.context)
    words = tuple(question.context[start:end] for start, end in bounds)
    text = _text(content, "question", where)
    query = tuple(text[start:end] for start, end in _word_bounds(text))
    if not words or not query:
        raise DataError("the question or its paragraph has no words", where=where, remedy="Remove it.")
    check_size(words, where)
    answers = _answers(content, where)
    spans = tuple(
        _span(question, f"{where}, answer {group}", bounds, answer, group)
        for group, answer in enumerate(answers)
    )
    unique = used_ids.name(name, where)
    return Document(
        unique,
        question.title,
        words,
        label=ANSWERABLE if spans else UNANSWERABLE,
        query=query,
        spans=spans,
        original_id=original(raw_id) if unique == name else None,
    )


def _answers(content: Json, where: str) -> list[Any]:
    """The reference answers; empty only where ``is_impossible`` is true."""
    impossible = content.get("is_impossible", False)
    if not isinstance(impossible, bool):
        found = "null" if impossible is None else short(impossible)
        raise DataError(
            f"'is_impossible' must be true or false, got {found}",
            where=where,
            remedy="Write true or false, without quotes.",
        )
    if impossible and "answers" not in content:
        return []
    answers = _list(content, "answers", where)
    if impossible and answers:
        raise DataError(
            "the question has answers and 'is_impossible' is true", where=where, remedy="Drop one."
        )
    if not impossible and not answers:
        raise DataError(
            "the question has no answers",
            where=where,
            remedy='Where the paragraph holds no answer, write "is_impossible": true.',
        )
    return answers


def _span(question: _Question, where: str, bounds: list[tuple[int, int]], answer: Any, group: int) -> Span:
    if not isinstance(answer, dict):
        raise DataError(
            f"an answer must be an object, got {'null' if answer is None else short(answer)}",
            where=where,
            remedy='Write {"text": "300 m", "answer_start": 13}, or remove it.',
        )
    text, start = _text(answer, "text", where), need(answer, "answer_start", where)
    if isinstance(start, bool) or not isinstance(start, int):
        raise DataError(f"'answer_start' must be a whole number, got {short(start)}", where=where)
    place = question.counts.place(text, start, question.context, where)
    span = None if place is None else touched(place, place + len(text), bounds, group)
    if span is None:
        raise DataError(
            f"the answer {short(text)} is not at character {start} of the context",
            where=where,
            remedy="answer_start counts characters of the context from 0.",
        )
    return span


def _word_bounds(text: str) -> list[tuple[int, int]]:
    """``[start, end)`` of each word of a text, in characters."""
    bounds = [match.span() for match in _WORD.finditer(text)]
    if text.isascii():
        return bounds
    joined: list[tuple[int, int]] = []
    for start, end in bounds:
        # Marks that combine with a letter (vowels of Hindi or Thai) are no words of their own.
        if joined and joined[-1][1] == start and _combines(text[start - 1 : start + 1]):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    parts_of_words = (
        (word_start, word_bounds(text[word_start:word_end], "characters")) for word_start, word_end in joined
    )
    return [
        (word_start + start, word_start + end) for word_start, parts in parts_of_words for start, end in parts
    ]


def _combines(letters: str) -> bool:
    """Whether one of two neighbouring characters is a combining mark that joins them into one word."""
    before, letter = (unicodedata.category(each)[0] for each in letters)
    return letter == "M" or (before == "M" and letter in "LN")


def _object(value: Any, where: str) -> Json:
    if not isinstance(value, dict):
        raise DataError(
            f"this is not in SQuAD's layout: expected an object, got {type(value).__name__}",
            where=where,
            remedy="Expected data, paragraphs, context, qas, id, question, answers.",
        )
    return value


def _list(row: Json, name: str, where: str) -> list[Any]:
    value = need(row, name, where)
    if not isinstance(value, list):
        raise DataError(f"{name!r} must be a list, got {type(value).__name__}", where=where)
    return value


def _text(row: Json, name: str, where: str) -> str:
    value = need(row, name, where)
    if not isinstance(value, str):
        raise DataError(f"{name!r} must be text, got {short(value)}", where=where)
    return value


def squad_splits(source: str | Path) -> list[str]:
    """The splits of a file or folder: file names without suffix and version."""
    return usual_order(_files(source))


def _files(source: str | Path) -> dict[str, Path]:
    files: dict[str, Path] = {}
    for file in visible_files(source):
        if kind_of(file) != ".json":
            continue
        name = _VERSION.sub("", stem_of(file))
        if name in files:
            raise DataError(
                f"split {name!r} has two files, {files[name].name} and {file.name}",
                where=source,
                remedy="Leave one version in the folder, or name the file itself.",
            )
        files[name] = file
    return files


def is_squad(source: Any) -> bool:
    """Whether all data files of ``source`` are JSON files that begin like SQuAD's."""
    if not isinstance(source, str | Path):
        return False
    known = (".json", ".jsonl", ".csv", ".tsv", ".parquet")
    files = [file for file in visible_files(source) if kind_of(file) in known]
    return bool(files) and all(map(_looks_like_squad, files))


def _looks_like_squad(file: Path) -> bool:
    if kind_of(file) != ".json":
        return False
    head = head_of(file, _HEAD).replace(b"\0", b"")  # UTF-16 too
    return b'"paragraphs"' in head and b'"data"' in head


READERS.register("squad")(
    Reader(
        reads="a .json file in SQuAD's layout, or a folder of them: train-v2.0.json, dev-v2.0.json",
        recognises=is_squad,
        splits=squad_splits,
        read=read_squad,
    )
)
