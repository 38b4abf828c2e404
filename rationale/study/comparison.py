"""What a comparison of systems leaves on disk, and the papers' rule; without the libraries that made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from rationale.artifacts.seal import read_sealed
from rationale.artifacts.shape import require
from rationale.errors import DataError
from rationale.metrics.task import POINT
from rationale.study.shapes import COMPARISON as COMPARED

COMPARISON, _KIND = "comparison.json", "comparison"
Record = Mapping[str, Any]
_AGAINST_PLAIN = {"difference", "difference_low", "difference_high"}


def load_comparison(path: str | Path) -> dict[str, Any]:
    """What :func:`compare` returned, from its folder or the ``comparison.json`` in it.

    Raises:
        DataError: Where there is none, or it is none.
    """
    file = Path(path) / COMPARISON if Path(path).is_dir() else Path(path)
    remedy = "Pass the folder that `rationale compare --out` wrote; the same command writes it again."
    content, _ = read_sealed(file, _KIND, error=DataError, remedy=remedy)
    require(content, COMPARED, file, error=DataError, what="this is no comparison", remedy=remedy)
    problem = _unlike(content)
    if problem:
        raise DataError(f"this is no comparison: {problem}", where=file, remedy=remedy)
    return content


def _unlike(content: Mapping[str, Any]) -> str | None:
    """What records lack that others have."""
    first = content["records"][0]
    for record in content["records"]:
        lacking = sorted(_AGAINST_PLAIN - record.keys()) if record["system"] != "plain" else []
        lacking += ["lengths"] if "lengths" in content and "lengths" not in record else []
        if lacking:
            return f"{record['cell']} has no {lacking[0]!r}"
        if record["metric"] != first["metric"]:
            return f"{record['cell']} is of {record['metric']}, {first['cell']} of {first['metric']}"
        if not all(size.isdecimal() for size in record["measured_speedup"]):
            return f"{record['cell']} has a batch size that is no number"
    return None


def fastest_within_a_point(records: Sequence[Record]) -> dict[str, list[Record]]:
    """The papers' rule: each system's fastest setting that loses at most a point, as all its seeds.

    Chosen on dev where there is one, so that what is reported chose nothing; the mean over seeds counts.
    """
    found: dict[str, tuple[float, list[Record]]] = {}
    for cells in by_setting(records):
        system = cells[0]["system"]
        judged = [record["dev"] or record for record in cells]
        if system == "plain" or any("difference" not in one for one in judged):
            continue
        speed = fmean(
            [one.get("speedup", record["flops_speedup"]) for one, record in zip(judged, cells, strict=True)]
        )
        near = fmean([one["difference"] for one in judged]) >= -POINT - 1e-9
        if near and speed > found.get(system, (0.0, []))[0]:
            found[system] = speed, cells
    return {system: cells for system, (_, cells) in found.items()}


def by_setting(records: Sequence[Record]) -> list[list[Record]]:
    """The cells of each setting, its seeds together, in the order of the first."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(setting_of(record), []).append(record)
    return list(found.values())


def setting_of(record: Record) -> str:
    """What its cell is called without the seed."""
    return str(record["cell"]).rpartition("-seed")[0] or str(record["cell"])
