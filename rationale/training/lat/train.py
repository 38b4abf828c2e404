"""LAT from a checkpoint to a finished folder: fine-tuning, any lengths, and the search over dev."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from rationale.artifacts.artifact import Artifact
from rationale.artifacts.content import same
from rationale.artifacts.record import Json, to_json
from rationale.dropping.flops import Costs
from rationale.dropping.lat import LAT
from rationale.dropping.model import DroppingModel, wrap
from rationale.dropping.run import hard
from rationale.errors import OutputError
from rationale.loading.checks import usable_device
from rationale.loading.identity import weights_hash
from rationale.tokens import Packed, run_windows
from rationale.training.dropping.choice import within_a_point
from rationale.training.dropping.stages import Stages, TrainedDropping
from rationale.training.encoding import Encoded
from rationale.training.lat.evolution import Bounds, Lengths, front, search
from rationale.training.lat.options import LATOptions
from rationale.training.lat.trainer import LATTrainer
from rationale.training.trainer import ClassifierTrainer, build_trainer

log = logging.getLogger(__name__)

_BATCH = 64


def train_lat(stages: Stages, options: LATOptions) -> TrainedDropping:
    """Learns any lengths in OUT.any-length, and searches lengths over the dev documents.

    OUT has the lengths that the options ask for (:class:`LATOptions`), those with the best figure where none
    serve; all of the Pareto front stand in its ``training.json``.
    """
    learn = options.learning()
    bounds = Bounds(
        int(stages.prepared.start.model.config.num_hidden_layers),
        max(stages.prepared.rows.lengths),
        options.length_drop,
    )
    learnt = stages.between(
        "any-length",
        learn,
        lambda folder: _trainer(folder, stages, learn, bounds),
        {"longest": bounds.longest},
    )
    found = _search(stages, learnt, bounds, options)  # of OUT.search.json, which a killed search goes on from
    full = found[bounds.upper][0]
    chosen = _chosen(found, stages.first.dev(options.metric), options.speedup and full / options.speedup)
    made = wrap(learnt.backbone, "lat", {**learnt.system.settings, "lengths": list(chosen)})
    pareto = [_told(one, *measured, full, options.metric) for one, measured in front(found)]
    best = _told(chosen, *found[chosen], full, options.metric)
    told = {"options": asdict(options), "best": best, "front": pareto, "searched": len(found)}
    return stages.save("any-length", made, told)


def _trainer(folder: Path, stages: Stages, options: LATOptions, bounds: Bounds) -> ClassifierTrainer:
    start = stages.plain()
    model = wrap(start.start.model, "lat", {"protect_cls": options.protect_cls})
    return build_trainer(
        folder,
        start,
        options,
        LATTrainer,
        model=model,
        bounds=bounds,
        lat=options,
        compute_loss_func=None,
        compute_metrics=stages.metrics(model),
    )


def _search(
    stages: Stages, model: DroppingModel, bounds: Bounds, options: LATOptions
) -> dict[Lengths, tuple[float, float]]:
    dev = stages.prepared.dev_rows
    if dev is None:
        raise TypeError("the search needs dev documents")
    memory = stages.out.with_name(f"{stages.out.name}.search.json")
    about = Memory(weights_hash(model), to_json(stages.prepared.recipe.dev), options.metric)
    total = 2 + options.population + 2 * options.iterations * options.offspring
    with tqdm(total=total, desc="search", unit="lengths", leave=False, disable=None) as bar:
        judge = _Judge(model, dev, about, memory, bar, options.device)
        return search(
            judge.cost,
            judge.figure,
            bounds,
            iterations=options.iterations,
            population=options.population,
            offspring=options.offspring,
            seed=options.seed,
        )


@dataclass(frozen=True)
class Judged:
    """A configuration and its dev figure."""

    lengths: tuple[int, ...]
    figure: float


@dataclass(frozen=True)
class Memory:
    """What a search has judged, so that a killed one judges nothing twice.

    Attributes:
        model: The hash of the weights that were run.
        dev: The documents they were run on.
        metric: What was measured.
        judged: The configurations.
    """

    model: str
    dev: Json
    metric: str
    judged: tuple[Judged, ...] = ()


MEMORIES = Artifact("lat memory", Memory)


class _Judge:
    """Operations and dev figure of a configuration; figures that were found once are kept in a file."""

    def __init__(
        self,
        model: DroppingModel,
        dev: Encoded,
        about: Memory,
        memory: Path,
        bar: Any,
        device: str,
    ) -> None:
        model.eval().to(usable_device(device))  # type: ignore[no-untyped-call]
        self._model, self._dev, self._about, self._memory, self._bar = model, dev, about, memory, bar
        self._costs = Costs.of(model.encoder, model.system)
        self._known = _remembered(memory, about)

    def cost(self, lengths: Lengths) -> float:
        """Operations of a dev document, the mean: each layer keeps so many, or all there are."""
        sizes = np.array(self._dev.lengths)
        tokens_kept = np.minimum(np.array(lengths)[:, None], sizes)
        return float(self._costs.dropped(tokens_kept, sizes).mean())

    def figure(self, lengths: Lengths) -> float:
        """The dev documents' figure, run hard."""
        if lengths not in self._known:
            self._known[lengths] = self._measure(lengths)
            judged = tuple(Judged(one, figure) for one, figure in self._known.items())
            MEMORIES.write(self._memory, replace(self._about, judged=judged), overwrite=True)
        self._bar.update()
        return self._known[lengths]

    def _measure(self, lengths: Lengths) -> float:
        system: LAT = self._model.system  # type: ignore[assignment]
        with system.using(lengths):
            outputs = run_windows(self._dev.windows, _BATCH, self._outputs, device=self._model.device)
            return self._dev.judge(list(outputs))[self._about.metric]

    def _outputs(self, packed: Packed, places: list[int]) -> list[Any]:
        outputs = hard(self._model.encoder, self._model.system, packed).logits.float().cpu().numpy()
        sizes = [self._dev.lengths[i] for i in places]
        return [row[:n] if row.ndim > 1 else row for row, n in zip(outputs, sizes, strict=True)]


def _remembered(memory: Path, about: Memory) -> dict[Lengths, float]:
    """What an earlier search of the same model, data and metric has judged, unless it was changed since."""
    if not memory.exists():
        return {}
    try:
        found, seal = MEMORIES.open(memory, note=False)
    except OutputError as error:
        log.warning("%s: judged again: %s", error.where, error.what)
        return {}
    if seal is None or not same(to_json(replace(found, judged=())), to_json(about)):
        return {}
    return {one.lengths: one.figure for one in found.judged}


def _told(lengths: Lengths, cost: float, figure: float, full: float, metric: str) -> dict[str, Any]:
    return {"lengths": list(lengths), f"dev_{metric}": round(figure, 6), "dev_speedup": round(full / cost, 6)}


def _chosen(found: dict[Lengths, tuple[float, float]], best: float | None, most: float | None) -> Lengths:
    """The best that cost at most ``most``; where that is None, the cheapest within a point of ``best``."""
    if most is None:
        within = [one for one, (_, figure) in found.items() if within_a_point(figure, best)]
        if within:
            return min(within, key=lambda one: (found[one][0], -found[one][1]))
        return _best(found, found)
    cheap = [one for one, (cost, _) in found.items() if cost <= most]
    if not cheap:
        log.warning(
            "no lengths are as cheap as was asked: those that cost least are taken; raise --length-drop"
        )
    return _best(found, cheap or [min(found, key=lambda one: found[one][0])])


def _best(found: dict[Lengths, tuple[float, float]], among: Iterable[Lengths]) -> Lengths:
    return max(among, key=lambda one: (found[one][1], -found[one][0]))
