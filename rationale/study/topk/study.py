"""The top-k study: trains a classifier for every condition and seed, full inputs first."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

from rationale.artifacts.lock import locked
from rationale.artifacts.record import to_json
from rationale.corpus.document import Documents
from rationale.errors import DataError, RationaleError
from rationale.loading.classifier import load_classifier
from rationale.scores import ScoreOptions, Scores
from rationale.study.cells import ANEW, claim
from rationale.study.topk.budget import Budget
from rationale.study.topk.checks import check_conditions
from rationale.study.topk.conditions import Condition
from rationale.study.topk.gather import (
    MODEL,
    folder_of,
    gather,
    is_made,
    predicted,
    scores_from,
    write_predictions,
)
from rationale.study.topk.names import FULL
from rationale.study.topk.results import TopKStudy
from rationale.study.topk.retained import AnnotatedSplit, Positions, Retained, cuts
from rationale.study.topk.scoring import scores_of
from rationale.study.topk.training import labels_of, train_condition
from rationale.tokens import Windower
from rationale.training.dropping.stage import check_made, tidy
from rationale.training.options import TrainingOptions
from rationale.training.prepare import Prepared, prepare
from rationale.training.trainer import arguments

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StudyOptions:
    """Options of a top-k study.

    Attributes:
        conditions: What classifiers read; ``full`` is always added, because its model scores the words.
        seeds: Random seeds; each trains every condition once.
        budget: Number of words that a condition keeps of a document.
        positions: ``original``: kept tokens of the first window keep their positions; ``packed``: kept tokens
            of the whole document are renumbered without gaps, as many as fit.
        training: Training options of every classifier; the seed is replaced by that of the cell.
        dropping: Name or folder of a dropping model, for conditions by its scores.
    """

    conditions: Sequence[Condition]
    seeds: Sequence[int] = (0,)
    budget: Budget = field(default_factory=Budget)
    positions: Positions = "original"
    training: TrainingOptions = field(default_factory=TrainingOptions)
    dropping: str | None = None


def study_topk(
    model: str | Path,
    train: Documents,
    dev: Documents | None,
    reported: Documents,
    out: str | Path,
    options: StudyOptions,
    *,
    command: str | None = None,
) -> TopKStudy:
    """Trains a classifier for every condition and seed; keeps finished cells of the same inputs.

    The same call resumes an interrupted study. Full inputs come first: their model scores the words for all
    conditions of its seed. Documents without a rationale in the window are left out of every condition.

    Args:
        model: The checkpoint that every classifier starts from.
        train: Annotated, labelled documents.
        dev: Validation data for checkpoint selection.
        reported: The documents that accuracy is reported on.
        out: Output folder: ``cells``, ``scores``, ``predictions.parquet`` and ``study.json``.
        options: Conditions, seeds, budget, training.
        command: The command that was typed, as shell text; None from Python.

    Raises:
        RationaleError: On a repeated condition or seed, or a condition that needs a missing dropping model.
        DataError: Where no document has a rationale in its window, or more words than the budget.
        OutputError: Where a cell was made of something else, or is damaged.
    """
    conditions = _conditions(options)
    root = Path(out)
    first = prepare(model, train, dev, replace(options.training, seed=0), command)
    dropping = check_conditions(conditions, first, options.dropping, options.positions)
    splits = _splits(first, train, dev, reported, options)
    for split in splits.values():
        labels_of(split, first)
    made_of = _made_of(first, splits, options)
    jobs = [(seed, condition) for seed in options.seeds for condition in conditions]
    with tqdm(jobs, desc="cells", unit="cell", disable=None) as bar:
        for seed, condition in bar:
            bar.set_postfix_str(f"{condition.text}, seed {seed}")
            cell_made_of = {
                **made_of,
                **scores_from(root, condition, seed, dropping),
                "condition": condition.text,
                "seed": seed,
            }
            _run_cell(root, condition, seed, first, splits, options, cell_made_of)
    with (
        _main_process_first(options),
        locked(root, "studying") if _is_main_process(options) else nullcontext(),
    ):
        named = [(seed, condition.text) for seed, condition in jobs]
        return gather(root, named, splits["reported"], made_of, dropping, command)


def _main_process_first(options: StudyOptions) -> AbstractContextManager[None]:
    """Lets the main process run first: it scores and writes; the others read its files."""
    return arguments(Path(), options.training, dev=False).main_process_first(local=False)


def _is_main_process(options: StudyOptions) -> bool:
    """Whether this process is the main one, which writes."""
    return bool(arguments(Path(), options.training, dev=False).process_index == 0)


def _conditions(options: StudyOptions) -> list[Condition]:
    full = Condition.parse(FULL)
    conditions = [full, *(condition for condition in options.conditions if condition != full)]
    if len({condition.text for condition in conditions}) < len(conditions) or len(set(options.seeds)) < len(
        options.seeds
    ):
        raise RationaleError("a condition or a seed is given twice", remedy="Name each once.")
    if not options.seeds or not all(0 <= seed < 2**32 for seed in options.seeds):
        raise RationaleError(
            "expected seeds between 0 and 4294967295", remedy="Give at least one: --seeds 0."
        )
    for condition in conditions:
        if condition.dropping and options.dropping is None:
            raise RationaleError(
                f"condition {condition.text!r} needs the scores of a dropping model",
                remedy="Name one with --adapler FOLDER.",
            )
    return conditions


def _splits(
    prepared: Prepared, train: Documents, dev: Documents | None, reported: Documents, options: StudyOptions
) -> dict[str, AnnotatedSplit]:
    tokenizer = prepared.start.tokenizer
    longest = int(tokenizer.model_max_length) if options.positions == "original" else 1 << 24
    windower = Windower(tokenizer, longest, "truncate")
    given = {"train": train, "dev": dev, "reported": reported}
    splits = {
        name: AnnotatedSplit.of(documents, windower)
        for name, documents in given.items()
        if documents is not None
    }
    for name, split in splits.items():
        if split.left_out:
            log.warning(
                "%s: %d of %d documents have no rationale in the window and are left out of every condition",
                name, split.left_out, split.left_out + len(split.documents),
            )  # fmt: skip
        _check_budget(name, split, options.budget)
    return splits


def _check_budget(name: str, split: AnnotatedSplit, budget: Budget) -> None:
    """Refuses a budget that no document exceeds: every condition would read all words."""
    words = [int(covered.sum()) for covered in split.covered]
    small = sum(count <= budget.amount for count in words) if budget.kind == "count" else 0
    if small == len(words):
        raise DataError(
            f"the budget is {budget.amount:g} words, and no document has more in its window "
            f"(the longest {max(words)})",
            where=f"{split.documents.source} ({name})",
            remedy="Give fewer words, or a share such as 20%.",
        )
    if small:
        log.warning("%s: %d of %d documents have no more words than the budget", name, small, len(words))


def _made_of(first: Prepared, splits: Mapping[str, AnnotatedSplit], options: StudyOptions) -> dict[str, Any]:
    training = {k: v for k, v in asdict(options.training).items() if k != "seed"}
    return {
        "model": first.recipe.model.name,
        "weights": first.recipe.model.hash,
        "config": first.recipe.model.config,
        "data": {
            name: {"source": s.documents.source, "split": s.documents.split, "n": len(s.documents),
                   "left_out": s.left_out, "fingerprint": s.documents.fingerprint}
            for name, s in splits.items()
        },
        "budget": asdict(options.budget),
        "positions": options.positions,
        "training": training,
    }  # fmt: skip


def _run_cell(
    root: Path,
    condition: Condition,
    seed: int,
    first: Prepared,
    splits: Mapping[str, AnnotatedSplit],
    options: StudyOptions,
    made_of: dict[str, Any],
) -> None:
    """Trains one condition with one seed and writes its predictions, unless they exist."""
    folder = folder_of(root, condition, seed)
    training = replace(options.training, seed=seed)
    recipe = {**to_json(first.recipe), "options": asdict(training), **made_of, "kind": "topk"}
    parts: dict[str, list[Retained]] = {}
    with ExitStack() as held:
        with _main_process_first(options):
            # several processes may read a finished cell
            if _is_main_process(options) and not is_made(folder):
                held.enter_context(locked(folder, "studying"))
            claim(folder, made_of)
            if (folder / MODEL).exists():
                check_made(folder / MODEL, recipe, {}, without=("versions",), remedy=ANEW)
                if _is_main_process(options):
                    tidy(folder / MODEL)
            finished = predicted(folder)
            if not finished:
                parts = _parts(root, condition, seed, splits, first, options)
        if not finished and not (folder / MODEL).exists():
            train_condition(
                folder / MODEL,
                parts,
                first.reloaded(first.recipe.model.name, training),
                splits,
                training,
                recipe,
            )
        with _main_process_first(options):
            if not predicted(folder):
                classifier = load_classifier(folder / MODEL, device=training.device)
                reported = {"reported": splits["reported"]}
                full = _parts(root, Condition.parse(FULL), seed, reported, first, options)["reported"]
                write_predictions(folder, classifier, splits["reported"], parts["reported"], full)


def _parts(
    root: Path,
    condition: Condition,
    seed: int,
    splits: Mapping[str, AnnotatedSplit],
    first: Prepared,
    options: StudyOptions,
) -> dict[str, list[Retained]]:
    """The kept part of every document, by split."""
    longest, scores = int(first.start.tokenizer.model_max_length), dict[str, Scores]()
    if condition.scored:
        source = _scoring_model(root, condition, seed, options)
        command = first.recipe.command
        scores = _scores(root / "scores", condition, seed, splits, options, source, command)
    return {
        name: cuts(split, condition, options.budget, scores.get(name), seed, longest, options.positions)
        for name, split in splits.items()
    }


def _scoring_model(root: Path, condition: Condition, seed: int, options: StudyOptions) -> str | Path:
    """The model that scores the words: the dropping model, or the full-input model of the seed."""
    if condition.dropping and options.dropping is not None:
        return options.dropping
    return folder_of(root, Condition.parse(FULL), seed) / MODEL


def _scores(
    root: Path,
    condition: Condition,
    seed: int,
    splits: Mapping[str, AnnotatedSplit],
    options: StudyOptions,
    source: str | Path,
    command: str | None,
) -> dict[str, Scores]:
    """Scores by split, for all conditions that share the model and target of this one."""
    methods = {
        other.method for other in options.conditions
        if other.scored and other.dropping == condition.dropping
        and (other.target == condition.target or other.dropping)
    }  # fmt: skip
    protocol: Any = "truncate" if options.positions == "original" else "document"
    score_seed = 0 if condition.dropping else seed  # the scores of a dropping model are shared by all seeds
    score_options = ScoreOptions(sorted(methods), target=condition.target, protocol=protocol, seed=score_seed)
    classifier = load_classifier(source, device=options.training.device)
    prefix = "dropping" if condition.dropping else f"seed{seed}-{condition.target}"
    return {
        name: scores_of(classifier, split.documents, score_options, root / f"{prefix}-{name}", command)
        for name, split in splits.items()
    }
