"""The options of scoring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

from rationale.errors import RationaleError
from rationale.metrics.naopc import EXACT_WORDS, MOST_EXACT, Unit
from rationale.scores.methods import METHODS, WindowMethod, default_methods
from rationale.tokens.windows import Protocol

Target = Literal["predicted", "gold"]
Removal = Literal["delete", "mask"]
BINS = (0.01, 0.05, 0.1, 0.2, 0.5)
"""The shares of words over which AOPC averages, as in the ERASER scorer."""


@dataclass(frozen=True)
class NaopcOptions:
    """How NAOPC is measured: what AOPC can reach over all orders of a document's words, and each method's.

    Attributes:
        words: The most words of a document; longer ones are left out, or measured over their sentences, of
            which this is the most, too.
        exact: The most words for limits over all orders, by 2^words forwards; 20 at most.
        beam: Sets of each size that the beam search keeps, for longer documents.
        removal: ``delete`` deletes a word's token ids and the others keep their positions; ``mask`` puts the
            mask token in their place, as in the published set-up.
        units: ``word``, or ``sentence``: of longer documents whole sentences are removed, by the mean score
            of their words.
    """

    words: int = 60
    exact: int = EXACT_WORDS
    beam: int = 5
    removal: Removal = "delete"
    units: Unit = "word"

    def __post_init__(self) -> None:
        if min(self.words, self.beam) < 1 or not 0 <= self.exact <= MOST_EXACT:
            raise RationaleError(
                f"NAOPC has words {self.words}, exact {self.exact} and beam {self.beam}, expected words and "
                f"beam of at least 1 and exact from 0 to {MOST_EXACT}"
            )
        for name, value, known in (
            ("removal", self.removal, get_args(Removal)),
            ("unit", self.units, get_args(Unit)),
        ):
            if value not in known:
                raise RationaleError(f"no {name} is called {value!r}", remedy=f"Known: {', '.join(known)}.")


@dataclass(frozen=True)
class Faithfulness:
    """How to measure the faithfulness of scores by removing words.

    Attributes:
        share: The share of words for comprehensiveness and sufficiency: the mean rationale share of train.
        layers: The layers whose scores are measured; None means the first and the last of each method, and
            all of a method that selects words itself.
        soft: Draws of the soft forms, at least 2; None leaves them out.
        naopc: How NAOPC is measured; None leaves it out.
    """

    share: float
    layers: tuple[int, ...] | None = None
    soft: int | None = None
    naopc: NaopcOptions | None = None

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise RationaleError(f"the rationale share is {self.share}, expected above 0 and at most 1")
        if self.soft is not None and self.soft < 2:
            raise RationaleError(
                f"soft faithfulness has {self.soft} draws, expected at least 2",
                remedy="10 draws are customary.",
            )


@dataclass(frozen=True)
class ScoreOptions:
    """How to score.

    Attributes:
        methods: Names of score methods, each once; by default :func:`default_methods`. ``saliency``, the
            papers' name of InputXGradient, becomes ``input_x_gradient``.
        target: The logit that is differentiated: the document's predicted class, or its gold label.
        protocol: How documents longer than the model's input are read.
        faithfulness: How to measure faithfulness; None does not.
        batch_size: Windows a batch; None lets the device decide.
        seed: Random seed.
        part_size: Documents a part on disk, which an interruption can lose; None takes 32, 4 where methods or
            faithfulness run the model many times a document, or 1 with NAOPC.
    """

    methods: Sequence[str] = field(default_factory=default_methods)
    target: Target = "predicted"
    protocol: Protocol = "document"
    faithfulness: Faithfulness | None = None
    batch_size: int | None = None
    seed: int = 0
    part_size: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "methods", tuple(map(METHODS.canonical, self.methods)))
        for name in self.methods:
            METHODS.get(name)
        if len(set(self.methods)) < len(self.methods) or not self.methods:
            raise RationaleError(
                f"the score methods are {', '.join(self.methods) or 'none'}, expected at least one, each once"
            )
        if self.target not in get_args(Target):
            raise RationaleError(
                f"no target is called {self.target!r}", remedy=f"Known: {', '.join(get_args(Target))}."
            )
        if any(size is not None and size < 1 for size in (self.part_size, self.batch_size)):
            raise RationaleError(
                f"part_size is {self.part_size} and batch_size {self.batch_size}, expected at least 1 each"
            )

    @property
    def documents_a_part(self) -> int:
        """``part_size``, or its default."""
        if self.faithfulness and self.faithfulness.naopc:
            return self.part_size or 1
        slow = self.faithfulness or any(isinstance(METHODS.get(name), WindowMethod) for name in self.methods)
        return self.part_size or (4 if slow else 32)

    def windows_a_batch(self, device: str) -> int:
        """``batch_size``, or its default: 8 windows on a CPU, where more gains nothing, 64 on a GPU."""
        return self.batch_size or (8 if device == "cpu" else 64)
