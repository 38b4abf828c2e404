"""What a reader of one named corpus is, and the list of those there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rationale.corpus.annotations import with_marks
from rationale.corpus.document import Document, Documents, Mark
from rationale.corpus.fields import check_size
from rationale.corpus.load import choose_split
from rationale.corpus.places import source_errors
from rationale.corpus.readers import Notes
from rationale.errors import DataError
from rationale.registry import Registry


@dataclass(frozen=True, slots=True)
class NamedOptions:
    """What may be asked of a named reader.

    Attributes:
        true_false: Whether each answer of a multiple-choice question becomes a document of its own, labelled
            ``True`` or ``False``.
        notes: Where what is left out or decided is counted.
    """

    true_false: bool = False
    notes: Notes = field(default_factory=Notes)


@dataclass(frozen=True, slots=True)
class NamedReader:
    """Turns the files of one corpus into documents.

    Attributes:
        reads: The files it reads, in one phrase.
        splits: The splits that a file or folder holds.
        read: Reads one of them.
        asks: Whether it knows questions with several answers, for ``true_false``.
    """

    reads: str
    splits: Callable[[Path], list[str]]
    read: Callable[[Path, str, NamedOptions], list[Document]]
    asks: bool = False


NAMED: Registry[NamedReader] = Registry(
    "corpus reader",
    [
        f"rationale.corpus.named.{module}"
        for module in (
            "hatexplain",
            "toxic_spans",
            "cose",
            "evidence_inference",
            "fair_rationales",
            "expmrc",
            "vihos",
        )
    ],
)


@dataclass(frozen=True, slots=True)
class NamedCorpus:
    """One split of a named corpus.

    Attributes:
        documents: Its documents.
        notes: What was left out or decided, counted, one line each.
    """

    documents: Documents
    notes: tuple[str, ...]

    @property
    def counts(self) -> str:
        """Documents, and annotations by state, in one line."""
        states = Counter(mark.state for document in self.documents for mark in document.marks)
        labelled = sum(document.label is not None for document in self.documents)
        return (
            f"{len(self.documents):,} documents ({labelled:,} with a label), {states.total():,} annotations: "
            f"{states['marked']:,} marked, {states['nothing']:,} nothing, {states['not_asked']:,} not_asked"
        )


def read_named(
    name: str, source: str | Path, split: str | None = None, *, true_false: bool = False
) -> NamedCorpus:
    """Reads one split of a corpus whose format has a reader of its own.

    Args:
        name: The reader: one of `NAMED`.
        source: The file, or the folder that the corpus was unpacked to.
        split: The split; may be left out where there is just one.
        true_false: See `NamedOptions`.

    Raises:
        DataError: Where the files are not there or not of the corpus' format; the message names file and
            line.
    """
    reader, options = _asked(name, true_false=true_false), NamedOptions(true_false)
    with source_errors(source):
        chosen = choose_split(named_splits(name, source), split, source)
        documents = Documents(reader.read(Path(source), chosen, options), source=str(source), split=chosen)
    if not documents:
        raise DataError("there are no documents in it", where=f"{source}, split {chosen}")
    return NamedCorpus(documents, tuple(options.notes.lines))


def named_splits(name: str, source: str | Path) -> list[str]:
    """The splits of a corpus that are there.

    Raises:
        DataError: Where there is none.
    """
    reader = NAMED.get(name)
    with source_errors(source):
        if not Path(source).exists():
            raise DataError("there is no such file or folder", where=str(source)[:200])
        found = reader.splits(Path(source))
    if not found:
        raise DataError(
            f"nothing that {name} reads is here", where=source, remedy=f"Expected {reader.reads}."
        )
    return found


def _asked(name: str, *, true_false: bool) -> NamedReader:
    reader = NAMED.get(name)
    if true_false and not reader.asks:
        raise DataError(
            f"{name} holds no questions with several answers",
            remedy=f"Leave --true-false out; it is for {', '.join(n for n, r in NAMED.items() if r.asks)}.",
        )
    return reader


def document_of(
    name: str,
    words: Iterable[str],
    marks: Iterable[Mark],
    where: str,
    *,
    label: str | None = None,
    query: Iterable[str] = (),
) -> Document:
    """A document and its annotators; its rationale is what they marked, see `with_marks`.

    Raises:
        DataError: Where it has no words.
    """
    words = tuple(words)
    check_size(words or ("",), where)
    return with_marks(Document(name, name, words, label=label, query=tuple(query)), marks)
