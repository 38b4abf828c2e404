"""Agreement of scores with human rationales, from the scores alone: no model is needed."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rationale.agreement.blocks import check_keys
from rationale.agreement.changed import changed_since_scoring
from rationale.agreement.classification import classification
from rationale.agreement.compare import RULE, compare
from rationale.agreement.evaluate import SELECTIONS, Measured, Place, Select, Settings, measure
from rationale.agreement.metric import metrics
from rationale.agreement.result import Agreement, Record, counts_alive, pair_table, selecting
from rationale.agreement.statistics import bootstrap_intervals, number_or_none, summarise
from rationale.corpus.document import Documents
from rationale.errors import ModelError, ScoresError

if TYPE_CHECKING:
    from rationale.scores.scored import Scores

log = logging.getLogger(__name__)


def agree(
    scores: Scores,
    documents: Documents,
    *,
    select: Select | None = None,
    eta: Sequence[float] | None = None,
    absolute: bool = False,
    resamples: int = 1000,
    seed: int = 0,
) -> Agreement:
    """Compares the scores of every method and layer with the human rationales.

    Only covered words count: those some window covered. Documents nobody annotated count for faithfulness and
    accuracy alone.

    Args:
        scores: Of these documents, or of a sample of them (``--limit``).
        documents: With human rationales.
        select: ``"delta"``, ``"topk"``, or None for both.
        eta: One a layer, for ``delta``; None is 1 in every layer.
        absolute: Whether signed methods are ranked and selected by absolute value instead of evidence for
            the target.
        resamples: Of the bootstrap.
        seed: Of bootstrap and permutations.

    Returns:
        Records with 95 % intervals, paired comparisons, accuracy, and the value of every pair.

    Raises:
        ScoresError: Where the scores do not belong to the documents, hold something that is no number, or
            ``select``, ``eta`` or ``resamples`` cannot be used.
    """
    settings = _settings(select, eta, absolute, resamples, seed)
    _check_eta(settings.eta, scores)
    unscored = check_keys(scores, documents)
    measured = measure(scores, documents, settings)
    return Agreement(
        recipe={
            **scores.recipe,
            "agreement": {
                **_recipe(settings, measured, documents, unscored),
                "changed_since_scoring": changed_since_scoring(scores, documents),
            },
        },
        records=tuple(sorted(_records(measured, settings), key=_order(measured))),
        comparisons=compare(measured, settings, selecting(scores.recipe)),
        classification=classification(
            _classes(measured, scores), measured.predicted, scores.labels, settings
        ),
        per_document=pair_table(measured),
    )


def _classes(measured: Measured, scores: Scores) -> list[str | None]:
    """The gold labels; none where the model has one output, which is a number and no class."""
    return list(measured.gold) if len(scores.labels) > 1 else [None] * len(measured.gold)


def _settings(
    select: str | None, eta: Sequence[float] | None, absolute: bool, resamples: int, seed: int
) -> Settings:
    if select is not None and select not in SELECTIONS:
        raise ScoresError(
            f"no selection is called {select!r}",
            remedy=f"Use {' or '.join(SELECTIONS)}, or neither for both.",
        )
    if resamples < 1:
        raise ScoresError(f"{resamples} resamples, expected at least 1", remedy="1000 is customary.")
    values = None if eta is None else tuple(float(value) for value in eta)
    if values is not None and not (values and np.isfinite(values).all()):
        raise ScoresError(f"eta is {list(values)}, expected one finite number a layer")
    chosen = SELECTIONS if select is None else tuple(name for name in SELECTIONS if name == select)
    return Settings(chosen, values, absolute, resamples, seed)


def _check_eta(eta: tuple[float, ...] | None, scores: Scores) -> None:
    """A dropping model's scores are compared with its own eta, or with none."""
    own = scores.recipe["model"].get("eta")
    if eta is None or own is None:
        return
    if len(own) != len(eta) or not np.allclose(own, eta, atol=1e-6):
        raise ScoresError(
            f"eta is {list(eta)}, and the scored model's own is {[round(value, 4) for value in own]}",
            remedy="Pass the scored model with --eta-from, or leave it out: eta is then 1.",
        )
    if not counts_alive(scores.recipe):
        log.warning("alive was not scored: delta takes n as all tokens of a window, the model as those alive")


def _records(measured: Measured, settings: Settings) -> Iterator[Record]:
    """A record a place; all places of one metric share a matrix product."""
    for name, metric in metrics.items():
        places = [place for place in measured.parts if place.metric == name]
        if not places:
            continue
        parts = np.stack([measured.parts[place] for place in places], axis=1)
        asked = len(measured.keys) if metric.source == "perturbation" else int(measured.annotated.sum())
        values, n = summarise(parts, metric.of_means)
        low, high = bootstrap_intervals(
            parts,
            resamples=settings.resamples,
            seed=settings.seed,
            combine=metric.of_means,
            confidence=settings.confidence,
        )
        for row, place in enumerate(places):
            yield Record(
                method=place.method,
                layer=place.layer,
                metric=name,
                select=place.select,
                value=number_or_none(values[row]),
                low=number_or_none(low[row]),
                high=number_or_none(high[row]),
                n=int(n[row]),
                skipped=asked - int(n[row]),
            )


def _order(measured: Measured) -> Any:
    """Sorts records by method as scored, layer, metric as registered, selection."""
    methods = list(dict.fromkeys(place.method for place in measured.parts))
    names = list(metrics)

    def key(record: Record) -> tuple[int, int, int, str]:
        place = Place(record["method"], record["layer"], record["metric"], record["select"])
        return methods.index(place.method), place.layer, names.index(place.metric), place.select or ""

    return key


def _recipe(settings: Settings, measured: Measured, documents: Documents, unscored: int) -> dict[str, Any]:
    words, uncovered = measured.words
    return {
        "select": list(settings.select),
        "eta": None if settings.eta is None else list(settings.eta),
        "absolute": settings.absolute,
        "resamples": settings.resamples,
        "seed": settings.seed,
        "confidence": settings.confidence,
        "interval": "percentile bootstrap over (annotation, document) pairs",
        "comparison": RULE,
        "source": documents.source,
        "split": documents.split,
        "fingerprint": documents.fingerprint,
        "pairs": len(measured.keys),
        "unscored": unscored,
        "unannotated": int((~measured.annotated).sum()),
        "words": words,
        "uncovered_words": uncovered,
        "versions": {name: version(name) for name in ("rationale", "numpy", "scikit-learn")},
    }


def read_eta(folder: str | Path) -> tuple[float, ...]:
    """Eta of each layer from an AdapLeR model's folder (``config.json``, key ``eta``).

    Raises:
        ModelError: Where the folder has none.
    """
    path = Path(folder) / "config.json"
    remedy = (
        "Pass the folder of a trained AdapLeR model, or leave --eta-from out: eta is then 1 in every layer."
    )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"eta cannot be read ({error.strerror})", where=path, remedy=remedy) from error
    except ValueError as error:
        raise ModelError(f"is no JSON ({error})", where=path, remedy=remedy) from error
    eta = config.get("eta") if isinstance(config, dict) else None
    if not isinstance(eta, list) or not eta or not all(_is_number(value) for value in eta):
        raise ModelError('holds no "eta", a list with one number a layer', where=path, remedy=remedy)
    return tuple(float(value) for value in eta)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))
