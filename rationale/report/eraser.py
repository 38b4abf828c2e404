"""Exports scores in the ERASER prediction format: one JSON object per annotation, for ERASER's scorer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypedDict, cast

import numpy as np

from rationale.agreement.blocks import blocks, check_keys, document_label
from rationale.agreement.select import Rule, Select, chosen_layers, select, without_n
from rationale.arrays import Array, Bool, Float32, Float64
from rationale.errors import ScoresError
from rationale.files import atomic_path
from rationale.report.exports import EXPORTS, Choice, Exported
from rationale.scores.families import meant_layer
from rationale.scores.methods import METHODS

if TYPE_CHECKING:
    from rationale.corpus.document import Document, Documents
    from rationale.scores.scored import Perturbed, ScoredDocument, Scores


class _Span(TypedDict):
    """Consecutive words, the end exclusive."""

    start_token: int
    end_token: int


class _Rationale(TypedDict):
    """The selected words of one document, and one score per word."""

    docid: str | int | float
    hard_rationale_predictions: list[_Span]
    soft_rationale_predictions: list[float]


class _Perturbed(TypedDict, total=False):
    """Probabilities by class without, and with only, the best share of the words."""

    threshold: float
    comprehensiveness_classification_scores: dict[str, float]
    sufficiency_classification_scores: dict[str, float]


class _Classified(_Perturbed, total=False):
    """The part of a line for a model with classes; perturbed probabilities if there are any."""

    classification: str
    classification_scores: dict[str, float]
    thresholded_scores: list[_Perturbed]


class _Line(_Classified):
    """One annotation, as the benchmark names its keys."""

    annotation_id: str | int | float
    rationales: list[_Rationale]


@dataclass(frozen=True)
class _Pair:
    """One (annotation, document): W words.

    Attributes:
        document: The document.
        scored: Its scores.
        selected: bool (W,).
        soft: float32 (W,).
        perturbed: For each share, probabilities without the best words and with only them.
    """

    document: Document
    scored: ScoredDocument
    selected: Bool
    soft: Float32
    perturbed: Mapping[float, Perturbed]


@EXPORTS.register("eraser")
def export_eraser(
    scores: Scores,
    documents: Documents,
    out: str | Path,
    choice: Choice | None = None,
    *,
    overwrite: bool = False,
) -> Exported:
    """Writes predictions that the ERASER benchmark's scorer accepts.

    Each line holds the selected words as merged spans, one float per word of the whole document, and the
    predicted class with its probabilities. Words that no window covers have the lowest scores. If every
    document was perturbed by the chosen method and layer, comprehensiveness and sufficiency are added. The
    documents of one annotation share a line; their probabilities are averaged, weighted by their numbers of
    words. Ids that are numbers in the data stay numbers: to the scorer 7 is not "7".

    Args:
        scores: What `rationale score` computed.
        documents: The documents they were computed from.
        out: The JSON-lines file to write.
        choice: Method, layer and selection.
        overwrite: Whether an existing file is replaced.

    Raises:
        ScoresError: If the scores lack the method or layer, belong to other documents, or are not finite.
        OutputError: If ``out`` exists and ``overwrite`` is off, or the disk refuses.
    """
    choice = choice or Choice()
    method = METHODS.canonical(choice.method) if choice.method else scores.methods[0]
    layers = scores.layers(method)
    layer = meant_layer(method, layers, choice.layer, scores.recipe)
    if layer not in layers:
        raise ScoresError(
            f"method {method!r} has no layer {layer}", remedy=f"Layers: {', '.join(map(str, layers))}."
        )
    unscored = check_keys(scores, documents)
    shares, notes = _shares(scores, method, layer, unscored)
    pairs = _pairs(scores, documents, Choice(method, layer, choice.select, choice.eta, choice.absolute))
    lines = (_line(group, scores.labels, shares) for group in _annotations(pairs, scores))
    with atomic_path(out, overwrite=overwrite) as temporary, temporary.open("w", encoding="utf-8") as file:
        written = _write(lines, file)
    return Exported(Path(out), method, layer, written, unscored, tuple(notes))


def _shares(scores: Scores, method: str, layer: int, unscored: int) -> tuple[list[float], list[str]]:
    """Returns the shares of words that were removed, the main one first, and notes on what is missing."""
    notes = []
    if unscored:
        notes.append(f"{unscored} documents have no scores; the benchmark's scorer wants the whole split")
    removed = scores.recipe.faithfulness
    if removed is None:
        return [], notes
    perturbed_shares = {
        p.share for p in next(iter(scores)).perturbed if (p.method, p.layer) == (method, layer)
    }
    wanted = [removed.share, *removed.bins]
    if not perturbed_shares:
        notes.append(f"no faithfulness: {method} was not perturbed in layer {layer}")
    elif not perturbed_shares.issuperset(wanted):
        notes.append(f"no AOPC: {method} has a selection of its own, which was removed instead of shares")
    return [share for share in wanted if share in perturbed_shares], notes


def _annotations(pairs: Iterable[_Pair], scores: Scores) -> Iterator[list[_Pair]]:
    """Groups the pairs by annotation; it waits for the last pair of each, because tables can be unsorted."""
    remaining = Counter(annotation for annotation, _ in scores.keys)
    waiting: dict[str, list[_Pair]] = {}
    for pair in pairs:
        waiting.setdefault(pair.document.id, []).append(pair)
        remaining[pair.document.id] -= 1
        if not remaining[pair.document.id]:
            yield waiting.pop(pair.document.id)


def _pairs(scores: Scores, documents: Documents, choice: Choice) -> Iterator[_Pair]:
    method, layer = str(choice.method), int(choice.layer or 0)
    eta = scores.recipe.model.eta if choice.eta is None else choice.eta
    rule = Rule(cast("Select", choice.select), eta, choice.absolute)
    _check_rule(rule, scores, method, layer)
    for block in blocks(scores, documents):
        values = block.words(method)[block.rows(method, [layer])[0]]
        values = np.abs(values) if choice.absolute and block.signed(method) else values
        selected = select(block, method, rule, [layer]).words[0]
        for number, (scored, document) in enumerate(zip(block.scored, block.documents, strict=True)):
            words = slice(block.offsets[number], block.offsets[number + 1])
            perturbed = {p.share: p for p in scored.perturbed if (p.method, p.layer) == (method, layer)}
            yield _Pair(
                document,
                scored,
                _spread(selected[words], scored.covered, False),
                _spread(values[words], scored.covered, min(0.0, values[words].min(initial=0.0))),
                perturbed,
            )


def _check_rule(rule: Rule, scores: Scores, method: str, layer: int) -> None:
    """Checks that the threshold is known in this layer.

    Raises:
        ScoresError: If it is not.
    """
    if rule.select != "threshold":
        return
    if reason := without_n(scores.recipe):
        raise ScoresError(reason, remedy="Or pass --select top_k_gold.")
    if layer not in chosen_layers(scores.recipe, method, rule, [layer]):
        raise ScoresError(
            f"the model drops nothing before layer {layer}: it has no threshold there",
            remedy="Export another layer, or pass --select top_k_gold.",
        )


def _spread(values: Array, covered: Bool, fill: Any) -> Array:
    """Returns an array over all words: the values of the covered words, ``fill`` elsewhere."""
    if covered.all():
        return values
    whole = np.full(covered.shape, fill, dtype=values.dtype)
    whole[covered] = values
    return whole


def _line(pairs: list[_Pair], labels: tuple[str, ...], shares: list[float]) -> _Line:
    """Makes the JSON object of one annotation."""
    weights = np.array([len(pair.document.words) for pair in pairs], dtype=np.float64)
    full = np.average([pair.scored.probabilities for pair in pairs], axis=0, weights=weights)
    line: _Line = {
        "annotation_id": pairs[0].document.exported_id,
        "rationales": [_rationale(pair) for pair in pairs],
    }
    if len(labels) == 1:  # a single logit names no classes to choose from
        return line
    line["classification"] = labels[int(full.argmax())]
    line["classification_scores"] = _named(full, labels)
    if shares:
        main, *bins = (_perturbed(pairs, share, labels, weights) for share in shares)
        line["comprehensiveness_classification_scores"] = main["comprehensiveness_classification_scores"]
        line["sufficiency_classification_scores"] = main["sufficiency_classification_scores"]
        line["thresholded_scores"] = [
            {"threshold": share, **scores} for share, scores in zip(shares[1:], bins, strict=True)
        ]
    return line


def _rationale(pair: _Pair) -> _Rationale:
    edges = np.flatnonzero(np.diff(pair.selected.astype(np.int8), prepend=0, append=0))
    return {
        "docid": pair.document.exported_docid,
        "hard_rationale_predictions": [
            {"start_token": start, "end_token": end} for start, end in edges.reshape(-1, 2).tolist()
        ],
        # Nine digits tell any two float32 apart.
        "soft_rationale_predictions": [float(f"{value:.9g}") for value in pair.soft.tolist()],
    }


def _perturbed(pairs: list[_Pair], share: float, labels: tuple[str, ...], weights: Float64) -> _Perturbed:
    for pair in pairs:
        if share not in pair.perturbed:
            raise ScoresError(
                f"the probabilities with {share:.3g} of the words removed are missing",
                where=document_label(pair.document),
                remedy="The scores are damaged: score this data again.",
            )
    without = np.average([pair.perturbed[share].without for pair in pairs], axis=0, weights=weights)
    only = np.average([pair.perturbed[share].only for pair in pairs], axis=0, weights=weights)
    return {
        "comprehensiveness_classification_scores": _named(without, labels),
        "sufficiency_classification_scores": _named(only, labels),
    }


def _named(probabilities: Float64, labels: tuple[str, ...]) -> dict[str, float]:
    return dict(zip(labels, probabilities.tolist(), strict=True))


def _write(lines: Iterator[_Line], file: IO[str]) -> int:
    """Writes first a line with selected words: the scorer checks only its first line for them."""
    waiting: list[_Line] = []
    written, any_selected = 0, False
    for line in lines:
        any_selected = any_selected or any(
            rationale["hard_rationale_predictions"] for rationale in line["rationales"]
        )
        if not any_selected:
            waiting.append(line)
            continue
        for ready in (line, *waiting):
            file.write(_json(ready))
        written, waiting = written + 1 + len(waiting), []
    for line in waiting:
        file.write(_json(line))
    return written + len(waiting)


def _json(line: _Line) -> str:
    try:
        return json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError as error:
        raise ScoresError(
            f"a probability is not a finite number ({error})",
            where=f"annotation {line['annotation_id']!r}",
            remedy="Score this split again; if it stays, the model yields NaN for this document.",
        ) from error
