"""Formats one method on one document for the words component: one row per layer, rounded and with names.

The library computes scores, selections and metrics; nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from rationale.arrays import Bool, Float32, Floats, Int8, Int32
from rationale.scores.methods import METHODS, LayeredMethod
from rationale.scores.scored import ScoredDocument
from workbench.drawn import Facts, Level, Named, Panel
from workbench.units import UNREAD, Shown, safe

Numbers = Mapping[str, float | None]

REST, CHOSEN, DROPPED_HERE, DROPPED_BEFORE = range(4)
"""The states of a word at a layer; only models that drop tokens have the last two."""

BETWEEN = "feed-forward"
"""The decision point of a policy that decides between a layer's attention and its feed-forward."""

_RANKING = (("ap", "average precision"), ("roc_auc", "ROC-AUC"))
_WORDS = (
    ("precision", "precision"),
    ("recall", "recall"),
    ("fpr", "false positive rate"),
    ("selected_share", "share of all words"),
)
_SHORT = (("P", "precision"), ("R", "recall"), ("FPR", "fpr"))


@dataclass(frozen=True)
class Layered:
    """One method on one document, one row per layer; R rows, W words, T tokens.

    Attributes:
        method: The method's name.
        title: Its title on the page.
        marks: int (R, W), the state of each word: rest, chosen, dropped here, dropped before.
        tokens: bool (R, T), the tokens that were selected, or kept; None if words are ranked instead.
        compared: float32 (R, T), the tokens' scores as they were compared; NaN for tokens without a decision.
        thresholds: float32 (R, T), what a token's score has to reach; None if words are ranked instead.
        numbers: One mapping of metric to value per row; empty if the document has no annotation.
        token_precision: For each row, the share of the selected tokens that belong to a rationale word.
        signed: Whether scores may be evidence against the target.
        kept: The method whose selection is what a dropping model keeps; None if nothing is dropped.
        parts: bool (R, W), the words of which only some tokens are kept; None if nothing is dropped.
        rule: How the words were selected.
        decision_point: Where a dropping model's policy decides; None if nothing is dropped, or unknown.
    """

    method: str
    title: str
    marks: Int8
    tokens: Bool | None = None
    compared: Float32 | None = None
    thresholds: Float32 | None = None
    numbers: Sequence[Numbers] = field(default_factory=tuple)
    token_precision: Sequence[float | None] = field(default_factory=tuple)
    signed: bool = False
    kept: str | None = None
    parts: Bool | None = None
    rule: str = ""
    decision_point: str | None = None

    @property
    def drops(self) -> bool:
        """Whether the model dropped words that are not selected."""
        return self.kept is not None

    @property
    def dropped_here(self) -> str:
        """Describes what a layer did to a word that it dropped."""
        if self.decision_point == BETWEEN:
            return "read by this layer's attention, dropped before its feed-forward"
        return "dropped here"


@dataclass(frozen=True)
class Page:
    """The common content of the panels on one page.

    Attributes:
        scored: The document's scores.
        text: Its words or tokens.
        layers: The layers of the slider.
        human: bool (U,), the human rationale; None if the document has no annotation.
        part: The units on show.
        labels: Class names, in the order of the probabilities.
        beside: Whether two panels are shown side by side.
        share: The share of words whose removal was measured; None if it was not.
    """

    scored: ScoredDocument
    text: Shown
    layers: Sequence[int]
    human: Bool | None
    part: slice
    labels: Sequence[str]
    beside: bool
    share: float | None

    def panel(self, layered: Layered) -> Panel:
        """Makes the data of one panel."""
        method, part = layered.method, self.part
        method_layers = self.scored.layers[method]
        scores = self.scored.token_scores[method] if self.text.tokens else self.scored.words[method]
        marks = self._token_marks(layered) if self.text.tokens else layered.marks
        whole = input_level(method, self.scored)
        parts = None if self.text.tokens else layered.parts
        legend = self._legend(layered)
        thresholds, best = self._thresholds(layered)
        return {
            "title": safe(layered.title),
            "headings": [self._heading(layered, layer) for layer in self.layers],
            "rows": [0 if whole else _index(method_layers, layer) for layer in self.layers],
            "scores": [_rounded(row[part]) for row in scores],
            "marks": [row[part].tolist() for row in marks],
            "parts": None if parts is None else [row[part].astype(int).tolist() for row in parts],
            "levels": [self._level(row, n) for row, n in _pairs(layered)],
            "facts": [self._facts(layered, row) for row in range(len(layered.marks))],
            "rule": layered.rule,
            "alarms": not layered.drops,
            "legend": legend,
            "tallies": [self._tallies(layered, row, marks[row], legend) for row in range(len(marks))],
            "perturbed": [self._perturbed(layered, layer) for layer in method_layers],
            "thresholds": None if thresholds is None else [_rounded(row[part]) for row in thresholds],
            "best": None if best is None else [_rounded(row[part]) for row in best],
        }

    def _heading(self, layered: Layered, layer: int) -> str:
        title = safe(layered.title)
        if input_level(layered.method, self.scored):
            return title if self.beside else "Score of the whole model"
        if layer not in self.scored.layers[layered.method]:
            return f"{title}: not scored at layer {layer}"
        verb = "weighs"
        if layered.drops:
            verb = "passes to its feed-forward" if layered.decision_point == BETWEEN else "still reads"
        return f"{title}, layer {layer}" if self.beside else f"What layer {layer} {verb}"

    def _token_marks(self, layered: Layered) -> Int8:
        """Marks each token like its word, or by its own state if tokens were selected or dropped."""
        inside = self.text.words >= 0
        marks = np.full((len(layered.marks), len(inside)), REST, dtype=np.int8)
        marks[:, inside] = layered.marks[:, self.text.words[inside]]
        if layered.tokens is not None and layered.drops:
            marks[:, inside] = _dropping_marks(layered.tokens)[:, inside]
        elif layered.tokens is not None:
            marks[(marks == CHOSEN) & ~layered.tokens] = REST
        return marks

    def _thresholds(self, layered: Layered) -> tuple[list[Float32] | None, list[Float32] | None]:
        """Returns each unit's threshold and the score compared with it; a word has its best token's."""
        if layered.thresholds is None:
            return None, None
        if self.text.tokens:
            compared = list(layered.compared) if layered.drops and layered.compared is not None else None
            return list(layered.thresholds), compared
        scores = self.scored.token_scores[layered.method] if layered.compared is None else layered.compared
        word, count = self.scored.token_word, len(self.text.texts)
        pairs = [
            best_tokens(row, threshold, word, count)
            for row, threshold in zip(scores, layered.thresholds, strict=True)
        ]
        return [threshold for _, threshold in pairs], [best for best, _ in pairs]

    def _level(self, marks: Int8, numbers: Numbers) -> Level:
        """Makes the entry of one layer in the list of layers."""
        chosen, total = self._counts(marks)
        captions = [f"{short} {_number_text(numbers[name])}" for short, name in _SHORT if name in numbers]
        return {
            "share": chosen / max(1, total),
            "count": f"{chosen} of {total}",
            "caption": " · ".join(captions),
        }

    def _facts(self, layered: Layered, row: int) -> list[Facts]:
        """Makes two groups of numbers: metrics of the ranking, and metrics of the selected words."""
        numbers = _pairs(layered)[row][1]
        chosen, total = self._counts(layered.marks[row])
        counted = [["words kept" if layered.drops else "words selected", f"{chosen} of {total}"]]
        if layered.drops and layered.parts is not None:
            counted.append(["of them only in part", str(int(layered.parts[row].sum()))])
        metrics = [[title, _number_text(numbers[name])] for name, title in _WORDS if name in numbers]
        if numbers and layered.token_precision:
            metrics.insert(1, ["precision over tokens", _number_text(layered.token_precision[row])])
        ranking = [[title, _number_text(numbers[name])] for name, title in _RANKING if name in numbers]
        heading = "kept words" if layered.drops else "selected words"
        groups: list[Facts] = [
            {"title": "ranking", "rows": ranking},
            {"title": heading, "rows": [*counted, *metrics]},
        ]
        return [group for group in groups if group["rows"]]

    def _counts(self, marks: Int8) -> tuple[int, int]:
        return int((marks == CHOSEN).sum()), int(self.scored.covered.sum())

    def _legend(self, layered: Layered) -> list[list[str]]:
        """Lists sign and meaning of each state that occurs."""
        entries = [["scale", "darker: higher score"]]
        if layered.signed:
            entries.append(["against", "hatched: against the target"])
        if layered.drops:
            entries += [["chosen", "kept"]]
            entries += [["chosen partly", "kept in part"]] * (not self.text.tokens)
            entries += [["dropped", layered.dropped_here], ["gone", "dropped before"]]
            if self.human is not None:
                entries += [["found", "human rationale"], ["lost", "human rationale, lost"]]
        elif self.human is not None:
            entries += [["chosen found", "hit"], ["lost", "miss"], ["chosen alarm", "false alarm"]]
        else:
            entries.append(["chosen", "selected"])
        if (self.text.kinds == UNREAD).any():
            entries.append(["unread", "not read by the model"])
        return entries

    def _tallies(self, layered: Layered, row: int, marks: Int8, legend: Sequence[Sequence[str]]) -> list[str]:
        """Counts the units of the whole document with each sign of the legend."""
        partly = int(layered.parts[row].sum()) if layered.parts is not None else 0
        chosen = marks == CHOSEN
        human = np.zeros(len(marks), dtype=np.bool_) if self.human is None else self.human
        masks = {
            "chosen": chosen, "chosen found": chosen & human, "chosen alarm": chosen & ~human,
            "found": chosen & human, "lost": ~chosen & human, "dropped": marks == DROPPED_HERE,
            "gone": marks == DROPPED_BEFORE, "unread": self.text.kinds == UNREAD,
        }  # fmt: skip
        counts = {look: int(mask.sum()) for look, mask in masks.items()} | {"chosen partly": partly}
        return [str(counts[look]) if look in counts else "" for look, _ in legend]

    def _perturbed(self, layered: Layered, layer: int) -> list[Named]:
        """Returns the predicted class' probability with only the selected words, and without them."""
        name, share, method = safe(self.scored.predicted or ""), self.share, layered.kept or layered.method
        for p in self.scored.perturbed:
            predicted = self.labels.index(str(self.scored.predicted))
            if (p.method, p.layer, p.share) == (method, layer, share):
                what = "kept words" if layered.kept else f"best {100 * p.share:.0f} %"
                return [
                    [f"{name}, {what} only", p.only[predicted]],
                    [f"{name}, without them", p.without[predicted]],
                ]
        return []


def _dropping_marks(kept: Bool) -> Int8:
    """Marks each token as kept, dropped here or dropped before, int8 (R, T)."""
    before = np.concatenate([np.ones_like(kept[:1]), kept[:-1]])
    return np.where(kept, CHOSEN, np.where(before, DROPPED_HERE, DROPPED_BEFORE)).astype(np.int8)


def best_tokens(
    scores: Float32, thresholds: Float32, token_word: Int32, words: int
) -> tuple[Float32, Float32]:
    """Finds each word's best token: the one whose score is highest relative to its threshold.

    Args:
        scores: float32 (T,).
        thresholds: float32 (T,).
        token_word: int32 (T,), -1 for a token that belongs to no word.
        words: W.

    Returns:
        Its score and its threshold, float32 (W,) each; 0 and NaN for words without a token with a threshold.
    """
    best, met = np.zeros(words, np.float32), np.full(words, np.nan, np.float32)
    above = np.divide(scores, thresholds, out=scores.astype(np.float32), where=thresholds > 0)
    order = np.argsort(np.where(np.isnan(thresholds), -np.inf, above), kind="stable")
    order = order[token_word[order] >= 0]
    best[token_word[order]], met[token_word[order]] = scores[order], thresholds[order]
    return best, met


def input_level(method: str, scored: ScoredDocument) -> bool:
    """Whether a method has one row for the whole model, the same at every layer."""
    layered = method in METHODS and isinstance(METHODS.get(method), LayeredMethod)
    return not layered and scored.layers[method] == (0,)


def _pairs(layered: Layered) -> list[tuple[Int8, Numbers]]:
    numbers: Sequence[Numbers] = layered.numbers or [{}] * len(layered.marks)
    return list(zip(layered.marks, numbers, strict=True))


def _index(layers: Sequence[int], layer: int) -> int:
    return layers.index(layer) if layer in layers else -1


def _number_text(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _rounded(row: Floats) -> list[float | None]:
    """Four significant digits; NaN becomes null."""
    return [None if value != value else float(f"{value:.4g}") for value in row.tolist()]
