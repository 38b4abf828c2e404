"""Computes one number per metric, method, layer and pair from scores and documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import compress
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rationale.agreement.blocks import Block, blocks
from rationale.agreement.groups import Choices, check_alternatives, choices
from rationale.agreement.metric import Metric, Source, metrics
from rationale.agreement.perturbed import perturbation_of
from rationale.agreement.ranking import Ranking
from rationale.agreement.select import SELECTIONS, Rule, Select, chosen_layers, ranked, select
from rationale.agreement.selection import Selection, selection
from rationale.agreement.sentences import Outline, SentenceGold, SentenceScore, outline, word_scores
from rationale.agreement.soft_metrics import SoftScores
from rationale.arrays import Bool, Float64
from rationale.artifacts.provenance import Eta
from rationale.corpus.document import Documents, Key
from rationale.errors import ScoresError

if TYPE_CHECKING:
    from rationale.scores.scored import Scores


@dataclass(frozen=True)
class AgreementOptions:
    """How agreement is measured.

    Attributes:
        select: The selections to evaluate.
        eta: One value per layer, for ``threshold``; None is 1 in every layer. A layer whose value is None
            has no selection.
        absolute: Whether signed methods are ranked and selected by absolute value instead of evidence for
            the target.
        resamples: Number of bootstrap resamples.
        seed: Random seed of bootstrap and permutations.
        confidence: Confidence level of the intervals.
        soft: Whether scores are also compared with the share of annotators who marked each word.
        faithfulness: Whether faithfulness is computed where the scores allow it.
        sentences: How a sentence's score comes from those of its words; None measures no sentences.
        sentence_gold: Which sentences are evidence.
        groups: ``best`` also measures each pair with its best evidence group as the rationale.
    """

    select: tuple[Select, ...] = SELECTIONS
    eta: Eta | None = None
    absolute: bool = False
    resamples: int = 1000
    seed: int = 0
    confidence: float = 0.95
    soft: bool = False
    faithfulness: bool = True
    sentences: SentenceScore | None = None
    sentence_gold: SentenceGold = "half"
    groups: Literal["best"] | None = None

    def rule(self, select: Select) -> Rule:
        """Returns the rule of a selection with these options."""
        return Rule(select, self.eta, self.absolute)


@dataclass(frozen=True, order=True)
class Place:
    """The method, layer, metric and selection that a row of numbers belongs to."""

    method: str
    layer: int
    metric: str
    select: str | None


@dataclass(frozen=True)
class Measured:
    """One number per place and pair.

    Attributes:
        keys: The scored pairs, in the order of the scores.
        annotated: bool (D,), whether a human annotated the pair.
        parts: For each place float64 (parts, D): the values whose means make the metric, NaN where a pair is
            left out.
        gold: The labels of the documents, None where unknown.
        predicted: The predicted labels, None where a prediction names none.
        explained: The classes that imported rationales are for, None where a prediction names none.
        words: Words of all documents, and how many of them no window covers.
    """

    keys: tuple[Key, ...]
    annotated: Bool
    parts: dict[Place, Float64]
    gold: tuple[str | None, ...]
    predicted: tuple[str | None, ...]
    explained: tuple[str | None, ...]
    words: tuple[int, int]

    def without(self, method: str) -> Measured:
        """The same without one method."""
        kept = {place: values for place, values in self.parts.items() if place.method != method}
        return replace(self, parts=kept)

    def only(self, chosen: Bool) -> Measured:
        """The same over some pairs, bool (D,); the counts of words stay those of all."""
        return replace(
            self,
            keys=tuple(compress(self.keys, chosen)),
            annotated=self.annotated[chosen],
            parts={place: values[:, chosen] for place, values in self.parts.items()},
            gold=tuple(compress(self.gold, chosen)),
            predicted=tuple(compress(self.predicted, chosen)),
            explained=tuple(compress(self.explained, chosen)),
        )


def measure(scores: Scores, documents: Documents, settings: AgreementOptions) -> Measured:
    """Computes every metric for every method, layer and pair, streaming over the scores.

    Args:
        scores: Scores of these documents, or of the first of them.
        documents: Documents with human rationales.
        settings: How agreement is measured.

    Raises:
        ScoresError: If scores do not belong to the documents or are not finite, or eta does not fit the
            layers.
    """
    (measured,) = measure_each(scores, (documents,), settings)
    return measured


def measure_each(scores: Scores, golds: Sequence[Documents], settings: AgreementOptions) -> list[Measured]:
    """Computes every metric against each of several human rationales; the scores are read once.

    Args:
        scores: Scores of these documents, or of the first of them.
        golds: The same documents, each time with other human rationales.
        settings: How agreement is measured. What no annotator decides (soft metrics, faithfulness) is
            computed once, with the first.

    Raises:
        ScoresError: As :func:`measure`.
    """
    if settings.groups is not None:
        check_alternatives(golds[0])
    pieces: list[list[Measured]] = [[] for _ in golds]
    later = replace(settings, soft=False, faithfulness=False)
    for block in blocks(scores, golds[0]):
        for number, documents in enumerate(golds):
            own = later if number else settings
            pieces[number].append(_measure(block.against(documents), scores, own))
    return [_concatenate(of_gold) for of_gold in pieces]


def _measure(block: Block, scores: Scores, settings: AgreementOptions) -> Measured:
    views = _views(block, settings)
    parts = {
        place: values
        for method in scores.methods
        for place, values in _method_values(block, method, scores, settings, views)
    }
    lengths = [len(d.words) for d in block.documents]
    return Measured(
        keys=tuple(d.key for d in block.documents),
        annotated=block.annotated,
        parts=parts,
        gold=tuple(d.label for d in block.documents),
        predicted=tuple(s.predicted for s in block.scored),
        explained=tuple(s.explained for s in block.scored),
        words=(sum(lengths), sum(lengths) - len(block.truth)),
    )


def _views(block: Block, settings: AgreementOptions) -> tuple[Outline | Choices, ...]:
    """Returns the other golds that scores and selections are compared with: sentences, evidence groups."""
    sentences, gold = settings.sentences, settings.sentence_gold
    views = (outline(block, score=sentences, gold=gold),) if sentences is not None else ()
    return (*views, choices(block)) if settings.groups is not None else views


def _concatenate(pieces: list[Measured]) -> Measured:
    """Concatenates the blocks; leaves out perturbation metrics of layers that were never perturbed."""
    parts = {place: np.concatenate([p.parts[place] for p in pieces], axis=1) for place in pieces[0].parts}
    return Measured(
        keys=tuple(key for p in pieces for key in p.keys),
        annotated=np.concatenate([p.annotated for p in pieces]),
        parts={
            place: values
            for place, values in parts.items()
            if metrics.get(place.metric).source != "perturbation" or not np.isnan(values).all()
        },
        gold=tuple(label for p in pieces for label in p.gold),
        predicted=tuple(label for p in pieces for label in p.predicted),
        explained=tuple(label for p in pieces for label in p.explained),
        words=(sum(p.words[0] for p in pieces), sum(p.words[1] for p in pieces)),
    )


_Source = tuple[Source, str | None, tuple[int, ...], Any]
_Views = tuple[Outline | Choices, ...]


def _method_values(
    block: Block,
    method: str,
    scores: Scores,
    settings: AgreementOptions,
    views: _Views,
) -> Iterator[tuple[Place, Float64]]:
    """Yields every metric of one method: parts (P, D) for each place."""
    sources = list(_sources(block, method, scores, settings, views))
    for name, entry in metrics.items():
        for source, source_select, source_layers, data in sources:
            if entry.source == source:
                values = _parts(entry, data, block)
                for row, layer in enumerate(source_layers):
                    yield Place(method, layer, name, source_select), values[:, row]


def _sources(
    block: Block, method: str, scores: Scores, settings: AgreementOptions, views: _Views
) -> Iterator[_Source]:
    """Yields all that the metrics of one method are computed from."""
    layers, ranking = scores.layers(method), None
    if scores.recipe.ranks(method):
        _check_rows(block, method, layers)
        ranking = ranked(block, method, settings.rule("top_k_gold"), layers)
        yield "ranking", None, layers, ranking
        if settings.soft:
            yield "soft", None, layers, SoftScores(block.words(method), block.soft_truth, block.offsets)
        for view in views:
            values = word_scores(block, method, layers, settings.absolute)
            yield view.source, None, layers, view.ranked(values)
    for rule in map(settings.rule, settings.select):
        source_layers = chosen_layers(scores.recipe, method, rule, layers)
        if source_layers:
            same = ranking if source_layers == layers else None
            words = _selection(block, method, source_layers, rule, same)
            yield from _selected(words, rule.select, source_layers, views)
    if settings.faithfulness and scores.recipe.faithfulness is not None:
        yield "perturbation", None, layers, perturbation_of(block, method, layers, scores.recipe.faithfulness)


def _selected(words: Selection, name: Select, layers: tuple[int, ...], views: _Views) -> Iterator[_Source]:
    """Yields selected words, and the same seen as sentences and against evidence groups."""
    yield "selection", name, layers, words
    if name == "given":
        yield "given", name, layers, words
    for view in views:
        yield view.selected_source, name, layers, view.selected(words.selected)


def _parts(entry: Metric, data: Any, block: Block) -> Float64:
    """Returns a metric's parts (P, L, D), NaN where it needs a rationale and the document has none."""
    values = entry.parts(data)
    return values if entry.of_documents else np.where(block.annotated, values, np.nan)


def _check_rows(block: Block, method: str, layers: tuple[int, ...]) -> None:
    rows = len(block.words(method))
    if rows != len(layers):
        raise ScoresError(
            f"method {method!r} has {rows} rows of scores for layers {list(layers)}",
            remedy="The scores are damaged: score this data again.",
        )


def _selection(
    block: Block, method: str, layers: tuple[int, ...], rule: Rule, ranking: Ranking | None
) -> Selection:
    words = select(block, method, rule, layers, ranking).words
    unmatched = block.unmatched(method) if rule.select == "given" else None
    return selection(
        words, block.truth, block.offsets, breaks=block.breaks, spans=block.spans, unmatched=unmatched
    )
