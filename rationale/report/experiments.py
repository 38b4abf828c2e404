"""Shared parts of the reports of experiments: several seeds as one interval, and the page."""

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
    """Returns one seed's interval over documents, or the mean and range over several seeds.

    Args:
        cells: One interval per seed of a setting; the result is not defined if one of several is not.
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
        model: The model.
        reported: The source of the evaluation documents.
        split: Their split.
        heading: The question that the experiment answers.
        title: The name of the experiment.
        sections: The sections, in order.
        measured: What was measured.
        commands: The commands that were typed, as shell text; None is left out.
        overwrite: Whether an existing file is replaced.
    """
    subject = f"{model} on {reported}" + (f", {split}" if split else "")
    page = render(
        "study.html",
        heading=heading,
        title=f"{title}: {subject}",
        subtitle=subject,
        sections=sections,
        measured=measured,
        commands="\n\n".join(wrapped(command) for command in commands if command is not None),
    )
    return atomic_text(out, page, overwrite=overwrite)
