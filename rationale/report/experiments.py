"""What reports of experiments share: several seeds as one interval, and the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from rationale.files import atomic_text
from rationale.report.html import render
from rationale.report.prose import Fact
from rationale.report.sections import Section
from rationale.report.table import Interval

Record = Mapping[str, Any]


def over_seeds(cells: Sequence[Record], name: str, low: str = "low", high: str = "high") -> Interval:
    """One seed's own interval over documents; of several the mean, the least and the greatest.

    Args:
        cells: Records of one setting, a seed each.
        name: Where the value stands.
        low: Where the interval's ends stand.
        high: The same.
    """
    if len(cells) == 1:
        return Interval(cells[0][name], cells[0][low], cells[0][high])
    values = [cell[name] for cell in cells]
    return Interval(fmean(values), min(values), max(values))


def write_page(
    out: str | Path,
    recipe: Mapping[str, Any],
    *,
    reported: Mapping[str, Any],
    heading: str,
    title: str,
    sections: Sequence[Section],
    measured: Sequence[Fact],
    overwrite: bool,
) -> Path:
    """Writes an experiment as one offline HTML file.

    Args:
        out: The file.
        recipe: Its ``model`` is named.
        reported: ``source`` and ``split`` of what results are of.
        heading: The question.
        title: What the experiment is called.
        sections: In order.
        measured: What was measured on what.
        overwrite: Whether the file may be replaced.
    """
    split = f", {reported['split']}" if reported["split"] else ""
    subject = f"{recipe['model']} on {reported['source']}{split}"
    page = render(
        "study.html",
        heading=heading,
        title=f"{title}: {subject}",
        subtitle=subject,
        sections=sections,
        measured=measured,
    )
    return atomic_text(out, page, overwrite=overwrite)
