"""Makes the data of the words component: one document, one or two methods, and the user's position."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from rationale.agreement.gold import InUse
from rationale.corpus.document import Document
from rationale.report.annotators import Annotators
from rationale.scores.scored import ScoredDocument
from workbench.drawn import AnnotatorsData, Content, Labels, Named, PredictionData, UnitData, WordsData
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
    used: InUse | None = None,
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
        used: How the human rationale was made of several annotators'; None finds it in this document.
    """
    reader = reader or ViewState()
    text, layers = Shown.of(document, scored, units), _layers(methods, scored)
    part = slice(reader.part * PART, (reader.part + 1) * PART)
    human = text.human if document.annotated else None
    annotators = Annotators.of(document, *(() if used is None else (used.rule, used.gold)))
    lines = None if annotators is None else _annotators(annotators, text.words[part].tolist())
    page = Page(scored, text, layers or [0], human, part, labels, len(methods) > 1, share)
    content: Content = {
        **_units(text, scored, part),
        "human": None if human is None else human[part].astype(int).tolist(),
        "annotators": lines,
        "layers": list(page.layers),
        "names": [f"Layer {layer}" for layer in layers] or ["Whole model"],
        "labels": _labels(units, next((m for m in methods if m.drops), None)),
        "prediction": _prediction(scored, labels),
        "panels": [page.panel(method) for method in methods],
    }
    key = _digest([*scored.key, scored.digest])
    shown = _digest([key, units, part.start, len(methods), human is None, lines])
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


def _annotators(annotators: Annotators, words: list[int]) -> AnnotatorsData:
    """The lines of U units that belong to these words, -1 for none."""
    before = zip([-1, *words[:-1]], words, strict=True)
    return {
        "kind": annotators.css_class,
        "lines": [annotators.classes(word) if word >= 0 else "" for word in words],
        "spaces": [annotators.classes(*pair) if min(pair) >= 0 else "" for pair in before],
        "notes": [safe(annotators.note(word)) if word >= 0 else "" for word in words],
        "legend": [[classes, safe(text)] for classes, text in (*annotators.legend(), ("", annotators.gold))],
    }


def _prediction(scored: ScoredDocument, labels: Sequence[str]) -> PredictionData:
    known = zip(labels, scored.probabilities, strict=True) if scored.probabilities else ()
    bars: list[Named] = [[safe(name), p] for name, p in sorted(known, key=lambda pair: -pair[1])[:6]]
    if scored.predicted is None:
        return {"bars": bars, "note": "no label predicted", "wrong": ""}
    if scored.label is None:
        return {"bars": bars, "note": "no gold label", "wrong": ""}
    gold = f"gold label: {safe(scored.label)}"
    if len(labels) == 1:  # a number is neither right nor wrong
        return {"bars": bars, "note": gold, "wrong": ""}
    if scored.label == scored.predicted:
        return {"bars": bars, "note": f"{gold}; the prediction is right", "wrong": ""}
    wrong = f"The prediction is wrong: {safe(str(scored.predicted))}, {gold}."
    return {"bars": bars, "note": f"{gold}; the prediction is wrong", "wrong": wrong}


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]
