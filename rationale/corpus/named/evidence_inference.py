"""Evidence Inference 2.0 over abstracts: what an intervention did to an outcome, and where that is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rationale.corpus.document import Document, Mark, Span
from rationale.corpus.fields import identifier, listing, need, short
from rationale.corpus.lines import json_lines, read_text
from rationale.corpus.marks import same_text
from rationale.corpus.masks import touched
from rationale.corpus.named.cells import CsvRow, csv_rows, file_named, files_named, flag, whole_number
from rationale.corpus.named.reader import NAMED, NamedOptions, NamedReader, document_of
from rationale.corpus.named.votes import majority, one_each
from rationale.corpus.segment import word_bounds
from rationale.errors import DataError

_LABELS = {"1": "significantly increased", "0": "no significant difference", "-1": "significantly decreased"}
_SPLITS = ("train", "validation", "test")
_ARTICLES = r"(?:ev2_)?(train|validation|test)_article_ids\.txt"
_PROMPTS, _ANNOTATIONS, _ABSTRACTS = "v2_prompts.csv", "v2_annotations.csv", "abstracts.jsonl"
_COLUMNS = (
    "UserID",
    "PromptID",
    "PMCID",
    "Valid Label",
    "Valid Reasoning",
    "Annotations",
    "Label Code",
    "Evidence Start",
    "Evidence End",
)


def read(source: Path, split: str, options: NamedOptions) -> list[Document]:
    """A document is a prompt over an abstract; its query is intervention, comparator, outcome.

    Splits are the official ones, by article. An annotator is a ``UserID``: the rows of one on one prompt are
    united, each an evidence group. Rows that the authors found invalid (``Valid Label`` or
    ``Valid Reasoning`` is False) are left out, as in the authors' code. Offsets count
    characters of the whole article, which begins with the abstract: a row whose evidence ends behind it is
    ``not_asked``, as it says nothing of what the abstract holds, and a prompt without any evidence in its
    abstract is no document.

    Labels go by ``Label Code``, as ``Label`` has variants (``significantly increase``). The document's is
    that of most annotators, none where two are as frequent. Words are those between white space.
    """
    abstracts, by_prompt = _abstracts(source), _annotations(source, options)
    articles = set(read_text(files_named(source, _ARTICLES)[split]).split())
    documents = []
    columns = ("PromptID", "PMCID", "Outcome", "Intervention", "Comparator")
    for where, row in csv_rows(file_named(source, _PROMPTS), columns):
        if row["PMCID"] not in articles:
            continue
        if row["PMCID"] not in abstracts:
            options.notes.add("prompts are on articles without an abstract here and are left out", where)
            continue
        marks = _marks(by_prompt.get(row["PromptID"], []), abstracts[row["PMCID"]], options)
        if not any(mark.state == "marked" for mark in marks):
            options.notes.add("prompts have no evidence in the abstract and are left out", where)
            continue
        documents.append(_document(row, where, abstracts[row["PMCID"]], marks, options))
    return documents


def splits(source: Path) -> list[str]:
    """The splits whose lists of articles are there."""
    return [name for name in _SPLITS if name in files_named(source, _ARTICLES)] if source.is_dir() else []


@dataclass(frozen=True, slots=True)
class _Abstract:
    """The beginning of an article, and where its words stand."""

    text: str
    bounds: list[tuple[int, int]]


def _abstracts(source: Path) -> dict[str, _Abstract]:
    found: dict[str, _Abstract] = {}
    for where, row in json_lines(file_named(source, _ABSTRACTS)):
        name, text = identifier(need(row, "pmcid", where), "pmcid", where), need(row, "text", where)
        if not isinstance(text, str):
            raise DataError(f"'text' must be text, got {short(text)}", where=where)
        if name in found:
            raise DataError(f"the article {short(name)} is there twice", where=where, remedy="Remove one.")
        found[name] = _Abstract(text, word_bounds(text))
    return found


def _annotations(source: Path, options: NamedOptions) -> dict[str, list[CsvRow]]:
    """The valid rows of each prompt, by the prompt's id."""
    found: dict[str, list[CsvRow]] = defaultdict(list)
    for where, row in csv_rows(file_named(source, _ANNOTATIONS), _COLUMNS):
        if all([flag(row[name], name, where) for name in ("Valid Label", "Valid Reasoning")]):
            found[row["PromptID"]].append((where, row))
        else:
            options.notes.add("annotations (of all splits) were found invalid and are left out", where)
    return found


def _marks(rows: list[CsvRow], abstract: _Abstract, options: NamedOptions) -> tuple[Mark, ...]:
    groups: dict[str, int] = defaultdict(int)
    marks = []
    for where, row in rows:
        user = identifier(row["UserID"], "UserID", where)
        span = _span(row, where, abstract, groups[user], options)
        label = _LABELS.get(row["Label Code"])
        if label is None:
            raise DataError(
                f"the label code {short(row['Label Code'])} is unknown",
                where=where,
                remedy=f"Codes: {listing(_LABELS)}.",
            )
        groups[user] += span is not None
        marks.append(Mark(user, (span,), label) if span else Mark(user, (), label, "not_asked"))
    return one_each(marks)


def _span(
    row: Mapping[str, str], where: str, abstract: _Abstract, group: int, options: NamedOptions
) -> Span | None:
    """The words of a row's evidence; None where it is not in the abstract."""
    start, end = (whole_number(row[name], name, where) for name in ("Evidence Start", "Evidence End"))
    if not 0 <= start < end:
        raise DataError(
            f"the evidence [{start}, {end}) covers no character",
            where=where,
            remedy="Offsets count characters of the article from 0, the end exclusive.",
        )
    if end > len(abstract.text):
        options.notes.add("annotations have their evidence behind the abstract: they are not_asked", where)
        return None
    covered = abstract.text[start:end]
    if not same_text(row["Annotations"], [covered]):
        raise DataError(
            f"the evidence [{start}, {end}) is said to be {short(row['Annotations'])}, and the text there is "
            f"{short(covered)}",
            where=where,
            remedy=f"{_ABSTRACTS} and {_ANNOTATIONS} must be of one version.",
        )
    return touched(start, end, abstract.bounds, group)


def _document(
    row: Mapping[str, str], where: str, abstract: _Abstract, marks: tuple[Mark, ...], options: NamedOptions
) -> Document:
    label = majority(mark.label for mark in marks)
    if label is None:
        options.notes.add("prompts have annotators who disagree, no majority: their label is null", where)
    query = ", ".join(row[name].strip() for name in ("Intervention", "Comparator", "Outcome"))
    words = [abstract.text[start:end] for start, end in abstract.bounds]
    name = identifier(row["PromptID"], "PromptID", where)
    return document_of(name, words, marks, where, label=label, query=query.split())


NAMED.register("evidence-inference")(
    NamedReader(
        reads=f"a folder with {_PROMPTS}, {_ANNOTATIONS}, {_ABSTRACTS} and ev2_train_article_ids.txt (or "
        "validation, test)",
        splits=splits,
        read=read,
    )
)
