"""A comparison of systems, in memory and on disk, and the papers' rule; nothing here needs torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Annotated

from rationale.artifacts.record import Count, Scalar, least, omitted, read_record, to_json
from rationale.artifacts.seal import read_sealed, sealed
from rationale.artifacts.shape import among
from rationale.errors import DataError
from rationale.evaluation.bands import ByLength, Histograms
from rationale.evaluation.result import DocumentSource, KeptRationale, Speedup
from rationale.files import atomic_json
from rationale.metrics.task import POINT, TITLES

COMPARISON, PLAIN = "comparison.json", "plain"
_KIND = "comparison"


@dataclass(frozen=True, kw_only=True)
class Grid:
    """What all cells of a comparison share.

    Attributes:
        model: The checkpoint that all begin with.
        weights: Its hash; None in comparisons of an earlier version, and so is ``config``.
        config: Its settings.
        train: Fingerprint of the training documents.
        dev: Of those that epochs are chosen by.
        reported: The documents of the tables.
        common: Options of all systems that know them.
    """

    model: str
    weights: str | None = omitted()
    config: object = omitted()
    train: str | None = None
    dev: str | None = None
    reported: DocumentSource
    common: Mapping[str, Scalar]


@dataclass(frozen=True, kw_only=True)
class OnDev:
    """What the training of a cell says of the dev documents.

    Attributes:
        value: Of the metric that cells are compared by.
        speedup: In operations.
        difference: From the plain model of the seed; None of that itself.
    """

    value: float
    speedup: float
    difference: float | None = omitted()


@dataclass(frozen=True)
class AgainstBaseline:
    """The paired difference from the best baseline of the seed that saves no more.

    Attributes:
        cell: That baseline's.
        difference: Of the metric.
        low: Lower end of its interval.
        high: Upper end.
    """

    cell: str
    difference: float
    low: float | None
    high: float | None


@dataclass(frozen=True, kw_only=True)
class GridCell:
    """One system with one setting and seed, beside the others on the same documents.

    Attributes:
        cell: The name of its folder.
        system: Its system, or ``plain``.
        title: What people call that.
        setting: The options it was trained with.
        seed: The random seed.
        metric: What cells are compared by.
        value: Of the metric; None where it is not defined.
        low: Lower end of its interval.
        high: Upper end.
        metrics: All of the evaluation.
        dev: On the dev documents; None without.
        flops_speedup: By how many times fewer operations there are than undropped.
        measured_speedup: By batch size; empty where nothing was timed.
        tokens_kept: The share of the tokens that pass each layer.
        steps: Of the optimizer, over all stages.
        seconds: Of its training; None where that was resumed.
        n: Documents.
        rationale: The kept words against the human rationale; None where there is none.
        lengths: By the length of the documents, where that was asked for.
        difference: From the plain model of the seed; None of a plain model.
        difference_low: Lower end of its interval.
        difference_high: Upper end.
        uninformed: Against the best baseline that saves no more; None where there is none.
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
        """What the cell is called without the seed."""
        return self.cell.rpartition("-seed")[0] or self.cell


@dataclass(frozen=True, kw_only=True)
class GridComparison:
    """Systems beside each other.

    Attributes:
        records: One a cell, the plain ones first.
        recipe: What all cells share.
        lengths: Of training and reported documents, where that was asked for.
    """

    records: Annotated[tuple[GridCell, ...], least(1)]
    recipe: Grid
    lengths: Histograms | None = omitted()

    def save(self, folder: Path, models: Mapping[str, object]) -> None:
        """Writes ``comparison.json``, sealed, over an earlier one.

        Args:
            folder: Of all cells.
            models: The hash of each cell's model.

        Raises:
            OutputError: Where the disk refuses.
        """
        atomic_json(folder / COMPARISON, sealed(to_json(self), _KIND, {"models": models}), overwrite=True)


def load_comparison(path: str | Path) -> GridComparison:
    """The comparison of a folder, or of the ``comparison.json`` in it.

    Raises:
        DataError: Where there is none, or it is none.
    """
    file = Path(path) / COMPARISON if Path(path).is_dir() else Path(path)
    what = "this is no comparison"
    remedy = "Pass the folder that `rationale compare --out` wrote; the same command writes it again."
    content, _ = read_sealed(file, _KIND, error=DataError, remedy=remedy)
    found = read_record(GridComparison, content, file, what=what, error=DataError, remedy=remedy)
    problem = next(filter(None, (_unlike(found, record) for record in found.records)), None)
    if problem:
        raise DataError(f"{what}: {problem}", where=file, remedy=remedy)
    return found


def _unlike(whole: GridComparison, record: GridCell) -> str | None:
    """What a record lacks that others have."""
    first = whole.records[0]
    if record.system != PLAIN and record.difference is None:
        return f"{record.cell} has no 'difference'"
    if whole.lengths is not None and record.lengths is None:
        return f"{record.cell} has no 'lengths'"
    if record.metric != first.metric:
        return f"{record.cell} is of {record.metric}, {first.cell} of {first.metric}"
    if not all(size.isdecimal() for size in record.measured_speedup):
        return f"{record.cell} has a batch size that is no number"
    return None


def fastest_within_a_point(records: Sequence[GridCell]) -> dict[str, list[GridCell]]:
    """The papers' rule: each system's fastest setting that loses at most a point, as all its seeds.

    Chosen on dev where there is one, so that what is reported chose nothing; the mean over seeds counts.
    """
    found: dict[str, tuple[float, list[GridCell]]] = {}
    for cells in by_setting(records):
        system = cells[0].system
        gaps = [record.difference if record.dev is None else record.dev.difference for record in cells]
        there = [gap for gap in gaps if gap is not None]
        if system == PLAIN or len(there) < len(gaps):
            continue
        speed = fmean([r.flops_speedup if r.dev is None else r.dev.speedup for r in cells])
        if fmean(there) >= -POINT - 1e-9 and speed > found.get(system, (0.0, []))[0]:
            found[system] = speed, cells
    return {system: cells for system, (_, cells) in found.items()}


def by_setting(records: Sequence[GridCell]) -> list[list[GridCell]]:
    """The cells of each setting, its seeds together, in the order of the first."""
    found: dict[str, list[GridCell]] = {}
    for record in records:
        found.setdefault(record.setting_name, []).append(record)
    return list(found.values())
