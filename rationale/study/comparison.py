"""A comparison of systems in memory and on disk, and the papers' selection rule; free of torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Annotated

from rationale.artifacts.artifact import Artifact
from rationale.artifacts.record import Count, Scalar, least, omitted
from rationale.artifacts.shape import among
from rationale.errors import DataError
from rationale.evaluation.bands import ByLength, Histograms
from rationale.evaluation.result import DocumentSource, KeptRationale, Speedup
from rationale.metrics.task import POINT, TITLES

COMPARISON, PLAIN = "comparison.json", "plain"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The inputs and options that all cells of a comparison share.

    Attributes:
        model: The checkpoint that every training starts from.
        weights: Its hash; None in comparisons of an earlier version, and so is ``config``.
        config: Its configuration.
        train: Fingerprint of the training documents.
        dev: Fingerprint of the validation documents for checkpoint selection.
        reported: The documents of the tables.
        common: Options of every system that has them.
        command: The command that was typed, as shell text; None where it was Python or an earlier version.
    """

    model: str
    weights: str | None = omitted()
    config: object = omitted()
    train: str | None = None
    dev: str | None = None
    reported: DocumentSource
    common: Mapping[str, Scalar]
    command: str | None = omitted(compare=False)


@dataclass(frozen=True, kw_only=True)
class OnDev:
    """The metric of a cell on the dev documents, from its training.

    Attributes:
        value: The metric that cells are compared by.
        speedup: Speedup in FLOPs.
        difference: Difference from the plain model of the seed; None for that model.
    """

    value: float
    speedup: float
    difference: float | None = omitted()


@dataclass(frozen=True)
class AgainstBaseline:
    """The paired difference from the best baseline of the seed that is no faster.

    Attributes:
        cell: The cell of that baseline.
        difference: Difference in the metric.
        low: Lower end of its interval.
        high: Upper end.
    """

    cell: str
    difference: float
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class GridCell:
    """The results of one system with one setting and seed.

    Attributes:
        cell: Name of the cell's folder.
        system: Name of the system, or ``plain``.
        title: Display name of the system.
        setting: The options that distinguish its training.
        seed: The random seed.
        metric: Name of the metric that cells are compared by.
        value: The metric; None where it is undefined.
        low: Lower end of its interval.
        high: Upper end.
        metrics: All metrics of the evaluation.
        dev: Results on the dev documents; None without any.
        flops_speedup: FLOPs without dropping over FLOPs with it.
        measured_speedup: Measured speedup by batch size; empty where nothing was timed.
        tokens_kept: The share of tokens that each layer keeps.
        steps: Optimizer steps over all stages.
        seconds: Duration of its training; None where that was resumed.
        n: Number of documents.
        rationale: The kept words against the human rationale; None where there is none.
        lengths: Results by document length, where requested.
        difference: Difference from the plain model of the seed; None for a plain model.
        difference_low: Lower end of its interval.
        difference_high: Upper end.
        uninformed: Difference from the best uninformed baseline that is no faster; None without one.
    """

    cell: str
    system: str
    title: str
    setting: Mapping[str, Scalar]
    seed: int
    metric: Annotated[str, among(*TITLES)]
    value: float | None
    low: float | None
    high: float | None
    metrics: Mapping[str, Scalar] | None = omitted()
    dev: OnDev | None
    flops_speedup: float
    measured_speedup: Mapping[str, Speedup]
    tokens_kept: Annotated[tuple[float, ...], least(1)]
    steps: Count
    seconds: float | None
    n: Count
    rationale: KeptRationale | None
    lengths: ByLength | None = omitted()
    difference: float | None = omitted()
    difference_low: float | None = omitted(without="difference")
    difference_high: float | None = omitted(without="difference")
    uninformed: AgainstBaseline | None

    @property
    def setting_name(self) -> str:
        """The name of the cell without the seed."""
        return self.cell.rpartition("-seed")[0] or self.cell


@dataclass(frozen=True, kw_only=True)
class GridComparison:
    """The results of all cells.

    Attributes:
        records: One record per cell, plain cells first.
        recipe: The inputs and options that all cells share.
        lengths: Length histograms of the training and reported documents, where requested.
    """

    records: Annotated[tuple[GridCell, ...], least(1)]
    recipe: Grid
    lengths: Histograms | None = omitted()

    def save(self, folder: Path, models: Mapping[str, object]) -> None:
        """Writes ``comparison.json``, sealed, over an earlier one.

        Args:
            folder: The folder of the comparison.
            models: The hash of each cell's model.

        Raises:
            OutputError: Where the disk refuses.
        """
        COMPARISONS.write(folder / COMPARISON, self, inputs={"models": models}, overwrite=True)


COMPARISONS = Artifact(
    "comparison",
    GridComparison,
    "Pass the folder that `rationale compare --out` wrote; the same command writes it again.",
    "this is no comparison",
    DataError,
)


def load_comparison(path: str | Path) -> GridComparison:
    """Loads a comparison from its folder or its ``comparison.json``.

    Raises:
        DataError: Where the file is missing, damaged, or of another kind.
    """
    file = Path(path) / COMPARISON if Path(path).is_dir() else Path(path)
    comparison = COMPARISONS.read(file)
    problem = next(filter(None, (_inconsistency(comparison, record) for record in comparison.records)), None)
    if problem:
        raise DataError(f"{COMPARISONS.what}: {problem}", where=file, remedy=COMPARISONS.remedy)
    return comparison


def _inconsistency(whole: GridComparison, record: GridCell) -> str | None:
    """The first way in which a record does not fit the others; None where it fits."""
    first = whole.records[0]
    if record.system != PLAIN and record.difference is None:
        return f"{record.cell} has no 'difference'"
    if whole.lengths is not None and record.lengths is None:
        return f"{record.cell} has no 'lengths'"
    if record.metric != first.metric:
        return f"{record.cell} is of {record.metric}, {first.cell} of {first.metric}"
    if not all(size.isdecimal() for size in record.measured_speedup):
        return f"{record.cell} has a batch size that is not a number"
    return None


def fastest_within_a_point(records: Sequence[GridCell]) -> dict[str, list[GridCell]]:
    """Selects the fastest setting of each system that loses at most one point, as in the papers.

    Selects by the mean over seeds on dev documents, or on the reported documents without any.

    Returns:
        The cells of the selected setting, one per seed, by system.
    """
    fastest: dict[str, tuple[float, list[GridCell]]] = {}
    for cells in by_setting(records):
        system = cells[0].system
        differences = [record.difference if record.dev is None else record.dev.difference for record in cells]
        known = [gap for gap in differences if gap is not None]
        if system == PLAIN or len(known) < len(differences):
            continue
        speed = fmean([r.flops_speedup if r.dev is None else r.dev.speedup for r in cells])
        if fmean(known) >= -POINT - 1e-9 and speed > fastest.get(system, (0.0, []))[0]:
            fastest[system] = speed, cells
    return {system: cells for system, (_, cells) in fastest.items()}


def by_setting(records: Sequence[GridCell]) -> list[list[GridCell]]:
    """Groups cells by setting, over seeds, in the order in which settings first occur."""
    cells: dict[str, list[GridCell]] = {}
    for record in records:
        cells.setdefault(record.setting_name, []).append(record)
    return list(cells.values())
