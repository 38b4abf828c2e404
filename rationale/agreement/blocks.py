"""Pairs scored documents with their human rationales, many at a time in flat arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rationale.agreement.spans import Spans, spans_of
from rationale.arrays import Bool, Float32, Float64, Int32, Int64
from rationale.artifacts.provenance import Provenance
from rationale.corpus.annotators import soft_rationale
from rationale.corpus.document import Document, Documents
from rationale.errors import ScoresError
from rationale.metrics.ragged import offsets_of
from rationale.scores.scored import SCORE_AGAIN, drops_tokens

if TYPE_CHECKING:
    from rationale.scores.scored import ScoredDocument, Scores

WORDS = 1 << 17  # words held at a time


@dataclass(frozen=True)
class Block:
    """D documents with N covered words in all; words that no window covers are left out.

    Attributes:
        scored: The scored documents.
        documents: The documents themselves.
        recipe: The provenance of the scores.
    """

    scored: tuple[ScoredDocument, ...]
    documents: tuple[Document, ...]
    recipe: Provenance

    def against(self, documents: Documents) -> Block:
        """The same scores beside the same documents with other human rationales."""
        return replace(self, documents=tuple(documents.get(own.key) or own for own in self.documents))

    def rows(self, method: str, layers: Sequence[int]) -> list[int]:
        """Returns the row of each layer in a method's arrays.

        Raises:
            ScoresError: If the method has no such layer.
        """
        known = self.scored[0].layers[method]
        missing = next((layer for layer in layers if layer not in known), None)
        if missing is not None:
            raise ScoresError(
                f"method {method!r} has no layer {missing}", remedy=f"Layers: {', '.join(map(str, known))}."
            )
        return [known.index(layer) for layer in layers]

    def signed(self, method: str) -> bool:
        """Whether the method's scores may speak against the target."""
        return self.recipe.methods[method].signed

    @cached_property
    def offsets(self) -> Int64:
        """Where each document's covered words start, int64 (D + 1,)."""
        return offsets_of([s.covered.sum() for s in self.scored])

    @cached_property
    def truth(self) -> Bool:
        """The rationale words, bool (N,)."""
        return np.concatenate([d.rationale[s.covered] for s, d in self._pairs])

    @cached_property
    def breaks(self) -> Bool:
        """Words before which a document starts or uncovered words were left out, bool (N,)."""
        gaps = [np.diff(np.flatnonzero(s.covered), prepend=-2) > 1 for s in self.scored]
        return np.concatenate(gaps)

    @cached_property
    def spans(self) -> Spans:
        """The human spans, counted in covered words and cut where words were left out."""
        cuts = np.flatnonzero(self.breaks)
        rows: list[tuple[int, int, int]] = []
        for number, (scored, document) in enumerate(self._pairs):
            position = self.offsets[number] + offsets_of(scored.covered)
            for span in document.spans:
                start, end = position[span.start], position[span.end]
                inside = cuts[np.searchsorted(cuts, start, "right") : np.searchsorted(cuts, end, "left")]
                rows += [(a, b, number) for a, b in pairwise([start, *inside, end])]
        start, end, owner = np.array(rows, dtype=np.int64).reshape(-1, 3).T
        return spans_of(start, end, owner, len(self.scored))

    @cached_property
    def annotated(self) -> Bool:
        """Documents a human annotated, bool (D,)."""
        return np.array([d.annotated for d in self.documents], dtype=np.bool_)

    @cached_property
    def token_word(self) -> Int64:
        """The word of each token, int64 (T,); -1 for special tokens, the query and uncovered words."""
        token_words = []
        for number, scored in enumerate(self.scored):
            position = self.offsets[number] + np.cumsum(scored.covered) - 1
            position = np.append(np.where(scored.covered, position, -1), -1)
            token_words.append(position[scored.token_word])
        return np.concatenate(token_words)

    @cached_property
    def token_window(self) -> Int32:
        """Tokens of the window each token stands in, int32 (T,)."""
        return np.concatenate([s.window_tokens[s.token_window] for s in self.scored])

    def entering(self, layers: Sequence[int]) -> npt.NDArray[np.number]:
        """How many tokens of each token's window enter each layer: (L, T), or (T,) if nothing is dropped.

        Raises:
            ScoresError: If the model drops tokens and the scores do not say which.
        """
        if not drops_tokens(self.recipe):
            return self.token_window
        unknown = next((s for s in self.scored if s.kept is None), None)
        if unknown is not None:
            raise ScoresError(
                "the scored model drops tokens, and it is not known how many enter each layer",
                where=document_label(unknown),
                remedy=SCORE_AGAIN,
            )
        return np.concatenate([s.entering(layers) for s in self.scored], axis=1)

    def kept(self, layers: Sequence[int]) -> Bool:
        """Which tokens pass each layer of a dropping model, bool (L, T).

        Raises:
            ScoresError: If the scores do not say which tokens were kept.
        """
        return np.concatenate([s.known_kept[list(layers)] for s in self.scored], axis=1)

    def given(self, method: str) -> Bool:
        """The words that an imported method selects, bool (1, N)."""
        return np.concatenate([s.given[method][s.covered] for s in self.scored])[None]

    def unmatched(self, method: str) -> Int64:
        """The quoted words of an imported method that are nowhere in the document, int64 (D,)."""
        return np.array([s.unmatched.get(method, 0) for s in self.scored], dtype=np.int64)

    @cached_property
    def soft_truth(self) -> Float64:
        """The share of annotators who marked each word, float64 (N,); NaN where nobody is named."""
        return np.concatenate([soft_rationale(d)[s.covered] for s, d in self._pairs])

    def words(self, method: str) -> Float32:
        """Word scores of a method, float32 (L, N).

        Raises:
            ScoresError: If a score is not a finite number; the message names document and method.
        """
        values = [s.words[method] if s.covered.all() else s.words[method][:, s.covered] for s in self.scored]
        return self._joined(values, method)

    def tokens(self, method: str) -> Float32:
        """Token scores of a method, float32 (L, T).

        Raises:
            ScoresError: If a score is not a finite number; the message names document and method.
        """
        return self._joined([s.token_scores[method] for s in self.scored], method)

    def _joined(self, values: list[Float32], method: str) -> Float32:
        joined_values = np.concatenate(values, axis=1)
        if not np.isfinite(joined_values).all():
            wrong = next(number for number, v in enumerate(values) if not np.isfinite(v).all())
            raise ScoresError(
                f"method {method!r} gave a score that is not a finite number",
                where=document_label(self.documents[wrong]),
                remedy="Score this split again; if it stays, the model yields NaN for this document.",
            )
        return joined_values

    @cached_property
    def predicted(self) -> Int64:
        """The predicted class of each document, int64 (D,); -1 where a prediction names none."""
        number = {label: index for index, label in enumerate(self.recipe.labels)}
        return np.array([number[s.predicted] if s.predicted else -1 for s in self.scored], dtype=np.int64)

    @cached_property
    def confidence(self) -> Float64:
        """The predicted class' probability, float64 (D,); NaN where it is unknown."""
        pairs = zip(self.scored, self.predicted, strict=True)
        return np.array([s.probabilities[c] if s.probabilities and c >= 0 else np.nan for s, c in pairs])

    @cached_property
    def perturbed(self) -> dict[str, list[tuple[float, ...]]]:
        """Per method, (document, layer, share, p without, p only) of the predicted class."""
        groups: dict[str, list[tuple[float, ...]]] = {}
        for number, (scored, best) in enumerate(zip(self.scored, self.predicted, strict=True)):
            for p in scored.perturbed:
                row = (number, p.layer, p.share, p.without[best], p.only[best])
                groups.setdefault(p.method, []).append(row)
        return groups

    @property
    def _pairs(self) -> Iterator[tuple[ScoredDocument, Document]]:
        return zip(self.scored, self.documents, strict=True)


def blocks(scores: Scores, documents: Documents, *, words: int = WORDS) -> Iterator[Block]:
    """Streams scored documents, each with its document, in blocks of about ``words`` words.

    Raises:
        ScoresError: At the first document whose text differs from the text that was scored, or whose gold
            label differs if the scores explain the gold label.
    """
    batch: list[tuple[ScoredDocument, Document]] = []
    size = 0
    for scored in scores:
        document = _document_of(scored, documents, scores)
        batch.append((scored, document))
        size += len(document.words)
        if size >= words:
            yield _block(batch, scores.recipe)
            batch, size = [], 0
    if batch:
        yield _block(batch, scores.recipe)


def _block(batch: list[tuple[ScoredDocument, Document]], recipe: Provenance) -> Block:
    return Block(tuple(s for s, _ in batch), tuple(d for _, d in batch), recipe)


def _document_of(scored: ScoredDocument, documents: Documents, scores: Scores) -> Document:
    """Returns the document that was scored, after checking its text and the label that is explained."""
    document = documents.get(scored.key)
    if document is None or document.digest != scored.digest or len(document.words) != len(scored.covered):
        raise ScoresError(
            "the scores were computed from another text",
            where=f"{document_label(scored)} of {documents.source}",
            remedy="Give the data the scores were computed from, or score this data again.",
        )
    if scores.recipe.target == "gold" and document.label != scored.label:
        raise ScoresError(
            f"the scores explain the gold label {scored.label!r}, which is now {document.label!r}",
            where=f"{document_label(scored)} of {documents.source}",
            remedy="Give the data the scores were computed from, or score this data again.",
        )
    if scored.predicted is not None and scored.predicted not in scores.labels:
        raise ScoresError(
            f"the predicted label {scored.predicted!r} is none of {list(scores.labels)}",
            where=document_label(scored),
            remedy="The scores are damaged: score this data again.",
        )
    return document


def check_keys(scores: Scores, documents: Documents) -> int:
    """Checks by their keys that the scores belong to these documents.

    The documents must include every scored one, and the scores must hold as many as their provenance says.
    Other documents were left out by ``--limit``; they are counted.

    Returns:
        Number of documents without scores.

    Raises:
        ScoresError: If they do not belong together; the message names the first document that differs.
    """
    keys = dict.fromkeys(scores.keys)
    data = scores.recipe.data
    scored_data = f"{data.source} (split {data.split})"
    given_data = f"{documents.source} (split {documents.split})"
    if not keys:
        raise ScoresError(f"no document of {scored_data} was scored", remedy="Score at least one document.")
    foreign = next((key for key in keys if documents.get(key) is None), None)
    if foreign is not None:
        raise ScoresError(
            f"the scores hold document {foreign[1]!r} of annotation {foreign[0]!r}, which {given_data} does "
            "not",
            remedy=f"They were computed from {scored_data}: pass that data and split.",
        )
    if len(keys) != data.documents:
        missing = next((d for d in documents if d.key not in keys), documents[0])
        raise ScoresError(
            f"the scores hold {len(keys)} documents and their recipe says {data.documents}; "
            f"{document_label(missing)} of {given_data} has no scores",
            remedy=f"They were computed from {scored_data}: score it again.",
        )
    return len(documents) - len(keys)


def document_label(document: Document | ScoredDocument) -> str:
    """Returns the name of a document in messages."""
    return f"document {document.docid!r} of annotation {document.id!r}"
