"""The training procedure of LAT: fine-tune, train with random lengths, search lengths on dev."""

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
    """Trains with random lengths in OUT.any-length, then searches lengths on the dev documents.

    OUT gets the lengths that the options select (:class:`LATOptions`), or the best ones where none qualifies;
    its ``training.json`` lists the Pareto front.
    """
    training = options.learning()
    bounds = Bounds(
        int(stages.prepared.start.model.config.num_hidden_layers),
        max(stages.prepared.rows.lengths),
        options.length_drop,
    )
    trained = stages.between(
        "any-length",
        training,
        lambda folder: _trainer(folder, stages, training, bounds),
        {"longest": bounds.longest},
    )
    configurations = _search(stages, trained, bounds, options)  # resumes from OUT.search.json
    full = configurations[bounds.upper][0]
    chosen = _chosen(
        configurations, stages.first.dev(options.metric), options.speedup and full / options.speedup
    )
    model = wrap(trained.backbone, "lat", {**trained.system.settings, "lengths": list(chosen)})
    pareto = [_entry(lengths, *measured, full, options.metric) for lengths, measured in front(configurations)]
    best = _entry(chosen, *configurations[chosen], full, options.metric)
    entries = {"options": asdict(options), "best": best, "front": pareto, "searched": len(configurations)}
    return stages.save("any-length", model, entries)


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
    identity = Memory(weights_hash(model), to_json(stages.prepared.recipe.dev), options.metric)
    total = 2 + options.population + 2 * options.iterations * options.offspring
    with tqdm(total=total, desc="search", unit="lengths", leave=False, disable=None) as bar:
        judge = _Judge(model, dev, identity, memory, bar, options.device)
        return search(
            judge.cost,
            judge.metric,
            bounds,
            iterations=options.iterations,
            population=options.population,
            offspring=options.offspring,
            seed=options.seed,
        )


@dataclass(frozen=True)
class Judged:
    """A configuration and its dev metric."""

    lengths: tuple[int, ...]
    figure: float


@dataclass(frozen=True)
class Memory:
    """The measured configurations of a search, so that an interrupted search resumes.

    Attributes:
        model: Hash of the weights.
        dev: The dev documents.
        metric: Name of the metric.
        judged: The measured configurations.
    """

    model: str
    dev: Json
    metric: str
    judged: tuple[Judged, ...] = ()


MEMORIES = Artifact("lat memory", Memory)


class _Judge:
    """FLOPs and dev metric of configurations; stores metrics in a file."""

    def __init__(
        self,
        model: DroppingModel,
        dev: Encoded,
        identity: Memory,
        memory: Path,
        bar: Any,
        device: str,
    ) -> None:
        model.eval().to(usable_device(device))  # type: ignore[no-untyped-call]
        self._model, self._dev, self._identity, self._memory, self._bar = model, dev, identity, memory, bar
        self._costs = Costs.of(model.encoder, model.system)
        self._known = _remembered(memory, identity)

    def cost(self, lengths: Lengths) -> float:
        """Mean FLOPs of a dev document, where each layer keeps at most ``lengths`` tokens."""
        sizes = np.array(self._dev.lengths)
        tokens_kept = np.minimum(np.array(lengths)[:, None], sizes)
        return float(self._costs.dropped(tokens_kept, sizes).mean())

    def metric(self, lengths: Lengths) -> float:
        """The metric of a hard run on the dev documents."""
        if lengths not in self._known:
            self._known[lengths] = self._measure(lengths)
            judged = tuple(Judged(configuration, value) for configuration, value in self._known.items())
            MEMORIES.write(self._memory, replace(self._identity, judged=judged), overwrite=True)
        self._bar.update()
        return self._known[lengths]

    def _measure(self, lengths: Lengths) -> float:
        system: LAT = self._model.system  # type: ignore[assignment]
        with system.using(lengths):
            outputs = run_windows(self._dev.windows, _BATCH, self._outputs, device=self._model.device)
            return self._dev.judge(list(outputs))[self._identity.metric]

    def _outputs(self, packed: Packed, indices: list[int]) -> list[Any]:
        outputs = hard(self._model.encoder, self._model.system, packed).logits.float().cpu().numpy()
        sizes = [self._dev.lengths[i] for i in indices]
        return [row[:n] if row.ndim > 1 else row for row, n in zip(outputs, sizes, strict=True)]


def _remembered(memory: Path, identity: Memory) -> dict[Lengths, float]:
    """The metrics that an earlier search of the same model, data and metric stored, if unchanged."""
    if not memory.exists():
        return {}
    try:
        judged, seal = MEMORIES.open(memory, note=False)
    except OutputError as error:
        log.warning("%s: measured again: %s", error.where, error.what)
        return {}
    if seal is None or not same(to_json(replace(judged, judged=())), to_json(identity)):
        return {}
    return {entry.lengths: entry.figure for entry in judged.judged}


def _entry(lengths: Lengths, cost: float, value: float, full: float, metric: str) -> dict[str, Any]:
    return {"lengths": list(lengths), f"dev_{metric}": round(value, 6), "dev_speedup": round(full / cost, 6)}


def _chosen(
    configurations: dict[Lengths, tuple[float, float]], best: float | None, max_cost: float | None
) -> Lengths:
    """Selects the best lengths within ``max_cost``; with None the cheapest within a point of ``best``."""
    if max_cost is None:
        within = [lengths for lengths, (_, value) in configurations.items() if within_a_point(value, best)]
        if within:
            return min(within, key=lambda lengths: (configurations[lengths][0], -configurations[lengths][1]))
        return _best(configurations, configurations)
    cheap = [lengths for lengths, (cost, _) in configurations.items() if cost <= max_cost]
    if not cheap:
        log.warning("no lengths reach the requested speedup: the cheapest are taken; raise --length-drop")
    return _best(
        configurations, cheap or [min(configurations, key=lambda lengths: configurations[lengths][0])]
    )


def _best(configurations: dict[Lengths, tuple[float, float]], among: Iterable[Lengths]) -> Lengths:
    return max(among, key=lambda lengths: (configurations[lengths][1], -configurations[lengths][0]))
