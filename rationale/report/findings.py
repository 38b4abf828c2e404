"""What came out, in a few sentences that the tables bear out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rationale.report.results import Results
from rationale.report.table import Column, Interval

if TYPE_CHECKING:
    from rationale.agreement import Agreement

ALPHA = 0.05
_SHOW = Column("value", "", "interval")
_P = Column("p", "", "p")


def findings(agreement: Agreement) -> list[str]:
    """What came out, in a few sentences that the tables bear out."""
    results = Results(agreement)
    found = [*_leaders(results), _not_above_random(results), _by_layer(results), accuracy(agreement)]
    return [sentence for sentence in found if sentence]


def shown(interval: Interval) -> str:
    """A value and its interval, as in the tables."""
    return _SHOW.show(interval)


def accuracy(agreement: Agreement) -> str:
    """How often the explained model is right, empty where no label is known."""
    found = agreement.classification
    if found.get("accuracy") is None:
        return ""
    value = shown(Interval(found["accuracy"], found["low"], found["high"]))
    return f"The model itself is right with an accuracy of {value} over {found['n']:,} documents."


def _leaders(results: Results) -> Iterator[str]:
    """Who agrees best, who follows, and how far that is from chance."""
    ranked = results.ranked()
    if not ranked:
        return
    among = f" of the {len(ranked)} methods that look at the model" if len(ranked) > 1 else ""
    yield f"{_with_value(results, *ranked[0])} comes closest to the human rationales{among}."
    apart = results.compared(*ranked[0], "random")
    if apart is not None and apart["difference"] is not None:
        gap = shown(Interval(apart["difference"], apart["low"], apart["high"]))
        p = _P.show(apart["p"])
        p = p if p.startswith("<") else f"= {p}"
        yield (
            f"Random scores reach {shown(results.interval('random', 0, 'ap'))}; on the same documents "
            f"{results.title(ranked[0][0])} differs from them by {gap} (corrected p {p})."
        )
    if len(ranked) > 1:
        yield f"{_with_value(results, *ranked[1])} follows."


def _with_value(results: Results, method: str, layer: int) -> str:
    where = f" in layer {layer}, its best on these documents" if results.layered(method) else ""
    return f"{results.title(method)} (AP {shown(results.interval(method, layer, 'ap'))}{where})"


def _not_above_random(results: Results) -> str:
    """Which methods no layer of which is above chance."""
    weak = []
    for method, _ in results.ranked():
        found = [results.compared(method, layer, "random") for layer in results.layers(method)]
        tests = [(c["difference"] or 0.0, c["p"]) for c in found if c is not None and c["p"] is not None]
        if tests and not any(gap > 0 and p < ALPHA for gap, p in tests):
            weak.append(results.title(method))
    if len(weak) == len(results.ranked()) > 1:
        return f"None of the methods is above random scores by AP in any layer (corrected p < {ALPHA})."
    told = ", ".join(weak)
    return f"In no layer above random scores by AP (corrected p < {ALPHA}): {told}." if weak else ""


def _by_layer(results: Results) -> str:
    """Which method gains and which loses most from the first to the last layer."""
    ends = {}
    for method, _ in results.ranked():
        curve = results.curve(method, "ap")
        if len(curve) > 1:
            ends[method] = (curve[0]["value"] or 0.0, curve[-1]["value"] or 0.0)
    gains = sorted(ends, key=lambda method: ends[method][1] - ends[method][0])
    told = []
    if gains and ends[gains[-1]][1] > ends[gains[-1]][0]:
        told.append(f"{results.title(gains[-1])} gains most ({_from_to(*ends[gains[-1]])})")
    if gains and ends[gains[0]][1] < ends[gains[0]][0]:
        told.append(f"{results.title(gains[0])} loses most ({_from_to(*ends[gains[0]])})")
    return f"From the first to the last layer {' and '.join(told)} in AP." if told else ""


def _from_to(first: float, last: float) -> str:
    return f"{first:.3f} to {last:.3f}"
