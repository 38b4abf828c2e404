"""The documents beside ERASER annotations: each is read once, however many annotations use it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from pathlib import Path

from rationale.corpus.fields import check_size, identifier, need, short
from rationale.corpus.lines import json_lines, read_text, split_lines
from rationale.errors import DataError


@dataclass(frozen=True, slots=True)
class Passage:
    """A document's text, shared by every annotation on it.

    Attributes:
        words: Its words.
        sentences: The word range ``(start, end)`` of each sentence.
        has_blanks: Whether a word is empty.
    """

    words: tuple[str, ...]
    sentences: tuple[tuple[int, int], ...]
    has_blanks: bool = False

    @classmethod
    def parse(cls, text: str) -> Passage:
        r"""Parses a file of ``docs/``: one sentence a line, words separated by runs of spaces.

        >>> Passage.parse("a fine film .\n\n go  now ").sentences
        ((0, 4), (4, 6))
        """
        lines = ([word for word in line.strip().split(" ") if word] for line in split_lines(text))
        return cls._of([line for line in lines if line])

    @classmethod
    def parse_whole(cls, text: str) -> Passage:
        r"""Parses a text of ``docs.jsonl``, in which the benchmark's scorer counts empty words too.

        An empty line is a sentence of one empty word, and two spaces have an empty word between them.

        >>> Passage.parse_whole("a  b\n\nc").words
        ('a', '', 'b', '', 'c')
        """
        return cls._of([line.strip().split(" ") for line in text.split("\n")])

    @classmethod
    def _of(cls, lines: list[list[str]]) -> Passage:
        ends = list(accumulate(map(len, lines), initial=0))
        words = tuple(chain.from_iterable(lines))
        return cls(words, tuple(pairwise(ends)), "" in words)


def documents_file(folder: Path) -> Path:
    """The path of ``docs.jsonl``, or of ``docs.jsonl.gz`` where only that exists."""
    unpacked = folder / "docs.jsonl"
    gzipped = folder / "docs.jsonl.gz"
    return gzipped if gzipped.is_file() and not unpacked.is_file() else unpacked


class Passages:
    """The documents of an ERASER folder, each read and split into words when it is first needed.

    Args:
        folder: The folder that holds ``docs/`` or ``docs.jsonl``.

    Raises:
        DataError: Where it holds neither, or both.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._file = folder / "docs", documents_file(folder)
        self._parsed: dict[str, Passage] = {}
        self._listing: set[str] | None = (
            None  # names in docs/, cached: most lookups are of names that do not exist
        )
        self._texts: dict[str, str] | None = None
        if self._folder.is_dir() == self._file.is_file():
            content = "both docs/ and docs.jsonl" if self._file.is_file() else "neither docs/ nor docs.jsonl"
            raise DataError(
                f"an ERASER folder holds docs/ or docs.jsonl; this one has {content}",
                where=folder,
                remedy="Unpack the whole archive, or name the folder that holds the documents.",
            )
        if self._file.is_file():
            self._texts = self._read_file()

    def __contains__(self, docid: str) -> bool:
        if self._texts is not None:
            return docid in self._texts
        if "/" in docid:
            return self._path(docid) is not None
        if self._listing is None:
            self._listing = {entry.name for entry in self._folder.iterdir()}
        return docid in self._listing and self._path(docid) is not None

    def get(self, docid: str, where: str) -> Passage:
        """The document ``docid``, which the line ``where`` refers to.

        Raises:
            DataError: Where it does not exist, or has no words.
        """
        if docid not in self._parsed:
            self._parsed[docid] = self._read(docid, where)
        return self._parsed[docid]

    def _read(self, docid: str, where: str) -> Passage:
        path = self._path(docid)
        if path is not None:
            passage, location = Passage.parse(read_text(path)), str(path)
        elif self._texts is not None and docid in self._texts:
            passage, location = Passage.parse_whole(self._texts[docid]), f"{self._file}, docid {short(docid)}"
        else:
            container = self._folder if self._texts is None else self._file
            raise DataError(
                f"document {short(docid)} is not in {container}",
                where=where,
                remedy="Add the document, or remove the annotation.",
            )
        if not any(passage.words):
            raise DataError(
                f"the document is empty (used by {where})",
                where=location,
                remedy="Give it at least one word, or remove its annotations.",
            )
        check_size(passage.words, location)
        return passage

    def _path(self, docid: str) -> Path | None:
        """The document's file, or None where there is none; a docid cannot point outside the folder."""
        if self._texts is not None or "\0" in docid or ".." in Path(docid).parts or Path(docid).is_absolute():
            return None
        path = self._folder / docid
        try:
            return path if path.is_file() else None
        except OSError:  # the docid is longer than a file name can be
            return None

    def _read_file(self) -> dict[str, str]:
        texts: dict[str, str] = {}
        for where, row in json_lines(self._file):
            docid = identifier(need(row, "docid", where), "docid", where)
            text = need(row, "document", where)
            if not isinstance(text, str):
                raise DataError(f"'document' must be text, got {type(text).__name__}", where=where)
            if docid in texts:
                raise DataError(
                    f"document {short(docid)} occurs twice", where=where, remedy="Remove one of them."
                )
            texts[docid] = text
        return texts
