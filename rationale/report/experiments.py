"""What reports of experiments share: several seeds as one interval, and the page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from rationale.files import atomic_text
from rationale.report.html import render
from rationale.report.prose import Fact, wrapped
from rationale.report.sections import Section
from rationale.report.table import Interval


def over_seeds(cells: Sequence[Interval]) -> Interval:
    """One seed's own interval over documents; of several the mean, the least and the greatest value.

    Args:
        cells: Of one setting, a seed each; not defined where one of several is not.
    """
    if len(cells) == 1:
        return cells[0]
    values = [cell.value for cell in cells if cell.value is not None]
    return Interval(fmean(values), min(values), max(values)) if len(values) == len(cells) else Interval(None)


def write_page(
    out: str | Path,
    model: str,
    *,
    reported: str,
    split: str | None,
    heading: str,
    title: str,
    sections: Sequence[Section],
    measured: Sequence[Fact],
    commands: Sequence[str | None],
    overwrite: bool,
) -> Path:
    """Writes an experiment as one offline HTML file.

    Args:
        out: The file.
        model: What results are of.
        reported: The source of the documents that they are of.
        split: Their split.
        heading: The question.
        title: What the experiment is called.
        sections: In order.
        measured: What was measured on what.
        commands: Those that were typed, as shell text; one that is None is not shown.
        overwrite: Whether the file may be replaced.
    """
    subject = f"{model} on {reported}" + (f", {split}" if split else "")
    page = render(
        "study.html",
        heading=heading,
        title=f"{title}: {subject}",
        subtitle=subject,
        sections=sections,
        measured=measured,
        commands="\n\n".join(wrapped(one) for one in commands if one is not None),
    )
    return atomic_text(out, page, overwrite=overwrite)
