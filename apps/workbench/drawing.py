"""Makes the data of the words component: one document, one or two methods, and the user's position."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from rationale.corpus.document import Document
from rationale.scores.scored import ScoredDocument
from workbench.drawn import Content, Labels, PredictionData, UnitData, WordsData
from workbench.panels import Layered, Page, input_level
from workbench.units import Shown, Units, safe

PART = 4000
"""Units shown at once: more would make the page heavy, so longer documents are shown in parts."""


@dataclass(frozen=True)
class ViewState:
    """The user's position, for a component that starts anew.

    Attributes:
        layer: The layer, or None for the last one.
        pins: Pinned words.
        part: Which part of a very long document is shown.
    """

    layer: int | None = None
    pins: tuple[int, ...] = ()
    part: int = 0


def words_data(
    document: Document,
    scored: ScoredDocument,
    methods: Sequence[Layered],
    labels: Sequence[str],
    *,
    units: Units = "words",
    reader: ViewState | None = None,
    share: float | None = None,
) -> WordsData:
    """Makes the component's data for a document with one method, or two side by side.

    Args:
        document: The document, words and human rationale.
        scored: Its scores.
        methods: One or two methods.
        labels: Class names, in the order of ``scored.probabilities``.
        units: Whether words or the model's tokens are shown.
        reader: The user's position.
        share: The share of words whose removal was measured; None if it was not.
    """
    reader = reader or ViewState()
    text, layers = Shown.of(document, scored, units), _layers(methods, scored)
    part = slice(reader.part * PART, (reader.part + 1) * PART)
    human = text.human if document.annotated else None
    page = Page(scored, text, layers or [0], human, part, labels, len(methods) > 1, share)
    content: Content = {
        **_units(text, scored, part),
        "human": None if human is None else human[part].astype(int).tolist(),
        "layers": list(page.layers),
        "names": [f"Layer {layer}" for layer in layers] or ["Whole model"],
        "labels": _labels(units, next((m for m in methods if m.drops), None)),
        "prediction": _prediction(scored, labels),
        "panels": [page.panel(method) for method in methods],
    }
    key = _digest([*scored.key, scored.digest])
    shown = _digest([key, units, part.start, len(methods), human is None])
    return {
        **content,
        "document": key,
        "text": shown,
        "version": _digest({**content, "document": key, "text": shown}),
        "layer": page.layers[-1] if reader.layer is None else reader.layer,
        "pins": list(reader.pins),
    }


def parts(document: Document, scored: ScoredDocument, units: Units) -> int:
    """Returns the number of parts of a document; 1 unless it is very long."""
    count = len(document.words) if units == "words" else len(scored.tokens)
    return max(1, -(-count // PART))


def _layers(methods: Sequence[Layered], scored: ScoredDocument) -> list[int]:
    """Lists all layers that some method was scored at; none if no method has layers."""
    layered = [m.method for m in methods if not input_level(m.method, scored)]
    return sorted({layer for method in layered for layer in scored.layers[method]})


def _units(text: Shown, scored: ScoredDocument, part: slice) -> UnitData:
    tokens = text.tokens
    return {
        "units": text.texts[part],
        "kinds": text.kinds[part].tolist() if text.kinds.any() else None,
        "joins": text.joins[part].tolist() if tokens else None,
        "words": text.words[part].tolist() if tokens else None,
        "windows": scored.token_window[part].tolist() if tokens else None,
        "notes": text.notes[part],
        "offset": part.start,
    }


def _labels(units: Units, dropping: Layered | None) -> Labels:
    labels: Labels = {
        "layers": "Layers",
        "strip": "Every word in every layer",
        "kinds": ["", "special token", "query", "not read by the model"],
        "marks": ["not selected", "selected", "dropped here", "dropped before"],
        "verdicts": ["", "false alarm", "human rationale, a miss", "human rationale, a hit"],
        "units": units,
        "text": f"The document, {units[:-1]} by {units[:-1]}",
    }
    if dropping is not None:
        labels["strip"] = "The layer at which every word is dropped"
        labels["marks"] = ["no trace", "kept", dropping.dropped_here, "dropped before"]
        labels["verdicts"] = ["", "", "human rationale, lost", "human rationale"]
    return labels


def _prediction(scored: ScoredDocument, labels: Sequence[str]) -> PredictionData:
    ranked = sorted(zip(labels, scored.probabilities, strict=True), key=lambda pair: -pair[1])[:6]
    if scored.label is None:
        note = "no gold label"
    else:
        right = "right" if scored.label == scored.predicted else "wrong"
        note = f"gold label: {safe(scored.label)}; the prediction is {right}"
    return {"bars": [[safe(name), p] for name, p in ranked], "note": note}


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
