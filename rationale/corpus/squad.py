"""Questions and answers in the layout of SQuAD 1.1 and 2.0: the answers are the rationale."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rationale.corpus.document import Document, Documents, Span
from rationale.corpus.lines import read_text
from rationale.corpus.readers import READERS, Reader, ReadOptions, UsedIds, usual_order
from rationale.errors import DataError

ANSWERABLE, UNANSWERABLE = "answerable", "unanswerable"
_WORD = re.compile(r"\w+|[^\w\s]")
_VERSION = re.compile(r"-v\d+(\.\d+)*\Z")
_HEAD = 1 << 16


def read_squad(source: str | Path, split: str, options: ReadOptions) -> Documents:
    """Reads one file; a document is a question over its paragraph, and each answer a rationale group.

    Words are runs of letters and digits, and single signs: an answer that ends inside a word gets all of it.

    Args:
        source: A ``.json`` file, or a folder of them named ``train-v2.0.json``, ``dev-v2.0.json``.
        split: One of its splits.
        options: Limit and duplicate ids.

    Raises:
        DataError: On a file that is no JSON, or not of this layout, or an answer that does not stand where it
            is said to; the message names the question.
    """
    path = _files(source)[split]
    try:
        content = json.loads(read_text(path))
    except ValueError as error:
        raise DataError(f"no JSON ({error})", where=path, remedy="The file may have been cut off.") from error
    used, items = UsedIds(options.duplicate_ids), list[Document]()
    for where, title, context, question in _questions(content, path):
        if options.limit is not None and len(items) == options.limit:
            break
        with options.tolerating():
            items.append(_document(where, title, context, question, used))
    return Documents(items, source=str(source), split=split)


def _questions(content: Any, path: Path) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    where = str(path)
    try:
        for article in content["data"]:
            for number, paragraph in enumerate(article["paragraphs"]):
                where = f"{path}, {article.get('title', 'an article')!r}, paragraph {number}"
                for question in paragraph["qas"]:
                    title = f"{article.get('title', '')}/{number}"
                    yield f"{path}, question {question['id']!r}", title, str(paragraph["context"]), question
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"this is not of SQuAD's layout ({type(error).__name__}: {error})",
            where=where,
            remedy="Expected data, paragraphs, context, qas, id, question, answers.",
        ) from error


def _document(where: str, title: str, context: str, question: dict[str, Any], used: UsedIds) -> Document:
    places = [match.span() for match in _WORD.finditer(context)]
    words = tuple(context[a:b] for a, b in places)
    asked = tuple(_WORD.findall(str(question.get("question", ""))))
    if not words or not asked:
        raise DataError("the question or its paragraph has no words", where=where, remedy="Remove it.")
    impossible = bool(question.get("is_impossible"))
    answers = [] if impossible else question.get("answers") or []
    spans = tuple(_span(where, context, places, answer, group) for group, answer in enumerate(answers))
    label = ANSWERABLE if spans else UNANSWERABLE
    identifier = used.name(str(question["id"]), where)
    return Document(identifier, title, words, label=label, query=asked, spans=spans)


def _span(where: str, context: str, places: list[tuple[int, int]], answer: Any, group: int) -> Span:
    try:
        text, start = str(answer["text"]), int(answer["answer_start"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            "an answer lacks its text or its place", where=where, remedy="Give text and answer_start."
        ) from error
    inside = [i for i, (a, b) in enumerate(places) if a < start + len(text) and b > start]
    if context[start : start + len(text)] != text or not inside or start < 0:
        raise DataError(
            f"the answer {text!r} does not stand at character {start}",
            where=where,
            remedy="answer_start counts characters of the context from 0.",
        )
    return Span(inside[0], inside[-1] + 1, group)


def squad_splits(source: str | Path) -> list[str]:
    """The file's name without its version, or those of a folder's files."""
    return usual_order(_files(source))


def _files(source: str | Path) -> dict[str, Path]:
    path = Path(source)
    files = [path] if path.is_file() else sorted(path.glob("*.json"))
    found: dict[str, Path] = {}
    for file in files:
        name = _VERSION.sub("", file.stem)
        if name in found:
            raise DataError(
                f"split {name!r} is there twice: {found[name].name} and {file.name}",
                where=path,
                remedy="Leave one version in the folder, or name the file itself.",
            )
        found[name] = file
    return found


def is_squad(source: Any) -> bool:
    """Whether all that is there is JSON files that begin as SQuAD's do."""
    if not isinstance(source, str | Path):
        return False
    path = Path(source)
    files = [path] if path.is_file() else sorted(path.glob("*")) if path.is_dir() else []
    return bool(files) and all(_begins_so(file) for file in files)


def _begins_so(file: Path) -> bool:
    if file.suffix.lower() != ".json" or not file.is_file():
        return False
    with file.open("rb") as opened:
        head = opened.read(_HEAD)
    return b'"paragraphs"' in head and b'"data"' in head


READERS.register("squad")(
    Reader(
        reads="a .json file in SQuAD's layout, or a folder of them: train-v2.0.json, dev-v2.0.json",
        recognises=is_squad,
        splits=squad_splits,
        read=read_squad,
    )
)
