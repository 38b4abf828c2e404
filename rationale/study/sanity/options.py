"""The options of a randomisation check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

from rationale.errors import RationaleError
from rationale.loading.classifier import Classifier
from rationale.scores.families import meant_layer
from rationale.scores.methods import METHODS, Baseline, one_pass_methods
from rationale.scores.options import NaopcOptions, ScoreOptions
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
        random_orders: Random orders of each document's words whose AOPC is measured beside each method's; 0
            leaves AOPC and NAOPC out.
        naopc_words: The most words of a document for NAOPC; 0 leaves it out.
        resamples: Number of bootstrap resamples.
        seed: Random seed of the methods, of the random orders and of the bootstrap.
    """

    methods: Sequence[str] = ()
    layers: Sequence[int] | None = None
    mode: Mode = "cascade"
    draw: Draw = "init"
    seeds: Sequence[int] = (0, 1, 2)
    k_share: float = 0.1
    protocol: Protocol = "document"
    batch_size: int | None = None
    random_orders: int = 5
    naopc_words: int = 60
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
        if min(self.random_orders, self.naopc_words) < 0:
            raise RationaleError(
                f"there are {self.random_orders} random orders and NAOPC of {self.naopc_words} words, "
                "expected at least 0 each"
            )

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

    @property
    def naopc(self) -> NaopcOptions | None:
        """How NAOPC is measured; None where it is left out."""
        return NaopcOptions(words=self.naopc_words) if self.random_orders and self.naopc_words else None

    def layers_of(self, classifier: Classifier) -> dict[str, tuple[int, ...]]:
        """The layers of each method that are checked.

        Raises:
            ModelError: Where a method does not fit the model.
            RationaleError: Where a method has none of the requested layers.
        """
        layers = {}
        for name in self.scoring.methods:
            METHODS.get(name).require_fit(classifier)
            known = METHODS.get(name).layers(classifier)
            wanted = (meant_layer(name, known),) if self.layers is None else tuple(dict.fromkeys(self.layers))
            layers[name] = tuple(layer for layer in wanted if layer in known)
            if not layers[name]:
                raise RationaleError(
                    f"{name} has no layer {', '.join(map(str, wanted))}",
                    remedy=f"Layers: {', '.join(map(str, known))}.",
                )
        return layers
