"""Systems beside each other: trained, evaluated and held against the human rationale on the same terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from rationale.artifacts.lock import locked
from rationale.artifacts.record import to_json
from rationale.corpus.document import Documents
from rationale.dropping.system import SYSTEMS
from rationale.errors import RationaleError
from rationale.evaluation.evaluate import Timing
from rationale.evaluation.lengths import TokenLengths, by_length, distributions
from rationale.evaluation.result import DocumentSource, Evaluation
from rationale.loading.classifier import load_classifier
from rationale.metrics.names import QA_METRICS
from rationale.metrics.task import interval, paired_difference, task_metric
from rationale.study.cell_results import EVALUATION, TIMING, evaluate_cell, read_times, train_cell
from rationale.study.cells import claim
from rationale.study.comparison import PLAIN, Grid, GridCell, GridComparison, OnDev
from rationale.study.grid import Setting, cell, plain_options
from rationale.study.uninformed import against_uninformed
from rationale.training.dropping.stage import outcome
from rationale.training.fitting import RECIPE
from rationale.training.prepare import starting_point

_RESAMPLES = 2000
BATCHES = (1, 4, 16, 32, 64)
"""Batch sizes that time is measured with: latency, and throughput."""


def compare_systems(
    model: str | Path,
    train: Documents,
    dev: Documents | None,
    reported: Documents,
    out: str | Path,
    settings: Sequence[Setting],
    *,
    common: Mapping[str, Any] | None = None,
    seeds: Sequence[int] = (0,),
    timing: Timing | None = None,
    lengths: bool = False,
) -> GridComparison:
    """Trains and evaluates every setting with every seed; what is there already, made of the same, is kept.

    Args:
        model: The checkpoint all begin with.
        train: Labelled documents.
        dev: What epochs are chosen by.
        reported: The documents of the tables; where they have rationales, the kept set is held against them.
        out: A folder a cell, ``comparison.json`` of all.
        settings: Systems with their options.
        common: Options of all systems that know them.
        seeds: Each trains a plain fine-tuning of its own, which all systems start from.
        timing: As for :func:`evaluate`; measured once a cell, so that a grid made without can be timed when
            the machine is quiet.
        lengths: Whether to add what length has to do with it.

    Raises:
        OutputError: Where a cell was made of other data, settings or another model, or is damaged.
        RationaleError: Where settings or seeds repeat, or a setting cannot be, before anything is trained.
    """
    root, common = Path(out), dict(common or {})
    if len({setting.name for setting in settings}) < len(settings):
        raise RationaleError("a setting is given twice", remedy="Name each once; seeds repeat it.")
    if len(set(seeds)) < len(seeds):
        raise RationaleError(f"a seed is given twice ({', '.join(map(str, seeds))})")
    for one in settings:
        one.check(common, dev)
    metric = plain_options(common, 0).metric
    if metric in QA_METRICS:
        raise RationaleError(
            "answers to questions are not compared", remedy="Train and evaluate each system on its own."
        )
    grid = _grid(model, train, dev, reported, common)
    jobs = [(None, seed) for seed in seeds] + [(setting, seed) for setting in settings for seed in seeds]
    plain: dict[int, tuple[GridCell, Evaluation]] = {}
    evaluated: list[tuple[GridCell, Evaluation]] = []
    ruler = TokenLengths(str(model), plain_options(common, 0).max_length)
    spread = distributions(ruler(train), ruler(reported)) if lengths else None
    with tqdm(jobs, desc="cells", unit="cell", disable=None) as bar:
        for setting, seed in bar:
            name = PLAIN if setting is None else setting.name
            bar.set_postfix_str(f"{name}, seed {seed}")
            folder = cell(root, name, seed)
            before = None if setting is None else plain[seed][1].recipe.model["hash"]
            timed = timing is None or timing.documents > 0
            made = all((folder / name).exists() for name in (EVALUATION, *([TIMING] if timed else [])))
            with nullcontext() if made else locked(folder, "comparing"):  # many may read what is there
                claim(folder, {**to_json(grid), "setting": name, "seed": seed, "plain": before})
                source, seconds = train_cell(setting, seed, folder, root, model, train, dev, common)
                classifier = load_classifier(source)
                found = evaluate_cell(folder, classifier, reported, timing or Timing(batch_sizes=BATCHES))
                record = _record(setting, seed, folder, source, seconds, metric, found)
            if lengths:
                record = replace(record, lengths=by_length(found, classifier, metric))
            if setting is None:
                plain[seed] = record, found
            else:
                record = _against(*plain[seed], record, found)
            evaluated.append((record, found))
    records = tuple(
        replace(own, uninformed=against_uninformed(own, said, evaluated, resamples=_RESAMPLES))
        for own, said in evaluated
    )
    comparison = GridComparison(records=records, recipe=grid, lengths=spread)
    comparison.save(root, {own.cell: said.recipe.model["hash"] for own, said in evaluated})
    return comparison


def _grid(
    model: str | Path, train: Documents, dev: Documents | None, reported: Documents, common: Mapping[str, Any]
) -> Grid:
    start = starting_point(model, train, plain_options(common, 0))
    return Grid(
        model=str(model),
        weights=start.digest,
        config=start.settings,
        train=train.fingerprint,
        dev=None if dev is None else dev.fingerprint,
        reported=DocumentSource(reported.source, reported.split, reported.fingerprint),
        common=common,
    )


def _record(
    setting: Setting | None,
    seed: int,
    folder: Path,
    source: Path,
    seconds: float | None,
    metric: str,
    found: Evaluation,
) -> GridCell:
    gold, said = found.answers()
    low, high = interval(metric, gold, said, resamples=_RESAMPLES)
    times = read_times(folder / TIMING)
    current = times is not None and times.model == found.recipe.model.get("hash")
    return GridCell(
        cell=folder.name,
        system=PLAIN if setting is None else setting.system,
        title="Plain" if setting is None else SYSTEMS.get(setting.system).title,
        setting={} if setting is None else dict(setting.given),
        seed=seed,
        metric=metric,
        value=task_metric(metric, gold, said),
        low=low,
        high=high,
        metrics={name: v for name, v in found.metrics.items() if isinstance(v, int | float)},
        dev=_dev(source, metric),
        flops_speedup=found.flops_speedup,
        measured_speedup=times.measured_speedup if times is not None and current else {},
        tokens_kept=tuple(layer.share for layer in found.tokens_kept),
        steps=_steps(source),
        seconds=seconds,
        n=found.n,
        rationale=found.kept,
        uninformed=None,
    )


def _trained(source: Path) -> Path:
    """The folder of a model's ``training.json``: its own, or for a plain fine-tuning the one above."""
    return source.parent if (source.parent / RECIPE).exists() else source


def _dev(source: Path, metric: str) -> OnDev | None:
    """What ``training.json`` says of the dev documents."""
    best = outcome(_trained(source))["best"]
    if f"dev_{metric}" not in best:
        return None
    return OnDev(value=best[f"dev_{metric}"], speedup=best.get("dev_speedup", 1.0))


def _steps(source: Path) -> int:
    """Optimizer steps of all stages of its own; what was searched out of a stage took none itself."""
    own = _trained(source)
    paths = [own / RECIPE, *own.parent.glob(f"{own.name}.*/{RECIPE}")]
    recipes = [outcome(path.parent) for path in paths]
    return sum(int(recipe["epochs"][-1]["step"]) for recipe in recipes if "searched" not in recipe)


def _against(plain: GridCell, undropped: Evaluation, record: GridCell, found: Evaluation) -> GridCell:
    """With the paired difference from the plain model of the same seed, its interval, and that on dev."""
    gold, said = found.answers()
    gap, low, high = paired_difference(
        record.metric, gold, said, undropped.answers()[1], resamples=_RESAMPLES
    )
    dev, before = record.dev, plain.dev
    if dev and before:
        dev = replace(dev, difference=dev.value - before.value)
    return replace(record, difference=gap, difference_low=low, difference_high=high, dev=dev)
