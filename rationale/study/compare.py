"""Systems beside each other: trained, evaluated and held against the human rationale on the same terms."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from tqdm.auto import tqdm

from rationale.agreement import agree
from rationale.agreement.figures import ANSWERS, difference, figure, interval
from rationale.corpus.document import Documents
from rationale.dropping.system import SYSTEMS
from rationale.encoder.loading import Classifier, load_classifier
from rationale.errors import OutputError, RationaleError
from rationale.files import atomic_json
from rationale.scores import ScoreOptions, score
from rationale.scores.methods import decision_methods
from rationale.scores.scored import ALIVE
from rationale.study.blind import against_blind
from rationale.study.cells import claim, read
from rationale.study.comparison import COMPARISON
from rationale.study.evaluate import Timing, answers, evaluate, measure
from rationale.study.grid import PLAIN, Setting, cell, plain_options
from rationale.study.lengths import Ruler, by_length, distributions
from rationale.tokens import Windower
from rationale.training.dropping.fine_tuned import fine_tune
from rationale.training.fitting import RECIPE
from rationale.training.prepare import prepare
from rationale.training.recipes import train_dropping

log = logging.getLogger(__name__)

_MODEL, _EVALUATION, _TIMING = "model", "evaluation.json", "timing.json"
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
    made_of = _made_of(model, train, dev, reported, common)
    metric = plain_options(common, 0).metric
    if metric in ANSWERS:
        raise RationaleError(
            "answers to questions are not compared", remedy="Train and evaluate each system on its own."
        )
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
            claim(folder, {**made_of, "setting": name, "seed": seed, "plain": before})
            source, seconds = _train(setting, seed, folder, root, model, train, dev, common)
            classifier = load_classifier(source)
            found = _evaluate(folder, classifier, reported, timing or Timing(batch_sizes=BATCHES))
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
    atomic_json(root / COMPARISON, comparison, overwrite=True)
    return comparison


def _made_of(
    model: str | Path, train: Documents, dev: Documents | None, reported: Documents, common: dict[str, Any]
) -> dict[str, Any]:
    return {
        "model": str(model),
        "train": train.fingerprint,
        "dev": None if dev is None else dev.fingerprint,
        "reported": {
            "source": reported.source,
            "split": reported.split,
            "fingerprint": reported.fingerprint,
        },
        "common": common,
    }


def _train(
    setting: Setting | None,
    seed: int,
    folder: Path,
    root: Path,
    model: str | Path,
    train: Documents,
    dev: Documents | None,
    common: dict[str, Any],
) -> tuple[Path, float | None]:
    """The model of a cell, and how long its own training took, where that was in one go."""
    plain, clock = cell(root, PLAIN, seed) / _MODEL, folder / "seconds.json"
    fresh, start = not any(folder.glob(f"{_MODEL}*")), time.perf_counter()
    if setting is None:
        chosen = plain_options(common, seed)
        source = fine_tune(plain, prepare(model, train, dev, chosen), chosen, overwrite=False).best
    else:
        source = folder / _MODEL
        if not source.exists():
            options = setting.options(common, seed)
            train_dropping(setting.system, model, train, dev, source, options, fine_tuned=plain)
    if fresh:
        atomic_json(clock, {"seconds": round(time.perf_counter() - start, 1)}, overwrite=True)
    return source, read(clock, "seconds")["seconds"] if clock.exists() else None


def _evaluate(folder: Path, classifier: Classifier, reported: Documents, timing: Timing) -> dict[str, Any]:
    """The cell's evaluation; written, and its times too, where they are not there yet.

    Raises:
        OutputError: Where what is there is damaged, or of another model than the one beside it.
    """
    path, times = folder / _EVALUATION, folder / _TIMING
    if not path.exists():
        found = evaluate(classifier, reported, Timing(0))
        if any(document.annotated and document.spans for document in reported):
            found["rationale"] = _rationale(classifier, reported)
        atomic_json(path, found, overwrite=False)
    evaluation = read(path, "metrics", "flops_speedup", "alive", "n", "predictions", "recipe")
    if len(evaluation["predictions"]) != len(reported):
        raise OutputError("is damaged", where=path, remedy="Remove it: it is made again.")
    if evaluation["recipe"]["model"]["hash"] != classifier.identity["hash"]:
        raise OutputError(
            "this is not of the model beside it", where=path, remedy="Remove it: it is made again."
        )
    asked = {
        "model": classifier.identity["hash"],
        "documents": timing.documents,
        "rounds": timing.rounds,
        "threads": torch.get_num_threads(),
    }
    if timing.documents and not (times.exists() and asked.items() <= read(times).items()):
        content = {"measured_speedup": measure(classifier, reported, timing), **asked}
        atomic_json(times, content, overwrite=True)
    return evaluation


def _rationale(classifier: Classifier, reported: Documents) -> dict[str, Any]:
    """The kept set against the human rationale, layer by layer; nothing for a model that keeps all.

    Only documents count whose rationale the model reads at least a word of: where none of it was read, none
    was dropped.
    """
    methods = decision_methods(classifier.encoder)
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    inside = [d for d in reported if d.rationale[windower(d).covered].any()] if methods else []
    if not inside:
        return {}
    documents = Documents(inside, source=reported.source, split=reported.split)
    scored = score(classifier, documents, ScoreOptions(methods, protocol="truncate"))
    agreement = agree(scored, documents)
    own = next(name for name in methods if name != ALIVE)

    def by_layer(method: str, metric: str, select: str | None) -> list[float | None]:
        found = [
            r
            for r in agreement.records
            if r["method"] == method and r["metric"] == metric and r["select"] == select
        ]
        return [r["value"] for r in sorted(found, key=lambda r: r["layer"])]

    kept = {name: by_layer(ALIVE, name, "delta") for name in ("precision", "recall", "fpr")}
    return {"n": len(inside), "ap": by_layer(own, "ap", None), **kept}


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
    times = folder / _TIMING
    told = read(times, "measured_speedup", "model") if times.exists() else {}
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
    best = read(_trained(source) / RECIPE, "best")["best"]
    if f"dev_{metric}" not in best:
        return None
    return {"value": best[f"dev_{metric}"], "speedup": best.get("dev_speedup", 1.0)}


def _steps(source: Path) -> int:
    """Optimizer steps of all stages of its own; what was searched out of a stage took none itself."""
    own = _trained(source)
    paths = [own / RECIPE, *own.parent.glob(f"{own.name}.*/{RECIPE}")]
    recipes = [read(path, "epochs") for path in paths]
    return sum(int(recipe["epochs"][-1]["step"]) for recipe in recipes if "searched" not in recipe)


def _against(plain: Record, undropped: Record, record: Record, found: Record) -> dict[str, Any]:
    """The paired difference from the plain model of the same seed, with its interval, and that on dev."""
    gold, said = answers(found)
    gap, low, high = difference(record["metric"], gold, said, answers(undropped)[1], resamples=_RESAMPLES)
    dev, before = record["dev"], plain["dev"]
    if dev and before:
        dev = {**dev, "difference": dev["value"] - before["value"]}
    return {"difference": gap, "difference_low": low, "difference_high": high, "dev": dev}
