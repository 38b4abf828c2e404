"""What a cell of a comparison holds: its model, its evaluation and its times, each made once and sealed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from rationale.agreement import agree
from rationale.artifacts.content import first_difference, same
from rationale.artifacts.model import check_model, model_digest
from rationale.artifacts.record import read_record, to_json
from rationale.artifacts.seal import sealed
from rationale.corpus.document import Documents
from rationale.errors import OutputError
from rationale.evaluation.evaluate import Timing, evaluate, time_against_full
from rationale.evaluation.result import KIND as EVALUATED
from rationale.evaluation.result import Evaluation, KeepsAll, KeptRationale, Layers, Speedup
from rationale.files import atomic_json
from rationale.loading.classifier import Classifier
from rationale.scores import ScoreOptions, score
from rationale.scores.methods import decision_methods
from rationale.scores.scored import KEPT
from rationale.study.cells import ANEW, load_json, unsealed
from rationale.study.comparison import PLAIN
from rationale.study.grid import Setting, cell, plain_options
from rationale.tokens import Windower
from rationale.training.dropping.fine_tuned import fine_tune
from rationale.training.dropping.stage import outcome, tidy
from rationale.training.prepare import prepare
from rationale.training.recipes import train_dropping

MODEL, EVALUATION, TIMING = "model", "evaluation.json", "timing.json"
_AGAIN = "Remove it: it is made again."


@dataclass(frozen=True)
class Times:
    """What is read of a cell's times.

    Attributes:
        measured_speedup: By batch size.
        model: The hash of the model that was timed.
    """

    measured_speedup: Mapping[str, Speedup]
    model: str | None


def train_cell(
    setting: Setting | None,
    seed: int,
    folder: Path,
    root: Path,
    model: str | Path,
    train: Documents,
    dev: Documents | None,
    common: dict[str, Any],
    command: str | None,
) -> tuple[Path, float | None]:
    """The model of a cell, and how long its own training took, where that was in one go.

    Raises:
        OutputError: Where another model lies there than the one this cell trains.
    """
    plain, clock = cell(root, PLAIN, seed) / MODEL, folder / "seconds.json"
    fresh, start = not any(folder.glob(f"{MODEL}*")), time.perf_counter()
    if setting is None:
        chosen = plain_options(common, seed)
        source = fine_tune(plain, prepare(model, train, dev, chosen, command), chosen, overwrite=False).best
    else:
        source, options = folder / MODEL, setting.options(common, seed)
        made = {
            "kind": setting.system,
            "options": asdict(options),
            "train": train.fingerprint,
            "dev": None if dev is None else dev.fingerprint,
        }
        if source.exists():
            _check_made(source, made, model_digest(plain / "1"))
            tidy(source)
        else:
            how: dict[str, Any] = {"finetuned_dir": plain, "command": command}
            train_dropping(setting.system, model, train, dev, source, options, **how)
    if fresh:
        seconds = {"seconds": round(time.perf_counter() - start, 1)}
        atomic_json(clock, sealed(seconds, "training time"), overwrite=True)
    return source, load_json(clock, "training time", "seconds")["seconds"] if clock.exists() else None


def _check_made(source: Path, made: Mapping[str, Any], plain: str) -> None:
    """Makes sure that the model in a cell is the one that the cell trains, from the plain one beside it."""
    recipe, seal = outcome(source), check_model(source, remedy=ANEW, note=False)
    if seal is None:
        raise unsealed(source)
    asked = {name for name, value in made["options"].items() if value is not None}  # others were settled
    options = {name: value for name, value in recipe["options"].items() if name in asked}
    found = {
        "kind": recipe.get("kind"),
        "options": {**made["options"], **options},  # an option of a later version had its default
        "train": recipe["train"]["fingerprint"],
        "dev": None if recipe["dev"] is None else recipe["dev"]["fingerprint"],
        "plain": seal.inputs.get("fine_tuned", plain),
    }
    if not same(found, {**made, "plain": plain}):
        told = first_difference(found, {**made, "plain": plain})
        raise OutputError(f"this is not the model that the cell trains ({told})", where=source, remedy=ANEW)


def evaluate_cell(
    folder: Path, classifier: Classifier, reported: Documents, timing: Timing, command: str | None
) -> Evaluation:
    """The cell's evaluation; written, and its times too, where they are not there yet.

    Raises:
        OutputError: Where what is there is damaged, was changed, or is of another model than the one beside
            it.
    """
    path, times = folder / EVALUATION, folder / TIMING
    if not path.exists():
        found = evaluate(classifier, reported, Timing(0), command=command)
        if any(document.annotated and document.spans for document in reported):
            found = replace(found, rationale=_rationale(classifier, reported))
        found.save(path)
    content = load_json(path, EVALUATED)
    evaluation = read_record(Evaluation, content, path, what="the saved result is damaged", remedy=_AGAIN)
    if len(evaluation.predictions) != len(reported):
        raise OutputError("the saved result is damaged (documents are missing)", where=path, remedy=_AGAIN)
    if evaluation.recipe.model.get("hash") != classifier.identity["hash"]:
        raise OutputError("this is not of the model beside it", where=path, remedy=_AGAIN)
    if evaluation.recipe.data.fingerprint != reported.fingerprint:
        raise OutputError("this is of other documents", where=path, remedy=_AGAIN)
    asked = {
        "model": classifier.identity["hash"],
        "documents": timing.documents,
        "rounds": timing.rounds,
        "threads": torch.get_num_threads(),
    }
    if timing.documents and not (times.exists() and asked.items() <= load_json(times, "timing").items()):
        speedups = {
            size: to_json(one) for size, one in time_against_full(classifier, reported, timing).items()
        }
        inputs = {"model": asked["model"], "data": reported.fingerprint}
        times_found = sealed({"measured_speedup": speedups, **asked}, "timing", inputs)
        atomic_json(times, times_found, overwrite=True)
    return evaluation


def read_times(path: Path) -> Times | None:
    """What :func:`evaluate_cell` has written of a cell's times; None where nothing was timed.

    Raises:
        OutputError: Where it is damaged, was changed, or has no seal.
    """
    if not path.exists():
        return None
    return read_record(
        Times, load_json(path, "timing"), path, what="the saved result is damaged", remedy=_AGAIN
    )


def _rationale(classifier: Classifier, reported: Documents) -> KeptRationale | KeepsAll:
    """The kept set against the human rationale, layer by layer; nothing for a model that keeps all.

    Only documents count whose rationale the model reads at least a word of: where none of it was read, none
    was dropped.
    """
    methods = decision_methods(classifier.policy)
    windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
    inside = [d for d in reported if d.rationale[windower(d).covered].any()] if methods else []
    if not inside:
        return KeepsAll()
    documents = Documents(inside, source=reported.source, split=reported.split)
    scored = score(classifier, documents, ScoreOptions(methods, protocol="truncate"))
    agreement = agree(scored, documents)
    own = next(name for name in methods if name != KEPT)

    def by_layer(method: str, metric: str, select: str | None) -> Layers:
        found = [
            r
            for r in agreement.records
            if r["method"] == method and r["metric"] == metric and r["select"] == select
        ]
        return tuple(r["value"] for r in sorted(found, key=lambda r: r["layer"]))

    kept = {name: by_layer(KEPT, name, "threshold") for name in ("precision", "recall", "fpr")}
    return KeptRationale(n=len(inside), ap=by_layer(own, "ap", None), **kept)
