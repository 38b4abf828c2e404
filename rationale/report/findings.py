"""The findings in a few sentences: each states only what a test supports, and says so if no test can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rationale.agreement.trend import Trend, trends
from rationale.dropping.advice import ALMOST_ALL, drops_nothing
from rationale.metrics.chance import at_chance
from rationale.report.ceilings import share_of_the_way
from rationale.report.results import ALPHA, Results
from rationale.report.table import AtMost, Column, Interval
from rationale.scores.scored import KEPT

if TYPE_CHECKING:
    from rationale.agreement import Agreement
    from rationale.agreement.comparison import Floor, PairedTest

_SHOW = Column("value", "", "interval")
_P = Column("p", "", "p")
_NAMED = 4  # methods named in a sentence; of more the number is given


def findings(agreement: Agreement) -> list[str]:
    """Returns the findings as sentences that the tables support."""
    results = Results(agreement)
    sentences = [
        *_leading(results),
        _against_humans(results),
        _by_layer(results),
        accuracy_finding(agreement),
        *warnings(agreement),
    ]
    return [sentence for sentence in sentences if sentence]


def shown(interval: Interval) -> str:
    """Formats a value and its interval as in the tables."""
    return _SHOW.show(interval)


def p_shown(p: float | None) -> str:
    """Formats a p-value for a sentence.

    >>> p_shown(0.5), p_shown(AtMost(0.02))
    ('p = 0.500', 'p ≤ 0.020, the least this test can give')
    """
    text = _P.show(p)
    if isinstance(p, AtMost) and text.startswith("≤"):
        return f"p {text}, the least this test can give"
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def accuracy_finding(agreement: Agreement) -> str:
    """States the accuracy of the explained model; empty if no label is known."""
    classification = agreement.classification
    if classification.accuracy is None:
        return ""
    value = shown(Interval(classification.accuracy, classification.low, classification.high))
    who = "The model itself is" if agreement.recipe.model.hash else "The imported labels are"
    return f"{who} right with an accuracy of {value} over {classification.n:,} documents."


def warnings(agreement: Agreement) -> list[str]:
    """Warns of a classifier at chance and of a dropping model that drops nothing, each with the next step."""
    results = Results(agreement)
    sentences = [at_chance(agreement.classification)]
    if KEPT in results.methods:
        kept = results.get(KEPT, results.last_layer(KEPT), "selected_share", "threshold")
        if kept is not None and kept.value is not None and kept.value >= ALMOST_ALL:
            system = agreement.recipe.model.system
            sentences.append(drops_nothing(f"{kept.value:.1%} of the words pass the last layer", system))
    return [sentence for sentence in sentences if sentence]


def _leading(results: Results) -> Iterator[str]:
    """States which method is above random scores, and from which others it differs significantly."""
    ranked = results.ranked()
    if not ranked:
        return
    tests = [
        comparison
        for m, layer in ranked
        if (comparison := results.compared(m, layer, results.random)) is not None
    ]
    if not tests:
        yield "No method was compared with random scores: score with --method random too."
        return
    powerless = _powerless(results, tests)
    if powerless:
        yield powerless
        return
    above = [(m, layer) for m, layer in ranked if results.better(m, layer, results.random)]
    if above:
        yield from _leader(results, above[0])
    yield _not_above_random(results)


def _against_humans(results: Results) -> str:
    """States what one human reaches against the others, and the best method's share of the way there."""
    ranked = results.ranked()
    if results.ceiling is None or not ranked:
        return ""
    human, (method, layer) = results.interval(results.ceiling, 0, "ap"), ranked[0]
    best, chance = results.interval(method, layer, "ap"), results.interval(results.chance, 0, "ap")
    way = share_of_the_way(best.value, chance.value, human.value)
    sentence = f"One annotator reaches an AP of {shown(human)} against the others"
    if way is None:
        return f"{sentence}."
    return f"{sentence}; {results.title(method)} goes {way:.0%} of the way there from chance."


def _powerless(results: Results, tests: Sequence[PairedTest]) -> str:
    """Says so if no test against random scores can reach significance, whatever the scores are."""
    floors = [(test, floor) for test in tests if (floor := results.floor(test)) is not None]
    if not floors:
        return f"n = {max(test.n for test in tests)}: too few documents for any test. Score more documents."
    if any(floor.p < ALPHA for _, floor in floors):
        return ""
    test, floor = min(floors, key=lambda pair: pair[1].p)
    return (
        f"n = {test.n:,} documents are too few for any significant difference: after Holm's correction "
        f"for {floor.comparisons:,} comparisons the least p this test can give is {floor.p:.2g}. "
        f"{_remedy(floor)}"
    )


def _remedy(floor: Floor) -> str:
    needed = floor.pairs_needed(ALPHA)
    if needed is None:
        return "Score with fewer methods."
    return f"Score at least {needed:,} documents, or fewer methods."


def _leader(results: Results, place: tuple[str, int]) -> Iterator[str]:
    """States the best method above random, its distance from random, and how others in its layer compare."""
    method, layer = place
    comparison = results.compared(method, layer, results.random)
    if comparison is None:
        return
    difference = shown(Interval(comparison.difference, comparison.low, comparison.high))
    yield (
        f"{_with_value(results, method, layer)} is above random scores "
        f"(AP {shown(results.interval(results.random, 0, 'ap'))}) by {difference} on the same "
        f"{comparison.n:,} documents ({p_shown(results.p_value(comparison))})."
    )
    others = [m for m, _ in results.ranked() if m != method and results.compared(method, layer, m)]
    behind = [m for m in others if results.better(method, layer, m)]
    alike = [m for m in others if m not in behind]
    where = f"in layer {layer}" if results.layered(method) else "on the same documents"
    if behind:
        yield f"Its AP {where} is higher than that of {_names(results, behind)} (p < {ALPHA})."
    if alike:
        yield f"No significant difference {where} from {_names(results, alike)} (p ≥ {ALPHA})."


def _names(results: Results, methods: Sequence[str]) -> str:
    if len(methods) > _NAMED:
        return f"{len(methods)} other methods"
    return ", ".join(map(results.title, methods))


def _with_value(results: Results, method: str, layer: int) -> str:
    where = f" in layer {layer}, its best on these documents" if results.layered(method) else ""
    return f"{results.title(method)} (AP {shown(results.interval(method, layer, 'ap'))}{where})"


def _not_above_random(results: Results) -> str:
    """Names the methods that are above random scores in no layer."""
    weak = []
    for method, _ in results.ranked():
        comparisons = [results.compared(method, layer, results.random) for layer in results.layers(method)]
        tested = any(c is not None and c.p is not None for c in comparisons)
        if tested and not any(
            results.better(method, layer, results.random) for layer in results.layers(method)
        ):
            weak.append(results.title(method))
    if len(weak) == len(results.ranked()) > 1:
        return f"None of the methods is above random scores by AP in any layer (corrected p < {ALPHA})."
    names = ", ".join(weak)
    return f"In no layer above random scores by AP (corrected p < {ALPHA}): {names}." if weak else ""


def _by_layer(results: Results) -> str:
    """Names the methods whose AP rises or falls significantly from the first to the last layer."""
    layers = {method: results.layers(method) for method, _ in results.ranked()}
    changed = [trend for trend in trends(results.agreement, layers) if trend.p < ALPHA]
    clauses = []
    for verb, changes in (
        ("rises for", [t for t in changed if t.rises]),
        ("falls for", [t for t in changed if not t.rises]),
    ):
        if changes:
            clauses.append(f"{verb} {'; '.join(_from_to(results, trend) for trend in changes)}")
    if not clauses:
        return ""
    changes_text = ", and ".join(clauses)
    return f"From the first to the last layer AP {changes_text} (paired permutation test, p < {ALPHA})."


def _from_to(results: Results, trend: Trend) -> str:
    first, last = trend.values
    return f"{results.title(trend.method)}, {first:.3f} to {last:.3f}"
