"""What came out, in a few sentences: each names only what a test supports, and says so where none can."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rationale.agreement.trend import Trend, trends
from rationale.dropping.advice import ALMOST_ALL, drops_nothing
from rationale.metrics.chance import at_chance
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
    """What came out, in a few sentences that the tables bear out."""
    results = Results(agreement)
    found = [*_leading(results), _by_layer(results), accuracy_finding(agreement), *warnings(agreement)]
    return [sentence for sentence in found if sentence]


def shown(interval: Interval) -> str:
    """A value and its interval, as in the tables."""
    return _SHOW.show(interval)


def p_shown(p: float | None) -> str:
    """A p-value as a sentence has it.

    >>> p_shown(0.5), p_shown(AtMost(0.02))
    ('p = 0.500', 'p ≤ 0.020, the least this test can give')
    """
    text = _P.show(p)
    if isinstance(p, AtMost) and text.startswith("≤"):
        return f"p {text}, the least this test can give"
    return f"p {text}" if text.startswith("<") else f"p = {text}"


def accuracy_finding(agreement: Agreement) -> str:
    """How often the explained model is right, empty where no label is known."""
    found = agreement.classification
    if found.accuracy is None:
        return ""
    value = shown(Interval(found.accuracy, found.low, found.high))
    return f"The model itself is right with an accuracy of {value} over {found.n:,} documents."


def warnings(agreement: Agreement) -> list[str]:
    """A classifier that is at chance, and a dropping model that drops nothing, each with the next step."""
    results = Results(agreement)
    told = [at_chance(agreement.classification)]
    if KEPT in results.methods:
        kept = results.get(KEPT, results.last_layer(KEPT), "selected_share", "threshold")
        if kept is not None and kept.value is not None and kept.value >= ALMOST_ALL:
            system = agreement.recipe.model.system
            told.append(drops_nothing(f"{kept.value:.1%} of the words pass the last layer", system))
    return [sentence for sentence in told if sentence]


def _leading(results: Results) -> Iterator[str]:
    """Which method is above random scores, and which others the tests set apart from it."""
    ranked = results.ranked()
    if not ranked:
        return
    tests = [found for m, layer in ranked if (found := results.compared(m, layer, "random")) is not None]
    if not tests:
        yield "No method was compared with random scores: score with --method random too."
        return
    powerless = _powerless(results, tests)
    if powerless:
        yield powerless
        return
    above = [(m, layer) for m, layer in ranked if results.better(m, layer, "random")]
    if above:
        yield from _leader(results, above[0])
    yield _not_above_random(results)


def _powerless(results: Results, tests: Sequence[PairedTest]) -> str:
    """Where no test against random scores can reach significance, whatever the scores are."""
    floors = [(test, floor) for test in tests if (floor := results.floor(test)) is not None]
    if not floors:
        return f"n = {max(test.n for test in tests)}: too few documents for any test. Score more documents."
    if any(floor.p < ALPHA for _, floor in floors):
        return ""
    test, floor = min(floors, key=lambda pair: pair[1].p)
    return (
        f"n = {test.n:,} documents are too few to tell any method from another: after Holm's correction "
        f"for {floor.comparisons:,} comparisons the least p this test can give is {floor.p:.2g}. "
        f"{_remedy(floor)}"
    )


def _remedy(floor: Floor) -> str:
    needed = floor.pairs_needed(ALPHA)
    if needed is None:
        return "Score with fewer methods."
    return f"Score at least {needed:,} documents, or fewer methods."


def _leader(results: Results, place: tuple[str, int]) -> Iterator[str]:
    """The best of those above random, its distance from it, and the others in its layer."""
    method, layer = place
    found = results.compared(method, layer, "random")
    if found is None:
        return
    gap = shown(Interval(found.difference, found.low, found.high))
    yield (
        f"{_with_value(results, method, layer)} is above random scores "
        f"(AP {shown(results.interval('random', 0, 'ap'))}) by {gap} on the same {found.n:,} documents "
        f"({p_shown(results.p_value(found))})."
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
    """Which methods no layer of which is above chance."""
    weak = []
    for method, _ in results.ranked():
        found = [results.compared(method, layer, "random") for layer in results.layers(method)]
        tested = any(c is not None and c.p is not None for c in found)
        if tested and not any(results.better(method, layer, "random") for layer in results.layers(method)):
            weak.append(results.title(method))
    if len(weak) == len(results.ranked()) > 1:
        return f"None of the methods is above random scores by AP in any layer (corrected p < {ALPHA})."
    told = ", ".join(weak)
    return f"In no layer above random scores by AP (corrected p < {ALPHA}): {told}." if weak else ""


def _by_layer(results: Results) -> str:
    """Whose AP a paired test says to rise or fall from the first to the last layer."""
    layers = {method: results.layers(method) for method, _ in results.ranked()}
    changed = [trend for trend in trends(results.agreement, layers) if trend.p < ALPHA]
    told = []
    for verb, some in (
        ("rises for", [t for t in changed if t.rises]),
        ("falls for", [t for t in changed if not t.rises]),
    ):
        if some:
            told.append(f"{verb} {'; '.join(_from_to(results, trend) for trend in some)}")
    if not told:
        return ""
    return (
        f"From the first to the last layer AP {', and '.join(told)} (paired permutation test, p < {ALPHA})."
    )


def _from_to(results: Results, trend: Trend) -> str:
    first, last = trend.values
    return f"{results.title(trend.method)}, {first:.3f} to {last:.3f}"
