"""Shows one text and its scores in a notebook: the words coloured by score, one paragraph per method."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from rationale.corpus.document import Document, Documents
from rationale.loading.classifier import Classifier
from rationale.report.annotators import ANNOTATORS_CSS, Annotators
from rationale.report.palette import INK, PAPER, SANS
from rationale.report.words import WORDS_CSS, legend_html, visible, words_html
from rationale.scores import METHODS, MemoryScores, ScoreOptions, Scores, score_text
from rationale.scores.families import meant_layer

_FRAME = f"background:{PAPER};color:{INK};font-family:{SANS};padding:.6em .8em;border-radius:4px"


class Explanation(MemoryScores):
    """The scores of one text, and the text: notebooks show its words coloured by score.

    Args:
        scores: Scores of one document.
        document: That document.
    """

    def __init__(self, scores: Scores, document: Document) -> None:
        super().__init__(scores.recipe, tuple(scores))
        self.document = document
        self.annotators = Annotators.of(document)

    def __repr__(self) -> str:
        (scored,) = self.documents
        words = len(self.document.words)
        return f"Explanation({words} words, predicted={scored.predicted!r}, methods={self.methods})"

    def _repr_html_(self) -> str:
        """Shows the prediction and the words by the first method; the other methods are folded. No script."""
        first, *others = self.methods
        parts = [f"<style>{WORDS_CSS}{ANNOTATORS_CSS}</style>", self._prediction(), self._words(first)]
        if others:
            more = "".join(map(self._words, others))
            parts.append(f"<details><summary>{len(others)} more methods</summary>{more}</details>")
        signed = any(self.recipe.methods[name].signed for name in self.methods)
        if self.annotators is not None:
            parts.append(self.annotators.legend_html(rationale=False))
        parts.append(legend_html(rationale=False, selected=False, signed=signed))
        return f'<div style="{escape(_FRAME)}">{"".join(parts)}</div>'

    def _prediction(self) -> str:
        (scored,) = self.documents
        probabilities = ", ".join(
            f"{name} {p:.3f}" for name, p in zip(self.labels, scored.probabilities, strict=True)
        )
        predicted = escape(visible(scored.predicted or "no label"))
        text = f"<strong>{predicted}</strong> ({escape(visible(probabilities))})"
        query = f"<br>query: {escape(visible(' '.join(self.document.query)))}" if self.document.query else ""
        return f"<p>{text}{query}</p>"

    def _words(self, method: str) -> str:
        """Shows the words by one method, in its default layer."""
        (scored,) = self.documents
        row = scored.row(method, meant_layer(method, scored.layers[method]))
        title = METHODS.get(method).title if method in METHODS else method
        caption = f"{title} ({method}), layer {scored.layers[method][row]}"
        words = words_html(
            self.document.words,
            scored.words[method][row],
            covered=scored.covered,
            annotators=self.annotators,
        )
        return f'<p style="margin:.6em 0 0">{escape(visible(caption))}</p>{words}'


def explain(
    model: str | Path | Classifier,
    text: str,
    *,
    query: str = "",
    options: ScoreOptions | None = None,
    device: str = "auto",
    dtype: str = "float32",
    labels: Sequence[str] | None = None,
) -> Explanation:
    """Scores one text; a notebook shows its words coloured by score.

    Args:
        model: A hub id, a local folder, or a loaded classifier.
        text: The text; it is split into words at white space.
        query: The other segment of a sentence pair.
        options: Methods and settings; None takes the defaults.
        device: Device, for a model given by name.
        dtype: Arithmetic, for a model given by name.
        labels: Names of the outputs in their order, instead of the config's.

    Returns:
        The scores with their document.

    Raises:
        DataError: If the text has no word.
        ModelError: If the model cannot be used or yields NaN.
    """
    scores = score_text(model, text, query=query, options=options, device=device, dtype=dtype, labels=labels)
    (document,) = Documents.of_text(text, query)
    return Explanation(scores, document)
