"""Windows: the inputs a model of limited length reads of a document, by one of three protocols."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from rationale.arrays import Bool, Int32
from rationale.corpus.document import Document
from rationale.errors import DataError, RationaleError
from rationale.tokens.alignment import Alignment, align
from rationale.tokens.template import Template, read_template

Protocol = Literal["document", "truncate", "windows"]
WordSpan = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """One model input; n tokens, special tokens and query included.

    Attributes:
        ids: int32 (n,), token ids.
        types: int32 (n,), token type ids.
        word: int32 (n,), the document's word of each token; -1 for special tokens and the query.
        weight: The window's share of the document's covered words.
    """

    ids: Int32
    types: Int32
    word: Int32
    weight: float

    @property
    def positions(self) -> Int32:
        """int32 (n,), 0 … n - 1: a window has all its tokens."""
        return np.arange(self.ids.size, dtype=np.int32)


@dataclass(frozen=True)
class Windows:
    """All windows of one document; weights sum to 1.

    Attributes:
        windows: The windows, at least one.
        covered: bool (W,), the words in at least one window; the others are not evaluated.
    """

    windows: tuple[Window, ...]
    covered: Bool


class Windower:
    """Cuts documents into model inputs.

    Args:
        tokenizer: A fast tokenizer.
        max_length: The longest input, special tokens included.
        protocol: ``document``: consecutive windows cover every word. ``truncate``: the first window only.
            ``windows``: no window cuts a rationale span, and windows without a rationale word are left out
            (an oracle: it reads the gold spans; for comparison with published code only).
        overlap: The approximate number of tokens that consecutive windows share, in protocol ``document``; a
            word in two windows counts in both.

    Raises:
        ModelError: For a tokenizer without a fast version.
        RationaleError: For another protocol.
    """

    def __init__(
        self, tokenizer: Any, max_length: int, protocol: Protocol = "document", *, overlap: int = 0
    ) -> None:
        if protocol not in get_args(Protocol):
            raise RationaleError(
                f"no protocol is called {protocol!r}", remedy=f"Known: {', '.join(get_args(Protocol))}."
            )
        self.tokenizer, self.max_length, self.protocol = tokenizer, max_length, protocol
        self.overlap = overlap
        self.template: Template = read_template(tokenizer)

    def __call__(self, document: Document) -> Windows:
        """The windows of ``document``.

        Raises:
            DataError: Where the query leaves no room for words, or protocol ``windows`` meets a document
                without annotation.
        """
        text = align(self.tokenizer, document.words)
        query = align(self.tokenizer, document.query).ids if document.query else None
        cuts = list(self._cuts(document, text, self._room(document, query)))
        covered = np.zeros(text.words, dtype=np.bool_)
        for cut in cuts:
            covered[_words_of(text, cut)] = True
        if not cuts:  # protocol `windows` without any rationale: predict from the first window, cover no word
            cuts = [next(_consecutive(text, self._room(document, query)))]
        shares = [_share(text, cut) for cut in cuts]
        total = sum(shares) or 1.0
        if not sum(shares):
            shares = [1.0 / len(cuts)] * len(cuts)
        windows = [
            self._window(text, query, cut, share / total, query_first=document.query_first)
            for cut, share in zip(cuts, shares, strict=True)
        ]
        return Windows(tuple(windows), covered)

    def _room(self, document: Document, query: Int32 | None) -> int:
        used = self.template.extra(pair=query is not None) + (0 if query is None else query.size)
        if used >= self.max_length:
            raise DataError(
                f"the query takes {used} of the model's {self.max_length} tokens and leaves no room",
                where=f"annotation {document.id!r}, document {document.docid!r}",
                remedy="Queries are never cut: shorten it, or use a model that reads longer inputs.",
            )
        return self.max_length - used

    def _cuts(self, document: Document, text: Alignment, room: int) -> Iterator[WordSpan]:
        if self.protocol == "truncate":
            yield next(_consecutive(text, room))
        elif self.protocol == "document":
            yield from _consecutive(text, room, overlap=self.overlap)
        else:
            if not document.annotated:
                raise DataError(
                    "protocol 'windows' needs a human rationale, and this document has no annotation",
                    where=f"annotation {document.id!r}",
                    remedy="Use --protocol document.",
                )
            yield from _rationale_windows(text, room, document)

    def _window(
        self, text: Alignment, query: Int32 | None, cut: WordSpan, weight: float, *, query_first: bool
    ) -> Window:
        segment = text.ids[cut[0] : cut[1]]
        order = [segment] if query is None else [query, segment] if query_first else [segment, query]
        ids, types, segments_at = self.template.build(*order)
        word = np.full(ids.size, -1, dtype=np.int32)
        word[segments_at[1 if query is not None and query_first else 0]] = text.word[cut[0] : cut[1]]
        return Window(ids, types, word, weight)


def _consecutive(
    text: Alignment, room: int, spans: Bool | None = None, overlap: int = 0
) -> Iterator[WordSpan]:
    """Yields token ranges that cover the text, cut between words where the next word fits in one window.

    Args:
        text: The aligned text.
        room: The number of tokens in one window.
        spans: bool (W,): True where a cut before the word would split a rationale span.
        overlap: The approximate number of tokens that a window shares with the one before.
    """
    start = 0
    while True:
        end = min(start + room, len(text))
        if end < len(text):
            word = int(text.word[end])
            if spans is not None:
                while word > 0 and spans[word] and text.first_token[word] > start:
                    word -= 1
                if text.first_token[word] <= start:
                    word = int(text.word[end])
            if text.first_token[word] > start:
                end = int(text.first_token[word])
        yield start, end
        if end >= len(text):
            return
        overlap_start = int(text.first_token[int(text.word[max(end - overlap, 0)])]) if overlap else end
        start = overlap_start if overlap_start > start else end


def _rationale_windows(text: Alignment, room: int, document: Document) -> Iterator[WordSpan]:
    inside_span = np.zeros(text.words, dtype=np.bool_)
    for span in document.spans:
        inside_span[span.start + 1 : span.end] = True
    for cut in _consecutive(text, room, inside_span):
        if document.rationale[_words_of(text, cut)].any():
            yield cut


def _words_of(text: Alignment, cut: WordSpan) -> slice:
    """The words of a token range; words without tokens go with the last token before them."""
    if not len(text):
        return slice(0, text.words)
    first = 0 if cut[0] == 0 else int(text.word[cut[0]])
    last = int(text.word[cut[1] - 1]) + 1
    while last < text.words and text.first_token[last + 1] == cut[1]:
        last += 1
    return slice(first, last)


def _share(text: Alignment, cut: WordSpan) -> float:
    """The number of words in a token range; a word cut in two counts by the share of its tokens."""
    words = _words_of(text, cut)
    count = float(words.stop - words.start)
    for word in {int(text.word[token]) for token in (cut[0], cut[1] - 1)} if len(text) else ():
        tokens = text.tokens_of(word)
        tokens_inside = min(cut[1], tokens.stop) - max(cut[0], tokens.start)
        count -= 1.0 - tokens_inside / len(tokens)
    return count
