"""Systems beside each other: trained, evaluated and held against the human rationale on the same terms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from rationale.artifacts.lock import locked
from rationale.artifacts.seal import sealed
from rationale.corpus.document import Documents
from rationale.dropping.system import SYSTEMS
from rationale.errors import RationaleError
from rationale.evaluation.evaluate import Timing, answers
from rationale.evaluation.lengths import Ruler, by_length, distributions
from rationale.files import atomic_json
from rationale.loading.classifier import load_classifier
from rationale.metrics.names import ANSWERS
from rationale.metrics.task import difference, figure, interval
from rationale.study.blind import against_blind
from rationale.study.cell_results import EVALUATION, TIMING, evaluate_cell, train_cell
from rationale.study.cells import claim, read
from rationale.study.comparison import COMPARISON
from rationale.study.grid import PLAIN, Setting, cell, plain_options
from rationale.training.dropping.stage import outcome
from rationale.training.fitting import RECIPE
from rationale.training.prepare import starting_point

_RESAMPLES = 2000
Record = Mapping[str, Any]
BATCHES = (1, 4, 16, 32, 64)
"""Batch sizes that time is measured with: latency, and throughput."""


def compare(
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
) -> dict[str, Any]:
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

    Returns:
        ``records``: one a cell, the plain ones first, with ``system``, ``setting``, ``seed``, ``metric`` and
        its ``value`` with ``low`` and ``high``, ``difference`` from the plain model of the seed with its
        ends, ``blind`` (:func:`against_blind`), ``metrics`` (all of the evaluation), ``dev`` (``value``,
        ``difference`` and ``speedup`` on the dev documents, None without), ``flops_speedup``,
        ``measured_speedup``, ``alive`` (share a layer), ``steps``, ``seconds`` (None where a training was
        resumed), ``n`` and, with rationales, ``rationale``: precision, recall and FPR of the kept set and AP
        of the score, a number a layer, over the ``n`` documents of whose rationale the model reads anything.
        ``recipe``. With ``lengths`` each record has ``lengths`` (:func:`by_length`), and the whole has
        ``lengths`` (:func:`distributions`).

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
    if metric in ANSWERS:
        raise RationaleError(
            "answers to questions are not compared", remedy="Train and evaluate each system on its own."
        )
    made_of = _made_of(model, train, dev, reported, common)
    jobs = [(None, seed) for seed in seeds] + [(setting, seed) for setting in settings for seed in seeds]
    plain: dict[int, tuple[Record, Record]] = {}
    evaluated: list[tuple[dict[str, Any], Record]] = []
    comparison: dict[str, Any] = {"recipe": made_of}
    if lengths:
        ruler = Ruler(str(model), plain_options(common, 0).max_length)
        comparison["lengths"] = distributions(ruler(train), ruler(reported))
    with tqdm(jobs, desc="cells", unit="cell", disable=None) as bar:
        for setting, seed in bar:
            name = PLAIN if setting is None else setting.name
            bar.set_postfix_str(f"{name}, seed {seed}")
            folder = cell(root, name, seed)
            before = None if setting is None else plain[seed][1]["recipe"]["model"]["hash"]
            timed = timing is None or timing.documents > 0
            made = all((folder / name).exists() for name in (EVALUATION, *([TIMING] if timed else [])))
            with nullcontext() if made else locked(folder, "comparing"):  # many may read what is there
                claim(folder, {**made_of, "setting": name, "seed": seed, "plain": before})
                source, seconds = train_cell(setting, seed, folder, root, model, train, dev, common)
                classifier = load_classifier(source)
                found = evaluate_cell(folder, classifier, reported, timing or Timing(batch_sizes=BATCHES))
                record = _record(setting, seed, folder, source, seconds, metric, found)
            if lengths:
                record["lengths"] = by_length(found, classifier, metric)
            if setting is None:
                plain[seed] = record, found
            else:
                record |= _against(*plain[seed], record, found)
            evaluated.append((record, found))
    for own, said in evaluated:
        own["blind"] = against_blind(own, said, evaluated, resamples=_RESAMPLES)
    comparison = {"records": [own for own, _ in evaluated], **comparison}
    models = {own["cell"]: said["recipe"]["model"]["hash"] for own, said in evaluated}
    atomic_json(root / COMPARISON, sealed(comparison, "comparison", {"models": models}), overwrite=True)
    return comparison


def _made_of(
    model: str | Path, train: Documents, dev: Documents | None, reported: Documents, common: dict[str, Any]
) -> dict[str, Any]:
    start = starting_point(model, train, plain_options(common, 0))
    return {
        "model": str(model),
        "weights": start.digest,
        "config": start.settings,
        "train": train.fingerprint,
        "dev": None if dev is None else dev.fingerprint,
        "reported": {
            "source": reported.source,
            "split": reported.split,
            "fingerprint": reported.fingerprint,
        },
        "common": common,
    }


def _record(
    setting: Setting | None,
    seed: int,
    folder: Path,
    source: Path,
    seconds: float | None,
    metric: str,
    found: Record,
) -> dict[str, Any]:
    gold, said = answers(found)
    low, high = interval(metric, gold, said, resamples=_RESAMPLES)
    times = folder / TIMING
    told = read(times, "timing", "measured_speedup", "model") if times.exists() else {}
    current = told.get("model") == found["recipe"]["model"]["hash"]
    return {
        "cell": folder.name,
        "system": PLAIN if setting is None else setting.system,
        "title": "Plain" if setting is None else SYSTEMS.get(setting.system).title,
        "setting": {} if setting is None else dict(setting.given),
        "seed": seed,
        "metric": metric,
        "value": figure(metric, gold, said),
        "low": low,
        "high": high,
        "metrics": {name: v for name, v in found["metrics"].items() if isinstance(v, int | float)},
        "dev": _dev(source, metric),
        "flops_speedup": found["flops_speedup"],
        "measured_speedup": told["measured_speedup"] if current else {},
        "alive": [layer["share"] for layer in found["alive"]],
        "steps": _steps(source),
        "seconds": seconds,
        "n": found["n"],
        "rationale": found.get("rationale") or None,
    }


def _trained(source: Path) -> Path:
    """The folder of a model's ``training.json``: its own, or for a plain fine-tuning the one above."""
    return source.parent if (source.parent / RECIPE).exists() else source


def _dev(source: Path, metric: str) -> dict[str, float] | None:
    """What ``training.json`` says of the dev documents."""
    best = outcome(_trained(source))["best"]
    if f"dev_{metric}" not in best:
        return None
    return {"value": best[f"dev_{metric}"], "speedup": best.get("dev_speedup", 1.0)}


def _steps(source: Path) -> int:
    """Optimizer steps of all stages of its own; what was searched out of a stage took none itself."""
    own = _trained(source)
    paths = [own / RECIPE, *own.parent.glob(f"{own.name}.*/{RECIPE}")]
    recipes = [outcome(path.parent) for path in paths]
    return sum(int(recipe["epochs"][-1]["step"]) for recipe in recipes if "searched" not in recipe)


def _against(plain: Record, undropped: Record, record: Record, found: Record) -> dict[str, Any]:
    """The paired difference from the plain model of the same seed, with its interval, and that on dev."""
    gold, said = answers(found)
    gap, low, high = difference(record["metric"], gold, said, answers(undropped)[1], resamples=_RESAMPLES)
    dev, before = record["dev"], plain["dev"]
    if dev and before:
        dev = {**dev, "difference": dev["value"] - before["value"]}
    return {"difference": gap, "difference_low": low, "difference_high": high, "dev": dev}
