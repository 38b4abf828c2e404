"""The options of a randomisation check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from rationale.errors import RationaleError
from rationale.scores.methods import METHODS, Baseline, one_pass_methods
from rationale.scores.options import ScoreOptions
from rationale.study.sanity.names import Draw, Mode
from rationale.tokens import Protocol


@dataclass(frozen=True)
class SanityOptions:
    """How to check.

    Attributes:
        methods: Names of score methods, each once; empty for those of one pass.
        layers: The layers of their scores; None takes each method's usual one: the first of a gradient
            method, the last of the others.
        mode: ``cascade`` or ``independent``; see :class:`SanitySettings`.
        draw: ``init`` or ``shuffle``.
        seeds: Seeds of the re-drawn weights.
        k_share: Share of a document's words that are its best, above 0 and at most 1.
        protocol: How documents longer than the model's input are read.
        batch_size: Windows a batch; None lets the device decide.
        resamples: Number of bootstrap resamples.
        seed: Random seed of the methods and of the bootstrap.
    """

    methods: Sequence[str] = ()
    layers: Sequence[int] | None = None
    mode: Mode = "cascade"
    draw: Draw = "init"
    seeds: Sequence[int] = (0, 1, 2)
    k_share: float = 0.1
    protocol: Protocol = "document"
    batch_size: int | None = None
    resamples: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        for name, value, known in (("mode", self.mode, get_args(Mode)), ("draw", self.draw, get_args(Draw))):
            if value not in known:
                raise RationaleError(f"no {name} is called {value!r}", remedy=f"Known: {', '.join(known)}.")
        if not self.seeds or len(set(self.seeds)) < len(self.seeds):
            raise RationaleError(
                f"the seeds are {', '.join(map(str, self.seeds)) or 'none'}, expected at least one, each once"
            )
        if not 0 < self.k_share <= 1:
            raise RationaleError(f"the share of best words is {self.k_share}, expected above 0 and at most 1")

    @property
    def scoring(self) -> ScoreOptions:
        """The options of scoring.

        Raises:
            RationaleError: Where a method is unknown, named twice, or does not read the model.
        """
        options = ScoreOptions(
            tuple(self.methods) or one_pass_methods(),
            protocol=self.protocol,
            batch_size=self.batch_size,
            seed=self.seed,
        )
        for name in options.methods:
            if isinstance(METHODS.get(name), Baseline):
                raise RationaleError(
                    f"{name} does not read the model, so its scores cannot change with the model's weights",
                    remedy="Name a method that does; `rationale list methods` lists all.",
                )
        return options
