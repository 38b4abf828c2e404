"""Computes one number per metric, method, layer and pair from scores and documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from rationale.agreement.blocks import Block, blocks, document_label
from rationale.agreement.faithfulness import Perturbation
from rationale.agreement.groups import Choices, check_alternatives, choices
from rationale.agreement.metric import Metric, metrics
from rationale.agreement.ranking import Ranking
from rationale.agreement.select import SELECTIONS, Rule, Select, chosen_layers, ranked, select
from rationale.agreement.selection import Selection, selection
from rationale.agreement.sentences import Outline, SentenceGold, SentenceScore, outline, word_scores
from rationale.arrays import Bool, Float64, Int64
from rationale.artifacts.provenance import Eta, Perturbing
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
        words: Words of all documents, and how many of them no window covers.
    """

    keys: tuple[Key, ...]
    annotated: Bool
    parts: dict[Place, Float64]
    gold: tuple[str | None, ...]
    predicted: tuple[str | None, ...]
    words: tuple[int, int]


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
    if settings.groups is not None:
        check_alternatives(documents)
    return _concatenate([_measure(block, scores, settings) for block in blocks(scores, documents)])


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
        words=(sum(p.words[0] for p in pieces), sum(p.words[1] for p in pieces)),
    )


def _method_values(
    block: Block,
    method: str,
    scores: Scores,
    settings: AgreementOptions,
    views: tuple[Outline | Choices, ...],
) -> Iterator[tuple[Place, Float64]]:
    """Yields every metric of one method: parts (P, D) for each place."""
    layers = scores.layers(method)
    _check_rows(block, method, layers)
    ranking = ranked(block, method, settings.rule("top_k_gold"), layers)
    sources: list[tuple[str, str | None, tuple[int, ...], Any]] = [("ranking", None, layers, ranking)]
    for view in views:
        values = word_scores(block, method, layers, settings.absolute)
        sources.append((view.source, None, layers, view.ranked(values)))
    for selected_by in settings.select:
        rule = settings.rule(selected_by)
        source_layers = chosen_layers(scores.recipe, method, rule, layers)
        if source_layers:
            same = source_layers == layers
            source_ranking = ranking if same else ranked(block, method, rule, source_layers)
            words = _selection(block, method, source_layers, rule, source_ranking)
            sources.append(("selection", selected_by, source_layers, words))
            for view in views:
                selected = view.selected(words.selected)
                sources.append((f"selected_{view.source}", selected_by, source_layers, selected))
    if scores.recipe.faithfulness is not None:
        perturbation = _perturbation(block, method, layers, scores.recipe.faithfulness)
        sources.append(("perturbation", None, layers, perturbation))
    for name, entry in metrics.items():
        for source, source_select, source_layers, data in sources:
            if entry.source == source:
                values = _parts(entry, data, block)
                for row, layer in enumerate(source_layers):
                    yield Place(method, layer, name, source_select), values[:, row]


def _parts(entry: Metric, data: Any, block: Block) -> Float64:
    """Returns a metric's parts (P, L, D), NaN where it needs a rationale and the document has none."""
    values = entry.parts(data)
    return values if entry.source == "perturbation" else np.where(block.annotated, values, np.nan)


def _check_rows(block: Block, method: str, layers: tuple[int, ...]) -> None:
    rows = len(block.words(method))
    if rows != len(layers):
        raise ScoresError(
            f"method {method!r} has {rows} rows of scores for layers {list(layers)}",
            remedy="The scores are damaged: score this data again.",
        )


def _selection(block: Block, method: str, layers: tuple[int, ...], rule: Rule, ranking: Ranking) -> Selection:
    words = select(block, method, rule, layers, ranking).words
    return selection(words, block.truth, block.offsets, breaks=block.breaks, spans=block.spans)


def _perturbation(block: Block, method: str, layers: tuple[int, ...], removed: Perturbing) -> Perturbation:
    """Collects the predicted class' probabilities for the main share of words and for the AOPC grid."""
    shares = np.array([removed.share, *removed.bins])
    values = np.full((2, len(shares), len(layers), len(block.scored)), np.nan)
    rows = np.array(block.perturbed.get(method, []), dtype=np.float64).reshape(-1, 5)
    row_of: Int64 = np.full(max(layers) + 1, -1)
    row_of[list(layers)] = np.arange(len(layers))
    for number, share in enumerate(shares):
        document, layer, _, without, only = rows[np.isclose(rows[:, 2], share)].T
        cells = row_of[layer.astype(np.int64)], document.astype(np.int64)
        values[0, number][cells], values[1, number][cells] = without, only
    if np.isnan(rows).any():
        wrong = block.documents[int(rows[np.isnan(rows).any(axis=1)][0, 0])]
        raise ScoresError(
            f"method {method!r} has a perturbed probability that is not a number",
            where=document_label(wrong),
            remedy="Score this split again; if it stays, the model yields NaN for this document.",
        )
    return Perturbation(block.confidence, values[0, 0], values[1, 0], values[0, 1:], values[1, 1:])
