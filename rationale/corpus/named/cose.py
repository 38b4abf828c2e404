"""CoS-E 1.0: commonsense questions, their answers, and the part of the question that was highlighted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rationale.corpus.document import Document, Mark
from rationale.corpus.fields import identifier, listing, need, short
from rationale.corpus.lines import json_lines
from rationale.corpus.named.cells import files_named, touched_words
from rationale.corpus.named.reader import NAMED, NamedOptions, NamedReader, document_of
from rationale.corpus.readers import usual_order
from rationale.corpus.segment import word_bounds
from rationale.errors import DataError

_QUESTIONS, _HIGHLIGHTS = r"(train|dev|test)_rand_split\.jsonl", r"cose_(train|dev|test)_v1\.0\.jsonl"
_PREFIX = re.compile(r"\s*Question:\s*")

Runs = list[tuple[int, int]]


def read(source: Path, split: str, options: NamedOptions) -> list[Document]:
    """A document is a question, its query the answers (``a [sep] b``), its label the right one's letter.

    The one annotator, without a name, highlighted what in the question explains the right answer (the field
    ``selected``). It is looked for whole, then without white space, which the files drop behind commas, then
    without a leading ``Question:``, then part by part between commas. Each of its occurrences is marked, and
    the words that it touches whole. A highlight that is not found is ``not_asked`` and counted, and so is
    a question without one.

    With ``true_false`` each answer is a document of its own: its query is the answer, its id ends in ``_``
    and the letter, and its label is ``True`` or ``False``. The highlight belongs to the right answer; nobody
    was asked about the others.
    """
    highlights = _highlights(files_named(source, _HIGHLIGHTS)[split])
    documents: list[Document] = []
    path = files_named(source, _QUESTIONS)[split]
    for where, row in json_lines(path):
        question = _question(row, where)
        mark = _mark(question.stem, highlights.pop(question.name, None), where, options)
        documents += _rows(question, mark) if options.true_false else [_whole(question, mark)]
    for name, (_, where) in highlights.items():
        raise DataError(
            f"the question {short(name)} is not in {path.name}",
            where=where,
            remedy="Give both of one version.",
        )
    return documents


def splits(source: Path) -> list[str]:
    """The splits whose questions and highlights are both there."""
    if not source.is_dir():
        return []
    return usual_order(files_named(source, _QUESTIONS).keys() & files_named(source, _HIGHLIGHTS).keys())


@dataclass(frozen=True, slots=True)
class _Question:
    """A question, its answers by their letters, and the letter of the right one."""

    name: str
    stem: str
    answers: Mapping[str, str]
    right: str | None
    where: str

    @property
    def words(self) -> list[str]:
        return self.stem.split()


def _question(row: Mapping[str, Any], where: str) -> _Question:
    name, content = identifier(need(row, "id", where), "id", where), need(row, "question", where)
    if not isinstance(content, dict):
        raise DataError(f"'question' must be an object, got {short(content)}", where=where)
    stem, choices = need(content, "stem", where), need(content, "choices", where)
    fine = isinstance(stem, str) and isinstance(choices, list) and choices
    if not fine or not all(_is_choice(choice) for choice in choices):
        raise DataError(
            "'question' must hold 'stem', a text, and 'choices', a list of objects with 'label' and 'text'",
            where=where,
        )
    answers = {choice["label"]: choice["text"] for choice in choices}
    right = row.get("answerKey")
    if right is not None and right not in answers:
        raise DataError(
            f"the answer {short(right)} is none of the choices",
            where=where,
            remedy=f"Choices: {listing(answers)}.",
        )
    return _Question(name, stem, answers, right, where)


def _is_choice(choice: Any) -> bool:
    return isinstance(choice, dict) and all(isinstance(choice.get(key), str) for key in ("label", "text"))


def _highlights(path: Path) -> dict[str, tuple[str, str]]:
    """The highlight of each question, and its place."""
    found: dict[str, tuple[str, str]] = {}
    for where, row in json_lines(path):
        name, explanation = identifier(need(row, "id", where), "id", where), need(row, "explanation", where)
        selected = explanation.get("selected") if isinstance(explanation, dict) else None
        if not isinstance(selected, str):
            raise DataError(
                f"'explanation' must be an object with 'selected', a text, got {short(explanation)}",
                where=where,
                remedy="The reader is for version 1.0 of CoS-E.",
            )
        if name in found:
            raise DataError(f"the question {short(name)} was there before, in {found[name][1]}", where=where)
        found[name] = selected, where
    return found


def _whole(question: _Question, mark: Mark) -> Document:
    query = " [sep] ".join(question.answers.values()).split()
    return document_of(
        question.name, question.words, [mark], question.where, label=question.right, query=query
    )


def _rows(question: _Question, mark: Mark) -> Iterator[Document]:
    for letter, answer in question.answers.items():
        label = None if question.right is None else str(letter == question.right)
        own = (
            Mark(None, mark.spans, label, mark.state)
            if label == "True"
            else Mark(None, (), label, "not_asked")
        )
        name = f"{question.name}_{letter}"
        yield document_of(name, question.words, [own], question.where, label=label, query=answer.split())


def _mark(stem: str, highlight: tuple[str, str] | None, where: str, options: NamedOptions) -> Mark:
    if highlight is None:
        options.notes.add("questions have no highlight: they are not_asked", where)
        return Mark(None, (), None, "not_asked")
    selected, place = highlight
    runs = places_of(selected, stem)
    spans = touched_words(runs, word_bounds(stem))
    if not spans:
        options.notes.add("highlights are not found in their question and left out (not_asked)", place)
        return Mark(None, (), None, "not_asked")
    if len(runs) > len(selected.split(",")):
        options.notes.add("highlights occur more than once in their question: each place is marked", place)
    return Mark(None, spans, None, "marked")


def places_of(highlight: str, text: str) -> Runs:
    """Where a highlight stands in its question, as runs of characters; empty where it does not.

    >>> places_of("big,red", "A big, red dog"), places_of("Question: A big", "A big dog")
    ([(2, 10)], [(0, 5)])
    """
    bare = highlight[match.end() :] if (match := _PREFIX.match(highlight)) else highlight
    whole = _whole_words(highlight, text) or _without_space(highlight, text) or _without_space(bare, text)
    if whole:
        return whole
    parts = [part for part in bare.split(",") if part.strip()]
    found = [_whole_words(part, text) or _without_space(part, text) for part in parts]
    return sorted({run for runs in found for run in runs}) if all(found) else []


def _whole_words(highlight: str, text: str) -> Runs:
    """Every place where the highlight neither begins nor ends inside a run of letters or digits."""
    bare = highlight.strip()
    if not bare:
        return []
    before, behind = (r"(?<!\w)" if bare[0].isalnum() else ""), (r"(?!\w)" if bare[-1].isalnum() else "")
    body = r"\s+".join(map(re.escape, bare.split()))
    return [match.span() for match in re.finditer(f"{before}{body}{behind}", text)]


def _without_space(highlight: str, text: str) -> Runs:
    letters = [place for place, letter in enumerate(text) if not letter.isspace()]
    bare, sought = "".join(text[place] for place in letters), "".join(highlight.split())
    found = (match.start() for match in re.finditer(re.escape(sought), bare)) if sought else iter(())
    return [(letters[start], letters[start + len(sought) - 1] + 1) for start in found]


NAMED.register("cose")(
    NamedReader(
        reads="a folder with train_rand_split.jsonl and cose_train_v1.0.jsonl (or dev)",
        splits=splits,
        read=read,
        asks=True,
    )
)
