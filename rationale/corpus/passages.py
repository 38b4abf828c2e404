"""The documents beside ERASER annotations, read once however many annotations ask for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rationale.corpus.lines import json_lines, need, read_text, split_lines
from rationale.errors import DataError


@dataclass(frozen=True, slots=True)
class Passage:
    """A document's text, shared by every annotation on it: words, and the word range of each sentence."""

    words: tuple[str, ...]
    sentences: tuple[tuple[int, int], ...]

    @classmethod
    def parse(cls, text: str) -> Passage:
        r"""Reads one sentence a line, words separated by spaces, as the benchmark counts them.

        >>> Passage.parse("a fine film .\n\n go  now ").sentences
        ((0, 4), (4, 6))
        """
        words: list[str] = []
        sentences: list[tuple[int, int]] = []
        for line in split_lines(text):
            start = len(words)
            words.extend(word for word in line.strip().split(" ") if word)
            if len(words) > start:
                sentences.append((start, len(words)))
        return cls(tuple(words), tuple(sentences))


class Passages:
    """The documents of an ERASER folder, each read and split once, when it is first asked for.

    Args:
        folder: The folder that holds ``docs/`` or ``docs.jsonl``.

    Raises:
        DataError: Where it holds neither, or both.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._file = folder / "docs", folder / "docs.jsonl"
        self._parsed: dict[str, Passage] = {}
        self._texts: dict[str, str] | None = None
        if self._folder.is_dir() == self._file.is_file():
            found = "both docs/ and docs.jsonl" if self._file.is_file() else "neither docs/ nor docs.jsonl"
            raise DataError(
                f"an ERASER folder holds docs/ or docs.jsonl; this one has {found}",
                where=folder,
                remedy="Unpack the whole archive, or name the folder that holds the documents.",
            )
        if self._file.is_file():
            self._texts = self._read_file()

    def __contains__(self, docid: str) -> bool:
        return docid in self._texts if self._texts is not None else self._path(docid) is not None

    def get(self, docid: str, where: str) -> Passage:
        """The document called ``docid``, asked for by the line ``where``.

        Raises:
            DataError: Where there is none, or it has no words.
        """
        if docid not in self._parsed:
            self._parsed[docid] = self._read(docid, where)
        return self._parsed[docid]

    def _read(self, docid: str, where: str) -> Passage:
        path = self._path(docid)
        if path is not None:
            text, place = read_text(path), str(path)
        elif self._texts is not None and docid in self._texts:
            text, place = self._texts[docid], f"{self._file}, docid {docid!r}"
        else:
            container = self._folder if self._texts is None else self._file
            raise DataError(
                f"document {docid!r} is not in {container}",
                where=where,
                remedy="Add the document, or remove the annotation.",
            )
        passage = Passage.parse(text)
        if not passage.words:
            raise DataError(
                f"the document is empty (asked for by {where})",
                where=place,
                remedy="Give it at least one word, or remove its annotations.",
            )
        return passage

    def _path(self, docid: str) -> Path | None:
        """The document's file, or None where there is none; a docid cannot lead out of the folder."""
        if self._texts is not None or "\0" in docid or ".." in Path(docid).parts or Path(docid).is_absolute():
            return None
        path = self._folder / docid
        return path if path.is_file() else None

    def _read_file(self) -> dict[str, str]:
        texts: dict[str, str] = {}
        for where, row in json_lines(self._file):
            docid, text = str(need(row, "docid", where)), need(row, "document", where)
            if not isinstance(text, str):
                raise DataError(f"'document' must be text, got {type(text).__name__}", where=where)
            if docid in texts:
                raise DataError(f"document {docid!r} occurs twice", where=where, remedy="Remove one of them.")
            texts[docid] = text
        return texts
