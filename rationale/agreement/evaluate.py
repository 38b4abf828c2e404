"""From scores and documents to one number a metric, method, layer and pair."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from rationale.agreement.blocks import Block, blocks, name_of
from rationale.agreement.faithfulness import Perturbation
from rationale.agreement.metric import Metric, metrics
from rationale.agreement.ragged import Bool, Float, Int, totals
from rationale.agreement.ranking import Ranking, rank
from rationale.agreement.selection import Selection, above_share, selection, top_k
from rationale.corpus.document import Documents, Key
from rationale.errors import ScoresError

if TYPE_CHECKING:
    from rationale.scores.scored import Scores

Select = Literal["delta", "topk"]
SELECTIONS: tuple[Select, ...] = ("delta", "topk")


@dataclass(frozen=True)
class Settings:
    """What the caller chooses.

    Attributes:
        select: The selections to evaluate.
        eta: One a layer, for ``delta``; None is 1 in every layer.
        absolute: Whether signed methods are ranked and selected by absolute value instead of evidence for
            the target.
        resamples: Of the bootstrap.
        seed: Of bootstrap and permutations.
        confidence: Of the intervals.
    """

    select: tuple[Select, ...] = SELECTIONS
    eta: tuple[float, ...] | None = None
    absolute: bool = False
    resamples: int = 1000
    seed: int = 0
    confidence: float = 0.95


@dataclass(frozen=True, order=True)
class Place:
    """What a row of numbers is of."""

    method: str
    layer: int
    metric: str
    select: str | None


@dataclass(frozen=True)
class Measured:
    """One number a place and pair.

    Attributes:
        keys: The scored pairs, in the order of the scores.
        annotated: bool (D,), whether a human annotated the pair.
        parts: Per place, float64 (parts, D): the values whose means make the metric, NaN where a pair is
            left out.
        gold: The labels of the documents, None where unknown.
        predicted: The predicted labels.
        words: Words of all documents, and how many of them no window covers.
    """

    keys: tuple[Key, ...]
    annotated: Bool
    parts: dict[Place, Float]
    gold: tuple[str | None, ...]
    predicted: tuple[str, ...]
    words: tuple[int, int]


def measure(scores: Scores, documents: Documents, settings: Settings) -> Measured:
    """Computes every metric for every method, layer and pair, streaming over the scores.

    Args:
        scores: Of these documents, or of their first.
        documents: With human rationales.
        settings: The caller's choices.

    Raises:
        ScoresError: Where scores do not belong to the documents, are not numbers, or eta does not fit the
            layers.
    """
    return _joined([_measure(block, scores, settings) for block in blocks(scores, documents)])


def _measure(block: Block, scores: Scores, settings: Settings) -> Measured:
    parts = {
        place: values
        for method in scores.methods
        for place, values in _of_method(block, method, scores, settings)
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


def _joined(pieces: list[Measured]) -> Measured:
    """One from many; perturbation metrics of layers that were never perturbed are left out."""
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


def _of_method(
    block: Block, method: str, scores: Scores, settings: Settings
) -> Iterator[tuple[Place, Float]]:
    """Every metric of one method: parts (P, D) a place."""
    layers = scores.layers(method)
    absolute = settings.absolute and bool(scores.recipe["methods"][method]["signed"])
    ranking = _ranking(block, method, layers, absolute)
    sources: list[tuple[str, str | None, Any]] = [("ranking", None, ranking)]
    for select in settings.select:
        chosen = _selection(block, method, layers, ranking, select, settings.eta, absolute)
        sources.append(("selection", select, chosen))
    if scores.recipe.get("faithfulness"):
        sources.append(("perturbation", None, _perturbation(block, method, layers, scores.recipe)))
    for name, entry in metrics.items():
        for source, selected, data in sources:
            if entry.source == source:
                values = _parts(entry, data, block)
                for row, layer in enumerate(layers):
                    yield Place(method, layer, name, selected), values[:, row]


def _parts(entry: Metric, data: Any, block: Block) -> Float:
    """A metric's parts (P, L, D), NaN where it needs a rationale nobody was asked for."""
    values = entry.parts(data)
    return values if entry.source == "perturbation" else np.where(block.annotated, values, np.nan)


def _ranking(block: Block, method: str, layers: tuple[int, ...], absolute: bool) -> Ranking:
    values = block.words(method)
    if len(values) != len(layers):
        raise ScoresError(
            f"method {method!r} has {len(values)} rows of scores for layers {list(layers)}",
            remedy="The scores are damaged: score this data again.",
        )
    return rank(np.abs(values) if absolute else values, block.truth, block.offsets)


def _selection(
    block: Block,
    method: str,
    layers: tuple[int, ...],
    ranking: Ranking,
    select: Select,
    eta: tuple[float, ...] | None,
    absolute: bool,
) -> Selection:
    if select == "topk":
        chosen = top_k(ranking, totals(block.truth, block.offsets))
    else:
        tokens = block.tokens(method)
        tokens = np.abs(tokens) if absolute else tokens
        thresholds = _eta(eta, layers, method)
        chosen = above_share(tokens, block.entering(layers), block.token_word, thresholds, len(block.truth))
    return selection(chosen, block.truth, block.offsets, breaks=block.breaks, spans=block.spans)


def _eta(eta: tuple[float, ...] | None, layers: tuple[int, ...], method: str) -> npt.NDArray[np.float32]:
    """Eta of each layer as float32 (L,)."""
    if eta is None:
        return np.ones(len(layers), dtype=np.float32)
    if max(layers) >= len(eta):
        raise ScoresError(
            f"eta has {len(eta)} layers, but {method!r} was scored in layer {max(layers)}",
            remedy="Take eta from a model with as many layers as the scored one.",
        )
    return np.array([eta[layer] for layer in layers], dtype=np.float32)


def _perturbation(block: Block, method: str, layers: tuple[int, ...], recipe: dict[str, Any]) -> Perturbation:
    """The predicted class' probabilities; share 0 of the first axis is the mean share, then the AOPC grid."""
    shares = np.array([recipe["faithfulness"]["share"], *recipe["faithfulness"]["bins"]])
    values = np.full((2, len(shares), len(layers), len(block.scored)), np.nan)
    rows = np.array(block.perturbed.get(method, []), dtype=np.float64).reshape(-1, 5)
    row_of: Int = np.full(max(layers) + 1, -1)
    row_of[list(layers)] = np.arange(len(layers))
    for number, share in enumerate(shares):
        document, layer, _, without, only = rows[np.isclose(rows[:, 2], share)].T
        place = row_of[layer.astype(np.int64)], document.astype(np.int64)
        values[0, number][place], values[1, number][place] = without, only
    if np.isnan(rows).any():
        wrong = block.documents[int(rows[np.isnan(rows).any(axis=1)][0, 0])]
        raise ScoresError(
            f"method {method!r} has a perturbed probability that is not a number",
            where=name_of(wrong),
            remedy="Score this split again; if it stays, the model yields NaN for this document.",
        )
    return Perturbation(block.confidence, values[0, 0], values[1, 0], values[0, 1:], values[1, 1:])
