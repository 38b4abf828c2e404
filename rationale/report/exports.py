"""The registry of formats that scores can be exported to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rationale.registry import Registry

if TYPE_CHECKING:
    from rationale.corpus.document import Documents
    from rationale.scores.scored import Scores


@dataclass(frozen=True, slots=True)
class Choice:
    """Which scores are exported, and how words are selected from them.

    Attributes:
        method: A score method; None takes the first.
        layer: One of its layers; None takes the last.
        select: ``threshold``: words with a token that scores at least eta / n. ``top_k_gold``: the k best
            words, k the document's number of rationale words.
        eta: One value per layer, for ``threshold``; None takes the scored model's own, or 1 if it has none.
        absolute: Whether signed methods count by absolute value.
    """

    method: str | None = None
    layer: int | None = None
    select: str = "threshold"
    eta: tuple[float | None, ...] | None = None
    absolute: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """A written export.

    Attributes:
        path: The file.
        method: The method that was exported.
        layer: The layer that was exported.
        lines: Number of annotations written.
        unscored: Number of documents without scores.
        notes: What whoever reads the file has to know.
    """

    path: Path
    method: str
    layer: int
    lines: int
    unscored: int
    notes: tuple[str, ...] = ()


class Exporter(Protocol):
    """Writes scores of documents to one file."""

    def __call__(
        self, scores: Scores, documents: Documents, out: str | Path, choice: Choice, *, overwrite: bool
    ) -> Exported:
        """Writes ``out`` in one step."""
        ...


EXPORTS: Registry[Exporter] = Registry("export format", ["rationale.report.eraser"])
