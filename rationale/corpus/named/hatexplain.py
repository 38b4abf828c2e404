"""HateXplain: posts, three labels each, and masks over the words of posts that were not normal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rationale.corpus.document import Document, Mark
from rationale.corpus.fields import identifier, listing, need, short
from rationale.corpus.lines import json_file
from rationale.corpus.named.cells import csv_rows, files_named, literal, mask_spans
from rationale.corpus.named.reader import NAMED, NamedOptions, NamedReader, document_of
from rationale.corpus.named.votes import majority
from rationale.corpus.places import kind_of
from rationale.corpus.readers import usual_order
from rationale.errors import DataError

NORMAL = "normal"
_LABELS = ("hatespeech", NORMAL, "offensive")  # the processed files number them so
_COLUMNS = ("id", "annotators", "rationales", "post_tokens")
_FILES = r"df_(train|val|test)_processed\.csv"
_WHOLE, _DIVISIONS = "dataset.json", "post_id_divisions.json"


def read(source: Path, split: str, options: NamedOptions) -> list[Document]:
    """A document is a post, its words the file's own.

    Its label is that of most of its three annotators; where all three differ it has none. Those who said
    ``normal`` were not asked for a rationale. The masks of the others have no owners in the files (431 of
    the 1,922 validation posts have three labels that are not normal and two masks), so they are annotators
    without a name and without a label, and a label without a mask is counted and is no annotator.
    """
    return [_document(*post, options) for post in _posts(source, split)]


def splits(source: Path) -> list[str]:
    """Those of the processed files; else those that ``post_id_divisions.json`` makes of ``dataset.json``."""
    files = files_named(source, _FILES)
    if source.is_file() and kind_of(source) == ".csv":
        return list(files)
    if source.is_dir() and files:
        return usual_order(files)
    whole, divisions = _whole(source)
    return [] if whole is None else usual_order(_divisions(divisions)) if divisions else ["dataset"]


def _posts(source: Path, split: str) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """Id, content and place of each post of a split."""
    path = files_named(source, _FILES).get(split)
    if path is not None and kind_of(path) == ".csv":
        for where, row in csv_rows(path, _COLUMNS):
            content = {name: literal(row[name], name, where) for name in _COLUMNS[1:]}
            yield row["id"], content, where
        return
    whole, divisions = _whole(source)
    if whole is None:
        return
    posts = json_file(whole)
    chosen = _divisions(divisions)[split] if divisions else posts
    for name in chosen if isinstance(posts, dict) else ():
        where = f"{whole}, post {short(name)}"
        yield name, _object(posts.get(name), where), where


def _whole(source: Path) -> tuple[Path | None, Path | None]:
    """The file of all posts, and the one that says which split they are in."""
    if source.is_file():
        return (source if kind_of(source) == ".json" else None), None
    whole = files_named(source, f"({re.escape(_WHOLE)})")
    return whole.get(_WHOLE), files_named(source, f"({re.escape(_DIVISIONS)})").get(_DIVISIONS)


def _divisions(path: Path) -> dict[str, list[str]]:
    content = json_file(path)
    if not isinstance(content, dict) or not all(isinstance(names, list) for names in content.values()):
        raise DataError("expected an object with a list of post ids for each split", where=path)
    return content


def _document(given: str, post: Mapping[str, Any], where: str, options: NamedOptions) -> Document:
    name = identifier(given, "id", where)
    words = need(post, "post_tokens", where)
    if not isinstance(words, list) or not all(isinstance(word, str) and word.strip() for word in words):
        raise DataError(f"'post_tokens' must be a list of words, got {short(words)}", where=where)
    masks = need(post, "rationales", where)
    if not isinstance(masks, list):
        raise DataError(f"'rationales' must be a list of masks, got {short(masks)}", where=where)
    said = _said(need(post, "annotators", where), where)
    spans = [mask_spans(mask, words, "rationales", where) for mask in masks]
    marks = [Mark(None, each, None, "marked" if each else "nothing") for each in spans]
    marks += [Mark(who, (), label, "not_asked") for who, label in said if label == NORMAL]
    label = majority(label for _, label in said)
    if label is None:
        options.notes.add("posts have three different labels and no majority: their label is null", where)
    for _ in range(sum(label != NORMAL for _, label in said) - len(masks)):
        options.notes.add("labels other than normal have no mask in the file and are left out", where)
    return document_of(name, words, marks, where, label=label)


def _said(annotators: Any, where: str) -> list[tuple[str, str]]:
    """Annotator and label of each; a dict of lists in the processed files, a list of objects in the whole."""
    if isinstance(annotators, dict):
        who, labels = need(annotators, "annotator_id", where), need(annotators, "label", where)
        if not isinstance(who, list) or not isinstance(labels, list) or len(who) != len(labels):
            raise DataError("'annotator_id' and 'label' must be lists of one length", where=where)
        pairs = list(zip(who, labels, strict=True))
    elif isinstance(annotators, list):
        objects = [_object(one, where) for one in annotators]
        pairs = [(need(one, "annotator_id", where), need(one, "label", where)) for one in objects]
    else:
        raise DataError(f"'annotators' must be an object or a list, got {short(annotators)}", where=where)
    return [(identifier(one, "annotator_id", where), _label(label, where)) for one, label in pairs]


def _label(value: Any, where: str) -> str:
    if type(value) is int and 0 <= value < len(_LABELS):
        return _LABELS[value]
    if isinstance(value, str) and value in _LABELS:
        return value
    raise DataError(
        f"the label {short(value)} is unknown",
        where=where,
        remedy=f"Labels: {listing(_LABELS)}, or their numbers 0 to 2.",
    )


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"expected an object, got {short(value)}", where=where)
    return value


NAMED.register("hatexplain")(
    NamedReader(
        reads=f"df_val_processed.csv (or train, test), or {_WHOLE} with {_DIVISIONS}",
        splits=splits,
        read=read,
    )
)
