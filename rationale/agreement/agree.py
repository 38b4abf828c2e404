"""Measures agreement of scores with human rationales (plausibility) from stored scores, without a model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rationale.agreement.blocks import check_keys
from rationale.agreement.changed import changed_since_scoring
from rationale.agreement.comparison import compare_methods, comparison_rule
from rationale.agreement.measure import AgreementOptions, Measured, Place, measure
from rationale.agreement.metric import metrics
from rationale.agreement.pairs import pair_table
from rationale.agreement.result import Agreement, Estimate, selecting
from rationale.agreement.select import (
    SELECTIONS,
    Select,
    rule_text,
    same_eta,
    selections,
    without_n,
)
from rationale.artifacts.provenance import AgreementSettings, Provenance, agreement_of
from rationale.corpus.document import Documents
from rationale.errors import ModelError, ScoresError
from rationale.files import home
from rationale.metrics.classification import classification
from rationale.metrics.statistics import bootstrap_intervals, number_or_none, summarise
from rationale.scores.families import is_baseline

if TYPE_CHECKING:
    from rationale.scores.scored import Scores


def agree(
    scores: Scores,
    documents: Documents,
    *,
    select: Select | None = None,
    eta: Sequence[float | None] | None = None,
    eta_from: str | None = None,
    absolute: bool = False,
    resamples: int = 1000,
    seed: int = 0,
    command: str | None = None,
) -> Agreement:
    """Compares the scores of every method and layer with the human rationales.

    Only words that some window covers count. Documents without annotation count only for faithfulness and
    accuracy.

    Args:
        scores: Scores of these documents, or of a sample of them (``--limit``).
        documents: Documents with human rationales.
        select: ``"threshold"``, ``"top_k_gold"``, or None for both.
        eta: One value per layer, for ``threshold``; None takes the scored model's own, or 1 if it has none.
        eta_from: Where ``eta`` comes from; stored in the provenance.
        absolute: Whether signed methods are ranked and selected by absolute value instead of evidence for
            the target.
        resamples: Number of bootstrap resamples.
        seed: Random seed of bootstrap and permutations.
        command: The command that was typed, as shell text; None from Python.

    Returns:
        Records with 95 % intervals, paired comparisons, accuracy, and the value of every pair.

    Raises:
        ScoresError: If the scores do not belong to the documents, hold a value that is not a finite number,
            or ``select``, ``eta`` or ``resamples`` is invalid.
    """
    settings = _settings(scores, select, eta, absolute, resamples, seed)
    unscored = check_keys(scores, documents)
    measured = measure(scores, documents, settings)
    baselines = [name for name in scores.methods if is_baseline(name, scores.recipe)]
    stored_settings = replace(
        _stored_settings(settings, measured, documents, unscored, baselines),
        eta_from=eta_from,
        notes=_notes(settings, scores),
        changed_since_scoring=changed_since_scoring(scores, documents),
        command=command,
    )
    recipe = agreement_of(scores.recipe, stored_settings)
    return Agreement(
        recipe=recipe,
        records=tuple(sorted(_records(measured, settings, recipe), key=_order(measured))),
        comparisons=compare_methods(
            measured, settings, baselines=baselines, selecting=selecting(scores.recipe)
        ),
        classification=classification(
            _classes(measured, scores),
            measured.predicted,
            scores.labels,
            resamples=settings.resamples,
            seed=settings.seed,
            confidence=settings.confidence,
        ),
        per_document=pair_table(measured),
    )


def _classes(measured: Measured, scores: Scores) -> list[str | None]:
    """Returns the gold labels; None for a model with one output, which predicts a number and not a class."""
    return list(measured.gold) if len(scores.labels) > 1 else [None] * len(measured.gold)


def _settings(
    scores: Scores,
    select: str | None,
    eta: Sequence[float | None] | None,
    absolute: bool,
    resamples: int,
    seed: int,
) -> AgreementOptions:
    if select is not None and select not in SELECTIONS:
        raise ScoresError(
            f"no selection is called {select!r}",
            remedy=f"Use {' or '.join(SELECTIONS)}, or neither for both.",
        )
    if resamples < 1:
        raise ScoresError(f"{resamples} resamples, expected at least 1", remedy="1000 is customary.")
    values = scores.recipe.model.eta if eta is None else tuple(None if e is None else float(e) for e in eta)
    if values is not None and not (values and all(e is None or np.isfinite(e) for e in values)):
        raise ScoresError(f"eta is {list(values)}, expected one finite number a layer")
    layers = scores.recipe.model.layers
    if values is not None and len(values) != layers:
        raise ScoresError(
            f"eta has {len(values)} layers, and the scored model has {layers}",
            remedy="Take eta from a model with as many layers as the scored one, or leave --eta-from out.",
        )
    refused = without_n(scores.recipe)
    if select == "threshold" and refused:
        raise ScoresError(refused)
    chosen = (
        selections(scores.recipe) if select is None else tuple(name for name in SELECTIONS if name == select)
    )
    return AgreementOptions(chosen, values, absolute, resamples, seed)


def _notes(settings: AgreementOptions, scores: Scores) -> tuple[str, ...]:
    """Returns notes on the selections that whoever reads the numbers has to know."""
    notes = []
    refused, model_eta = without_n(scores.recipe), scores.recipe.model.eta
    if refused:
        notes.append(refused)
    if model_eta is not None and not same_eta(settings.eta, model_eta):
        shown = ", ".join("none" if e is None else f"{e:.4g}" for e in model_eta)
        notes.append(f"eta is not the scored model's own ({shown}): the model itself uses another threshold")
    return tuple(notes)


def _records(measured: Measured, settings: AgreementOptions, recipe: Provenance) -> Iterator[Estimate]:
    """Yields one estimate per place; all places of one metric share a matrix product."""
    for name, metric in metrics.items():
        places = [place for place in measured.parts if place.metric == name]
        if not places:
            continue
        parts = np.stack([measured.parts[place] for place in places], axis=1)
        possible = len(measured.keys) if metric.source == "perturbation" else int(measured.annotated.sum())
        values, n = summarise(parts, metric.of_means)
        low, high = bootstrap_intervals(
            parts,
            resamples=settings.resamples,
            seed=settings.seed,
            combine=metric.of_means,
            confidence=settings.confidence,
        )
        for row, place in enumerate(places):
            yield Estimate(
                method=place.method,
                layer=place.layer,
                metric=name,
                select=place.select,
                value=number_or_none(values[row]),
                low=number_or_none(low[row]),
                high=number_or_none(high[row]),
                n=int(n[row]),
                skipped=possible - int(n[row]),
                rule=place.select and rule_text(recipe, place.select, place.method),
            )


def _order(measured: Measured) -> Callable[[Estimate], tuple[int, int, int, str]]:
    """Returns a sort key for records: method as scored, layer, metric as registered, selection."""
    methods = list(dict.fromkeys(place.method for place in measured.parts))
    names = list(metrics)

    def key(record: Estimate) -> tuple[int, int, int, str]:
        place = Place(record.method, record.layer, record.metric, record.select)
        return methods.index(place.method), place.layer, names.index(place.metric), place.select or ""

    return key


def _stored_settings(
    settings: AgreementOptions,
    measured: Measured,
    documents: Documents,
    unscored: int,
    baselines: Sequence[str],
) -> AgreementSettings:
    words, uncovered = measured.words
    return AgreementSettings(
        select=settings.select,
        eta=settings.eta,
        absolute=settings.absolute,
        resamples=settings.resamples,
        seed=settings.seed,
        confidence=settings.confidence,
        interval="percentile bootstrap over (annotation, document) pairs",
        comparison=comparison_rule(baselines),
        source=documents.source,
        split=documents.split,
        fingerprint=documents.fingerprint,
        pairs=len(measured.keys),
        unscored=unscored,
        unannotated=int((~measured.annotated).sum()),
        words=words,
        uncovered_words=uncovered,
        versions={name: version(name) for name in ("rationale", "numpy", "scikit-learn")},
    )


def read_eta(folder: str | Path) -> tuple[float | None, ...]:
    """Reads eta from a model's folder (``config.json``, key ``eta``): a value per layer, None if it has none.

    Raises:
        ModelError: If the folder has no eta.
    """
    path = home(folder) / "config.json"
    remedy = (
        "Pass the folder of a trained AdapLeR model, or leave --eta-from out: eta is then the scored model's "
        "own, or 1 if it has none."
    )
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"eta cannot be read ({error.strerror})", where=path, remedy=remedy) from error
    except ValueError as error:
        raise ModelError(f"is no JSON ({error})", where=path, remedy=remedy) from error
    eta = config.get("eta") if isinstance(config, dict) else None
    if not isinstance(eta, list) or not eta or not all(e is None or _is_number(e) for e in eta):
        raise ModelError('holds no "eta", a list with one number a layer', where=path, remedy=remedy)
    return tuple(None if value is None else float(value) for value in eta)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))
