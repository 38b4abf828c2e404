"""The cells of a randomisation check, seed x step: each a sealed file until the check is finished."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rationale.artifacts.artifact import Artifact, require_sealed
from rationale.artifacts.lock import locked
from rationale.artifacts.record import Count, Json
from rationale.errors import OutputError
from rationale.study.cells import CELLS, MADE_OF, claim

T = TypeVar("T")


@dataclass(frozen=True)
class CellValues:
    """The values of one method and layer in one cell, one number a document.

    Attributes:
        method: The score method.
        layer: The layer of its scores.
        spearman: Rank correlation with the original model's scores; None where one side is constant.
        iou: Intersection over union of the k best words.
    """

    method: str
    layer: Count
    spearman: tuple[float | None, ...]
    iou: tuple[float, ...]


@dataclass(frozen=True)
class Cell:
    """The values of one seed and step.

    Attributes:
        seed: Seed of the re-drawn weights.
        step: Number of the step.
        values: One entry a method and layer.
    """

    seed: int
    step: Count
    values: tuple[CellValues, ...]


@dataclass(frozen=True, kw_only=True)
class OrderValues:
    """AOPC and NAOPC of one order of a document's words, or their means over random orders.

    Attributes:
        method: The score method; None for random orders.
        layer: The layer of its scores; None for random orders.
        aopc_comprehensiveness: Mean over the shares of the grid; None for a document without words.
        aopc_sufficiency: The same.
        naopc_comprehensiveness: None where it was not measured, or no order makes a difference.
        naopc_sufficiency: The same.
    """

    method: str | None
    layer: Count | None
    aopc_comprehensiveness: float | None = None
    aopc_sufficiency: float | None = None
    naopc_comprehensiveness: float | None = None
    naopc_sufficiency: float | None = None


@dataclass(frozen=True)
class DocumentOrders:
    """The values of one document.

    Attributes:
        document: Its number.
        values: Random orders first, then one entry a method and layer.
    """

    document: Count
    values: tuple[OrderValues, ...]


ORDERS = Artifact(
    "AOPC of a document in a randomisation check", DocumentOrders, "Remove it and repeat the command."
)
CELL = Artifact("cell of a randomisation check", Cell, "Remove it and repeat the command.")


@dataclass(frozen=True)
class CellStore:
    """The folder ``OUT.unfinished``, which holds the finished cells of an unfinished check.

    Attributes:
        folder: The folder.
        run: Digest of the record of what the cells are made of; every cell's seal names it.
    """

    folder: Path
    run: str

    def read(self, seed: int, step: int) -> Cell | None:
        """The finished cell; None where it is to be computed.

        Raises:
            OutputError: Where it was changed, has no seal, or belongs to another check.
        """
        path = self._path(seed, step)
        return self._open(CELL, path, lambda cell: (cell.seed, cell.step) == (seed, step))

    def write(self, cell: Cell) -> None:
        """Writes a finished cell."""
        CELL.write(self._path(cell.seed, cell.step), cell, inputs={"run": self.run})

    def read_orders(self, document: int) -> DocumentOrders | None:
        """The finished AOPC of a document; None where it is to be computed.

        Raises:
            OutputError: As :meth:`read`.
        """
        return self._open(ORDERS, self._orders(document), lambda orders: orders.document == document)

    def write_orders(self, orders: DocumentOrders) -> None:
        """Writes the AOPC of a document."""
        ORDERS.write(self._orders(orders.document), orders, inputs={"run": self.run})

    def _open(self, kind: Artifact[T], path: Path, fits: Callable[[T], bool]) -> T | None:
        if not path.exists():
            return None
        cell, seal = kind.open(path, note=False)
        if require_sealed(seal, path).other_inputs({"run": self.run}) or not fits(cell):
            raise OutputError("this cell belongs to another check", where=path, remedy=kind.remedy)
        return cell

    def _orders(self, document: int) -> Path:
        return self.folder / f"orders-{document:05d}.json"

    def _path(self, seed: int, step: int) -> Path:
        return self.folder / f"seed-{seed}.step-{step:02d}.json"


@contextmanager
def cells_of(out: Path, made_of: Json, *, overwrite: bool) -> Iterator[CellStore]:
    """Yields the store of an unfinished check; its folder is removed if the block succeeds.

    Args:
        out: The output of the check.
        made_of: All that decides the cells.
        overwrite: Whether to discard the cells of another check.

    Raises:
        OutputError: Where the folder holds the cells of another check and ``overwrite`` is off, or another
            process is writing there.
    """
    folder = out.with_name(out.name + ".unfinished")
    with locked(folder, "checking"):
        try:
            claim(folder, made_of)
        except OutputError:
            if not overwrite:
                raise
            for path in folder.glob("*.json"):
                path.unlink()
            claim(folder, made_of)
        _, seal = CELLS.open(folder / MADE_OF, note=False)
        yield CellStore(folder, require_sealed(seal, folder / MADE_OF).sha256)
        shutil.rmtree(folder, ignore_errors=True)
