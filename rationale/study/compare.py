"""The comparison of systems: each trained, evaluated and compared with the human rationale alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from rationale.artifacts.lock import locked
from rationale.artifacts.model import TRAINING
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
from rationale.training.prepare import starting_point
from rationale.training.record import read_training

_RESAMPLES = 2000
BATCHES = (1, 4, 16, 32, 64)
"""Batch sizes of the timing: 1 measures latency, larger ones throughput."""


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
    command: str | None = None,
) -> GridComparison:
    """Trains and evaluates every setting with every seed; keeps finished cells of the same inputs.

    Args:
        model: The checkpoint that every training starts from.
        train: Labelled documents.
        dev: Validation data for checkpoint selection.
        reported: The documents of the tables; kept words are compared with their rationales, if any.
        out: Output folder: one folder per cell, and ``comparison.json``.
        settings: Systems with their options; every one is trained with every seed.
        common: Options of every system that has them.
        seeds: Random seeds; each trains a plain model, which all systems of the seed start from.
        timing: As for :func:`evaluate`; measured once per cell, so that a grid without times can be timed
            later, on an idle machine.
        lengths: Whether to add results by document length.
        command: The typed command, as shell text; None from Python.

    Raises:
        OutputError: Where a cell was made of other data, settings or models, or is damaged.
        RationaleError: Where settings or seeds repeat, or a setting is invalid; before any training.
    """
    root, common = Path(out), dict(common or {})
    _check_request(settings, seeds, common, dev)
    grid = _grid(model, train, dev, reported, common)
    inputs = _Inputs(root, model, train, dev, reported, common, grid, timing, lengths, command)
    token_lengths = TokenLengths(str(model), plain_options(common, 0).max_length)
    histograms = distributions(token_lengths(train), token_lengths(reported)) if lengths else None
    jobs = [(None, seed) for seed in seeds] + [(setting, seed) for setting in settings for seed in seeds]
    plain: dict[int, tuple[GridCell, Evaluation]] = {}
    evaluated: list[tuple[GridCell, Evaluation]] = []
    with tqdm(jobs, desc="cells", unit="cell", disable=None) as bar:
        for setting, seed in bar:
            bar.set_postfix_str(f"{_name(setting)}, seed {seed}")
            record, evaluation = _run_cell(inputs, setting, seed, plain.get(seed))
            if setting is None:
                plain[seed] = record, evaluation
            evaluated.append((record, evaluation))
    records = tuple(
        replace(record, uninformed=against_uninformed(record, evaluation, evaluated, resamples=_RESAMPLES))
        for record, evaluation in evaluated
    )
    comparison = GridComparison(records=records, recipe=replace(grid, command=command), lengths=histograms)
    comparison.save(root, {record.cell: evaluation.recipe.model.hash for record, evaluation in evaluated})
    return comparison


def _check_request(
    settings: Sequence[Setting], seeds: Sequence[int], common: Mapping[str, Any], dev: Documents | None
) -> None:
    """Refuses settings and seeds that repeat, and settings that cannot be trained, before any training."""
    if len({setting.name for setting in settings}) < len(settings):
        raise RationaleError("a setting is given twice", remedy="Name each once; --seeds repeats it.")
    if len(set(seeds)) < len(seeds):
        raise RationaleError(f"a seed is given twice ({', '.join(map(str, seeds))})")
    for setting in settings:
        setting.check(common, dev)
    if plain_options(common, 0).metric in QA_METRICS:
        raise RationaleError(
            "question-answering models are not compared", remedy="Train and evaluate each system on its own."
        )


@dataclass(frozen=True)
class _Inputs:
    """What all cells are trained and evaluated with; the fields are those of :func:`compare_systems`."""

    root: Path
    model: str | Path
    train: Documents
    dev: Documents | None
    reported: Documents
    common: dict[str, Any]
    grid: Grid
    timing: Timing | None
    lengths: bool
    command: str | None


def _name(setting: Setting | None) -> str:
    return PLAIN if setting is None else setting.name


def _run_cell(
    inputs: _Inputs, setting: Setting | None, seed: int, plain: tuple[GridCell, Evaluation] | None
) -> tuple[GridCell, Evaluation]:
    """Trains and evaluates one cell, or loads it; ``plain`` is the plain cell of its seed."""
    name, metric = _name(setting), plain_options(inputs.common, 0).metric
    folder = cell(inputs.root, name, seed)
    plain_model = None if plain is None else plain[1].recipe.model.hash
    timed = inputs.timing is None or inputs.timing.documents > 0
    finished = all((folder / file).exists() for file in (EVALUATION, *([TIMING] if timed else [])))
    with nullcontext() if finished else locked(folder, "comparing"):  # several processes may read a cell
        claim(folder, {**to_json(inputs.grid), "setting": name, "seed": seed, "plain": plain_model})
        given = (inputs.model, inputs.train, inputs.dev, inputs.common, inputs.command)
        source, seconds = train_cell(setting, seed, folder, inputs.root, *given)
        classifier = load_classifier(source)
        timing = inputs.timing or Timing(batch_sizes=BATCHES)
        evaluation = evaluate_cell(folder, classifier, inputs.reported, timing, inputs.command)
        record = _cell_record(setting, seed, folder, source, seconds, metric, evaluation)
    if inputs.lengths:
        record = replace(record, lengths=by_length(evaluation, classifier, metric))
    if plain is not None:
        record = _with_difference(*plain, record, evaluation)
    return record, evaluation


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


def _cell_record(
    setting: Setting | None,
    seed: int,
    folder: Path,
    source: Path,
    seconds: float | None,
    metric: str,
    evaluation: Evaluation,
) -> GridCell:
    gold, predictions = evaluation.answers()
    low, high = interval(metric, gold, predictions, resamples=_RESAMPLES)
    times = read_times(folder / TIMING)
    current = times is not None and times.model == evaluation.recipe.model.hash
    return GridCell(
        cell=folder.name,
        system=PLAIN if setting is None else setting.system,
        title="Plain" if setting is None else SYSTEMS.get(setting.system).title,
        setting={} if setting is None else dict(setting.given),
        seed=seed,
        metric=metric,
        value=task_metric(metric, gold, predictions),
        low=low,
        high=high,
        metrics={name: value for name, value in evaluation.metrics.items() if isinstance(value, int | float)},
        dev=_on_dev(source, metric),
        flops_speedup=evaluation.flops_speedup,
        measured_speedup=times.measured_speedup if times is not None and current else {},
        tokens_kept=tuple(layer.share for layer in evaluation.tokens_kept),
        steps=_steps(source),
        seconds=seconds,
        n=evaluation.n,
        rationale=evaluation.kept,
        uninformed=None,
    )


def _training_folder(source: Path) -> Path:
    """The folder with the ``training.json`` of a model: its own, or the parent for a plain fine-tuning."""
    return source.parent if (source.parent / TRAINING).exists() else source


def _on_dev(source: Path, metric: str) -> OnDev | None:
    """The metric on the dev documents, from ``training.json``; None without any."""
    best = read_training(_training_folder(source)).figures
    if f"dev_{metric}" not in best:
        return None
    return OnDev(value=best[f"dev_{metric}"], speedup=best.get("dev_speedup", 1.0))


def _steps(source: Path) -> int:
    """Optimizer steps over all stages of a training; a searched model takes no steps."""
    trained = _training_folder(source)
    paths = [trained / TRAINING, *trained.parent.glob(f"{trained.name}.*/{TRAINING}")]
    trainings = [read_training(path.parent) for path in paths]
    return sum(int(one.epochs[-1]["step"]) for one in trainings if one.searched is None)


def _with_difference(
    plain: GridCell, undropped: Evaluation, record: GridCell, evaluation: Evaluation
) -> GridCell:
    """Adds the paired difference from the plain model of the seed, its interval, and that on dev."""
    gold, predictions = evaluation.answers()
    difference, low, high = paired_difference(
        record.metric, gold, predictions, undropped.answers()[1], resamples=_RESAMPLES
    )
    dev, plain_dev = record.dev, plain.dev
    if dev and plain_dev:
        dev = replace(dev, difference=dev.value - plain_dev.value)
    return replace(record, difference=difference, difference_low=low, difference_high=high, dev=dev)
