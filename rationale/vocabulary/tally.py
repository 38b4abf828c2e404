"""Counts every word and phrase of every document once, for one method and layer: a sparse table."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from tqdm import tqdm

from rationale.agreement.blocks import Block, blocks, check_keys
from rationale.agreement.select import Rule, chosen_layers, rule_of, rule_text, select, without_n
from rationale.arrays import Bool, Float64, Int64
from rationale.artifacts.provenance import Provenance
from rationale.corpus.document import Document, Documents, Key
from rationale.errors import ScoresError
from rationale.metrics.ragged import owners, ratio
from rationale.scores.families import meant_layer
from rationale.scores.scored import Scores
from rationale.vocabulary.units import Forms, Units, units_of

LONGEST = 5
"""Words of the longest phrase."""


@dataclass(frozen=True, kw_only=True)
class Counting:
    """What is counted.

    Attributes:
        method: The score method.
        layer: Its layer; None takes the first of a gradient method, the last of another.
        rule: How words are selected; None takes the threshold, as ``agree`` does by default.
        phrases: Words of the longest phrase; 1 counts words only.
        strip: Whether words are case-folded and lose the punctuation at their ends; else they are only
            case-folded.
    """

    method: str
    layer: int | None = None
    rule: Rule | None = None
    phrases: int = 1
    strip: bool = True


@dataclass(frozen=True)
class Tally:
    """Words and phrases of D documents: F forms, E pairs of a document and a form that occurs in it.

    Attributes:
        recipe: The provenance of the scores.
        method: The method.
        layer: Its layer.
        rule: How words were selected, in full.
        strip: Whether punctuation was stripped.
        keys: The documents.
        predicted: The predicted class of each; None where a prediction names none.
        gold: The gold class of each; None where it has none.
        forms: The words and phrases.
        sizes: int64 (F,), words of each.
        document: int64 (E,), falls never.
        form: int64 (E,).
        count: int64 (E,), occurrences of the form in the document.
        sums: float64 (3, E), sum over these occurrences of the values of
            :data:`rationale.vocabulary.units.MEASURES`; NaN where the method gives no scores.
        excess: float64 (3, E), sum over them of value - mean value of the document's units of that size.
        selected: int64 (n, D), selected units of each size and document.
        units: int64 (n, D), units of each size and document.
    """

    recipe: Provenance
    method: str
    layer: int
    rule: str
    strip: bool
    keys: tuple[Key, ...]
    predicted: tuple[str | None, ...]
    gold: tuple[str | None, ...]
    forms: tuple[str, ...]
    sizes: Int64
    document: Int64
    form: Int64
    count: Int64
    sums: Float64
    excess: Float64
    selected: Int64
    units: Int64

    @cached_property
    def _numbers(self) -> dict[str, list[int]]:
        """The forms with each text: a word that holds a blank may read like a phrase."""
        numbers: dict[str, list[int]] = {}
        for number, text in enumerate(self.forms):
            numbers.setdefault(text, []).append(number)
        return numbers

    def holding(self, form: str) -> dict[Key, tuple[int, int]]:
        """The documents that hold a word or phrase: occurrences, and how many of them are selected."""
        rows = np.flatnonzero(np.isin(self.form, self._numbers.get(form, [])))
        return {
            self.keys[self.document[row]]: (int(self.count[row]), round(float(self.sums[0, row])))
            for row in rows
        }

    def places(self, document: Document, form: str) -> tuple[int, ...]:
        """The words of one document that belong to a word or phrase."""
        forms = Forms(strip=self.strip)
        numbers = forms.words(document.words)
        texts = [forms.texts[number] if number >= 0 else "" for number in numbers]
        sizes = {int(self.sizes[number]) for number in self._numbers.get(form, [])}
        found = {
            place
            for n in sizes
            for start in range(len(texts) - n + 1)
            if all(texts[start : start + n]) and " ".join(texts[start : start + n]) == form
            for place in range(start, start + n)
        }
        return tuple(sorted(found))


def tally_words(scores: Scores, documents: Documents, counting: Counting, *, progress: bool = False) -> Tally:
    """Counts the words and phrases of scored documents.

    Args:
        scores: What ``rationale score`` computed, or imported predictions.
        documents: Their documents.
        counting: What is counted.
        progress: Whether a progress bar is shown on a terminal.

    Raises:
        ScoresError: If there is no such method, layer or selection, phrases are longer than
            :data:`LONGEST` words, or the scores belong to other documents.
    """
    counting = _checked(scores, counting)
    check_keys(scores, documents)
    building = _Building(scores.recipe, counting)
    with tqdm(total=len(scores), unit=" documents", disable=None if progress else True, leave=False) as bar:
        for block in blocks(scores, documents):
            building.add(block)
            bar.update(len(block.documents))
    return building.tally()


def _checked(scores: Scores, counting: Counting) -> Counting:
    """Returns what is counted with its defaults filled in."""
    method, recipe = counting.method, scores.recipe
    layers = scores.layers(method)
    layer = meant_layer(method, layers, counting.layer, recipe)
    if layer not in layers:
        raise ScoresError(
            f"method {method!r} has no layer {layer}", remedy=f"Layers: {', '.join(map(str, layers))}."
        )
    if not 1 <= counting.phrases <= LONGEST:
        raise ScoresError(
            f"phrases of {counting.phrases} words", remedy=f"Choose 1 (words only) to {LONGEST} words."
        )
    rule = counting.rule or rule_of(recipe, "threshold")
    if rule.select == "threshold" and recipe.methods[method].gives != "selection":
        _check_threshold(recipe, method, layer, rule)
    return replace(counting, layer=layer, rule=rule)


def _check_threshold(recipe: Provenance, method: str, layer: int, rule: Rule) -> None:
    if reason := without_n(recipe):
        raise ScoresError(reason, remedy="Or select the k best words: top_k_gold.")
    if layer not in chosen_layers(recipe, method, rule, [layer]):
        raise ScoresError(
            f"the model drops nothing before layer {layer}: it has no threshold there",
            remedy="Choose another layer, or select the k best words: top_k_gold.",
        )


@dataclass
class _Building:
    """Collects the table block by block."""

    recipe: Provenance
    counting: Counting
    keys: list[Key] = field(default_factory=list)
    predicted: list[str | None] = field(default_factory=list)
    gold: list[str | None] = field(default_factory=list)
    pairs: list[tuple[Int64, Int64, Int64, Float64, Float64]] = field(default_factory=list)
    counts: list[Int64] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.forms = Forms(strip=self.counting.strip)

    def add(self, block: Block) -> None:
        """Adds the documents of a block."""
        selected, share = _selected(block, self.counting), _shares(block, self.counting)
        covered = [
            word
            for scored, document in zip(block.scored, block.documents, strict=True)
            for word, read in zip(document.words, scored.covered.tolist(), strict=True)
            if read
        ]
        words, owner = self.forms.words(covered), owners(block.offsets)
        documents, counts = len(block.documents), []
        for n in range(1, self.counting.phrases + 1):
            units = units_of(self.forms, words, block.breaks, owner, selected, share, n=n)
            self.pairs.append(_pairs(units, len(self.keys), len(self.forms.texts)))
            counts.append([np.pad(row, (0, documents - len(row))) for row in (units.selected, units.count)])
        self.counts.append(np.array(counts, dtype=np.int64))
        self.keys += [document.key for document in block.documents]
        self.predicted += [scored.predicted for scored in block.scored]
        self.gold += [document.label for document in block.documents]

    def tally(self) -> Tally:
        """Returns the table."""
        document, form, count, sums, excess = (
            np.concatenate(parts, axis=-1) for parts in zip(*self.pairs, strict=True)
        )
        counting, counts = self.counting, np.concatenate(self.counts, axis=-1)
        order = np.argsort(document, kind="stable")
        return Tally(
            self.recipe, counting.method, int(counting.layer or 0), _rule_text(self.recipe, counting),
            counting.strip, tuple(self.keys), tuple(self.predicted), tuple(self.gold),
            tuple(self.forms.texts), np.array(self.forms.sizes, dtype=np.int64),
            document[order], form[order], count[order], sums[:, order], excess[:, order],
            counts[:, 0], counts[:, 1],
        )  # fmt: skip


def _rule_text(recipe: Provenance, counting: Counting) -> str:
    if recipe.methods[counting.method].gives == "selection":
        return "the words that the method gives"
    rule = counting.rule or rule_of(recipe, "threshold")
    text = rule_text(recipe, rule.select, counting.method)
    return f"{text}, by absolute value" if rule.absolute and recipe.methods[counting.method].signed else text


def _pairs(units: Units, before: int, forms: int) -> tuple[Int64, Int64, Int64, Float64, Float64]:
    """Sums units by document and form; documents are counted on from ``before``."""
    code, place = np.unique(units.document * forms + units.form, return_inverse=True)
    place = place.reshape(-1)

    def summed(rows: Float64) -> Float64:
        return np.stack([np.bincount(place, weights=row, minlength=len(code)) for row in rows])

    excess = units.values - units.base[:, units.document]
    count = np.bincount(place, minlength=len(code))
    return code // forms + before, code % forms, count, summed(units.values), summed(excess)


def _selected(block: Block, counting: Counting) -> Bool:
    """The selected words of a block, bool (N,)."""
    method, rule = counting.method, counting.rule or rule_of(block.recipe, "threshold")
    if block.recipe.methods[method].gives == "selection":
        given: Bool = np.concatenate([s.given[method][s.covered] for s in block.scored])
        return given
    chosen: Bool = select(block, method, rule, [int(counting.layer or 0)]).words[0]
    return chosen


def _shares(block: Block, counting: Counting) -> Float64:
    """Each word's share of the absolute score of its document, float64 (N,); NaN without scores.

    share(w) = s(w) / sum over the document's words of ``|s|``, and 0 where that sum is 0.
    """
    method = counting.method
    if block.recipe.methods[method].gives == "selection":
        return np.full(int(block.offsets[-1]), np.nan)
    values = block.words(method)[block.rows(method, [int(counting.layer or 0)])[0]].astype(np.float64)
    if counting.rule is not None and counting.rule.absolute:
        values = np.abs(values)
    owner = owners(block.offsets)
    total = np.bincount(owner, weights=np.abs(values), minlength=len(block.documents))
    return np.nan_to_num(ratio(values, total[owner]))
