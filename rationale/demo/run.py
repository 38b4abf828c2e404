"""The full pipeline: two models, every score, agreement, reports, and what dropping costs and saves."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from rationale.agreement import Agreement, agree
from rationale.corpus import load_documents
from rationale.corpus.splits import sample
from rationale.demo.sample import REVIEWS, SPLIT, sample_adapler, sample_classifier, sample_folder
from rationale.evaluation.evaluate import evaluate
from rationale.evaluation.result import Evaluation
from rationale.loading.classifier import Classifier, load_classifier
from rationale.report.write import report
from rationale.scores import METHODS, Faithfulness, ScoreOptions, StoredScores, score
from rationale.scores.methods import decision_methods, default_methods, one_pass_methods

_DATA = ("--data", str(sample_folder()), "--split", SPLIT)


@dataclass(frozen=True)
class DemoRun:
    """One model's scores and what follows from them.

    Attributes:
        model: The model.
        scores: The score folder.
        agreement: Agreement with the planted rationales.
        saved: The agreement.json.
        report: The report.
    """

    model: Path
    scores: Path
    agreement: Agreement
    saved: Path
    report: Path


@dataclass(frozen=True)
class Demo:
    """What the demo made.

    Attributes:
        data: The sample, an ERASER folder.
        plain: The classifier under every score method.
        adapler: The model that drops tokens, under its own scores and the one-pass methods.
        evaluation: What dropping costs and saves on the sample's test split.
    """

    data: Path
    plain: DemoRun
    adapler: DemoRun
    evaluation: Evaluation


def run_demo(out: Path, *, keep: bool = False, command: str | None = None) -> Demo:
    """Trains, scores, compares, reports; models and scores that are there, made by equal inputs, are kept.

    Args:
        out: The folder for all results.
        keep: Whether what follows from the scores is kept too, where it is newer than they are.
        command: The command that was typed, as shell text: models and evaluation store it; None from Python.
            Scores, agreement and report store the commands that make them one by one.
    """
    plain, adapler = sample_classifier(out, command=command), sample_adapler(out, command=command)
    stamp = adapler.name.removeprefix("adapler-")
    return Demo(
        sample_folder(),
        _run(plain, out, f"scores-{stamp}", "", keep=keep),
        _run(adapler, out, f"adapler-scores-{stamp}", "adapler-", keep=keep),
        _evaluation(adapler, out / "evaluation.json", command, keep=keep),
    )


def _run(model: Path, out: Path, folder: str, prefix: str, *, keep: bool) -> DemoRun:
    """What `rationale score --limit 40`, `agree` and `report` do, on the same documents."""
    scores, documents = out / folder, load_documents(str(sample_folder()), SPLIT)
    complete = scores / "COMPLETE"
    if not complete.exists():
        classifier = load_classifier(model)
        share = load_documents(str(sample_folder()), "train").rationale_share or 0.0
        options = ScoreOptions(methods(classifier), faithfulness=Faithfulness(share), batch_size=32)
        command = _score_command(model, scores, options)
        score(classifier, sample(documents, REVIEWS), options, out=scores, command=command)
    stored, page, saved = StoredScores(scores), out / f"{prefix}report.html", out / f"{prefix}agreement.json"
    if keep and _is_newer(saved, complete) and _is_newer(page, saved):
        return DemoRun(model, scores, Agreement.load(saved), saved, page)
    where = ["--scores", scores.name, *_DATA]
    agreement = agree(stored, documents, command=_shell("agree", *where, "--out", saved.name))
    agreement.save(saved, overwrite=True)
    command = _shell("report", *where, "--agreement", saved.name, "--out", page.name)
    report(stored, documents, agreement, page, overwrite=True, command=command)
    return DemoRun(model, scores, agreement, saved, page)


def _score_command(model: Path, out: Path, options: ScoreOptions) -> str:
    """The command that scores as the demo does, one step of it: its report shows it."""
    chosen = [word for name in options.methods for word in ("--method", name)]
    share = [] if options.faithfulness is None else ["--faithfulness-share", str(options.faithfulness.share)]
    size = ["--batch-size", str(options.batch_size), "--limit", str(REVIEWS)]
    return _shell("score", "--model", str(model), *_DATA, *chosen, *share, *size, "--out", out.name)


def _shell(*words: str) -> str:
    return shlex.join(["rationale", *words])


def methods(classifier: Classifier) -> tuple[str, ...]:
    """What the demo scores a model with: all there is; a dropping model's own scores first, and no captum."""
    own = decision_methods(classifier.policy)
    if own:
        return (*own, *default_methods())
    fitting = [name for name, method in METHODS.items() if method.fits(classifier.policy)]
    return tuple(dict.fromkeys((*one_pass_methods(), *fitting)))


def _is_newer(made: Path, source: Path) -> bool:
    return made.exists() and made.stat().st_mtime_ns >= source.stat().st_mtime_ns


def _evaluation(model: Path, path: Path, command: str | None, *, keep: bool) -> Evaluation:
    if keep and _is_newer(path, model):
        return Evaluation.load(path)
    documents = load_documents(str(sample_folder()), "test")
    found = evaluate(load_classifier(model), documents, command=command)
    found.save(path, overwrite=True)
    return found
