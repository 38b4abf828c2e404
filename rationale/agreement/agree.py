"""Measures agreement of scores with human rationales (plausibility) from stored scores, without a model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

import numpy as np

from rationale.agreement.blocks import check_keys
from rationale.agreement.changed import changed_since_scoring
from rationale.agreement.comparison import compare_methods, comparison_rule
from rationale.agreement.gold import Gold, Standard, standard
from rationale.agreement.human import CEILING, RANDOM_ORDER, chance, human_ceiling, with_agreement
from rationale.agreement.joined import join, measure_against
from rationale.agreement.measure import AgreementOptions, Measured, Place
from rationale.agreement.metric import metrics
from rationale.agreement.pairs import pair_table
from rationale.agreement.result import Agreement, Estimate, selecting
from rationale.agreement.select import SELECTIONS, Select, rule_text
from rationale.agreement.sentences import SentenceGold, SentenceScore
from rationale.agreement.settings import check_choices, notes_on, settings_for
from rationale.agreement.subsets import subsets
from rationale.artifacts.provenance import AgreementProvenance, AgreementSettings, Provenance, agreement_of
from rationale.corpus.document import Documents
from rationale.errors import ScoresError
from rationale.metrics.classification import classification
from rationale.metrics.statistics import bootstrap_intervals, number_or_none, summarise
from rationale.scores.families import CHANCE, HUMAN, is_baseline, is_imported
from rationale.scores.sources import Sources

if TYPE_CHECKING:
    from rationale.scores.scored import Scores


def agree(
    scores: Scores | Sequence[Scores] | Sources,
    documents: Documents,
    *,
    select: Select | None = None,
    eta: Sequence[float | None] | None = None,
    eta_from: str | None = None,
    absolute: bool = False,
    gold: Gold | None = None,
    same_label: bool = False,
    sentences: SentenceScore | None = None,
    sentence_gold: SentenceGold = "half",
    groups: Literal["best"] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    command: str | None = None,
) -> Agreement:
    """Compares the scores of every method and layer with the human rationales.

    Only words that some window covers count. Documents without annotation count only for faithfulness and
    accuracy.

    Args:
        scores: Scores of these documents, or of a sample of them (``--limit``); or several sources: scores
            and imported predictions, measured over the same documents and compared in one table.
        documents: Documents with human rationales.
        select: ``"threshold"``, ``"top_k_gold"``, ``"given"``, or None for all that the methods allow.
        eta: One value per layer, for ``threshold``; None takes the scored model's own, or 1 if it has none.
        eta_from: Where ``eta`` comes from; stored in the provenance.
        absolute: Whether signed methods are ranked and selected by absolute value instead of evidence for
            the target.
        gold: How several annotators make the human rationale; see :func:`~rationale.agreement.gold.standard`.
        same_label: Whether only annotators who gave the document's label count, also for chance and the human
            ceiling. Documents without one are left out.
        sentences: ``mean``, ``sum`` or ``max`` of its words scores a sentence; None measures no sentences.
        sentence_gold: Which sentences are evidence: ``half`` of the words marked, ``any``, or ``stated``.
        groups: ``best``: also with the evidence group that fits best as the rationale.
        resamples: Number of bootstrap resamples.
        seed: Random seed of bootstrap and permutations.
        command: The command that was typed, as shell text; None from Python.

    Returns:
        Records with 95 % intervals, paired comparisons, accuracy, and the value of every pair.

    Raises:
        ScoresError: If the scores do not belong to the documents, hold a value that is not a finite number,
            two sources have a method of one name, or ``select``, ``eta`` or ``resamples`` is invalid.
        DataError: If ``gold`` is unknown, no document says who marked what, or ``same_label`` leaves nobody.
    """
    sources, golds = Sources.of(scores), standard(documents, gold, same_label=same_label)
    check_choices(sentences=sentences, sentence_gold=sentence_gold, groups=groups)
    _check_groups(groups, documents)
    asked = AgreementOptions(
        absolute=absolute,
        resamples=resamples,
        seed=seed,
        soft=golds.gold in ("soft", "each"),
        sentences=sentences,
        sentence_gold=sentence_gold,
        groups=groups,
    )
    given = [settings_for(one, asked, select, None if is_imported(one.recipe) else eta) for one in sources]
    for source in sources:
        check_keys(source, documents)
    of_sources = [measure_against(one, golds, options) for one, options in zip(sources, given, strict=True)]
    measured = join([*of_sources, *_references(of_sources, sources, golds, given[0])], documents)
    settings = replace(
        given[0], select=tuple(name for name in SELECTIONS if any(name in one.select for one in given))
    )
    merged = _with_references(sources.recipe, measured)
    stored_settings = replace(
        _stored_settings(settings, measured, documents, golds, _baselines(merged)),
        eta_from=eta_from,
        notes=tuple(note for one, own in zip(sources, given, strict=True) for note in notes_on(own, one)),
        changed_since_scoring=changed_since_scoring(sources.main, documents),
        command=command,
    )
    recipe = agreement_of(merged, stored_settings)
    imported = [one for one, source in zip(of_sources, sources, strict=True) if is_imported(source.recipe)]
    return _agreement(measured, imported, sources.main, settings, recipe)


def _check_groups(groups: str | None, documents: Documents) -> None:
    if groups is not None and any(document.marks for document in documents):
        raise ScoresError(
            "evidence groups of several annotators are not alternatives", remedy="Leave --groups out."
        )


def _baselines(recipe: Provenance) -> list[str]:
    return [name for name in recipe.methods if is_baseline(name, recipe)]


def _agreement(
    measured: Measured,
    imported: Sequence[Measured],
    main: Scores,
    settings: AgreementOptions,
    recipe: AgreementProvenance,
) -> Agreement:
    """Makes estimates and paired tests of what was measured; ``imported`` are the sources of predictions."""
    named = [name for name in recipe.methods if is_imported(recipe, name)]
    return Agreement(
        recipe=recipe,
        records=tuple(sorted(_records(measured, settings, recipe), key=_order(measured))),
        comparisons=compare_methods(
            measured.without(HUMAN),
            settings,
            everywhere=[*_baselines(recipe), *named],
            selecting=selecting(recipe),
        ),
        classification=classification(
            _classes(measured, main),
            measured.predicted,
            main.labels,
            resamples=settings.resamples,
            seed=settings.seed,
            confidence=settings.confidence,
        ),
        subsets=tuple(
            replace(estimate, subset=name)
            for one in imported
            for name, pairs in subsets(one).items()
            for estimate in _records(one.only(pairs), settings, recipe)
        ),
        per_document=pair_table(measured),
    )


def _references(
    of_sources: Sequence[Measured],
    sources: Sources,
    golds: Standard,
    settings: AgreementOptions,
) -> Iterator[Measured]:
    """Yields chance and the human ceiling, where annotators are known; chance also beside predictions."""
    if golds.counts is not None or any(is_imported(one.recipe) for one in sources):
        keys = dict.fromkeys(key for one in of_sources for key in one.keys)
        yield chance(keys, golds)
        if golds.gold == "each" and golds.several:
            yield human_ceiling(golds, settings)


def _with_references(recipe: Provenance, measured: Measured) -> Provenance:
    """The provenance of the sources, with chance and the human ceiling where they were measured."""
    used = {place.method for place in measured.parts}
    references = {CHANCE: RANDOM_ORDER, HUMAN: CEILING}
    added = {name: method for name, method in references.items() if name in used}
    return replace(recipe, methods={**recipe.methods, **added})


def _classes(measured: Measured, scores: Scores) -> list[str | None]:
    """Returns the gold labels; None for a model with one output, which predicts a number and not a class."""
    return list(measured.gold) if len(scores.labels) > 1 else [None] * len(measured.gold)


def _records(measured: Measured, settings: AgreementOptions, recipe: Provenance) -> Iterator[Estimate]:
    """Yields one estimate per place; all places of one metric share a matrix product."""
    for name, metric in metrics.items():
        places = [place for place in measured.parts if place.metric == name]
        if not places:
            continue
        parts = np.stack([measured.parts[place] for place in places], axis=1)
        possible = len(measured.keys) if metric.of_documents else int(measured.annotated.sum())
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
    golds: Standard,
    baselines: Sequence[str],
) -> AgreementSettings:
    words, uncovered = measured.words
    counts = golds.counts and with_agreement(
        golds.counts,
        golds.marked,
        resamples=settings.resamples,
        seed=settings.seed,
        confidence=settings.confidence,
    )
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
        unscored=len(documents) - len(measured.keys),
        unannotated=int((~measured.annotated).sum()),
        words=words,
        uncovered_words=uncovered,
        gold=golds.gold,
        same_label=golds.other_labels,
        annotators=counts,
        sentences=settings.sentences,
        sentence_gold=settings.sentence_gold if settings.sentences else None,
        groups=settings.groups,
        versions={name: version(name) for name in ("rationale", "numpy", "scikit-learn")},
    )
