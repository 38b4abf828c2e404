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
    """The results of one model.

    Attributes:
        model: The model's folder.
        scores: The score folder.
        agreement: Agreement with the planted rationales.
        saved: The path of agreement.json.
        report: The path of the report.
    """

    model: Path
    scores: Path
    agreement: Agreement
    saved: Path
    report: Path


@dataclass(frozen=True)
class Demo:
    """The results of the demo.

    Attributes:
        data: The sample, an ERASER folder.
        plain: The classifier, with every score method.
        adapler: The token-dropping model, with its policy's scores and the one-pass methods.
        evaluation: The costs and savings of token dropping on the sample's test split.
    """

    data: Path
    plain: DemoRun
    adapler: DemoRun
    evaluation: Evaluation


def run_demo(out: Path, *, keep: bool = False, command: str | None = None) -> Demo:
    """Trains, scores, compares and reports; existing models and scores of equal inputs are reused.

    Args:
        out: The folder for all results.
        keep: Whether agreements, reports and the evaluation are reused, too, where they are newer than their
            inputs.
        command: The typed command, which models and evaluation store; None from Python. Scores, agreement and
            report store the equivalent commands, one each.
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
    """Does what `rationale score --limit 40`, `agree` and `report` do, on the same documents."""
    scores, documents = out / folder, load_documents(str(sample_folder()), SPLIT)
    complete = scores / "COMPLETE"
    if not complete.exists():
        classifier = load_classifier(model)
        share = load_documents(str(sample_folder()), "train").rationale_share or 0.0
        options = ScoreOptions(methods(classifier), faithfulness=Faithfulness(share), batch_size=32)
        command = _score_command(model, scores, options)
        score(classifier, sample(documents, REVIEWS), options, out=scores, command=command)
    stored, report_path, agreement_path = (
        StoredScores(scores),
        out / f"{prefix}report.html",
        out / f"{prefix}agreement.json",
    )
    if keep and _is_newer(agreement_path, complete) and _is_newer(report_path, agreement_path):
        return DemoRun(model, scores, Agreement.load(agreement_path), agreement_path, report_path)
    inputs = ["--scores", scores.name, *_DATA]
    agreement = agree(stored, documents, command=_shell("agree", *inputs, "--out", agreement_path.name))
    agreement.save(agreement_path, overwrite=True)
    command = _shell("report", *inputs, "--agreement", agreement_path.name, "--out", report_path.name)
    report(stored, documents, agreement, report_path, overwrite=True, command=command)
    return DemoRun(model, scores, agreement, agreement_path, report_path)


def _score_command(model: Path, out: Path, options: ScoreOptions) -> str:
    """The equivalent command, which the report shows."""
    methods = [word for name in options.methods for word in ("--method", name)]
    share = [] if options.faithfulness is None else ["--faithfulness-share", str(options.faithfulness.share)]
    size = ["--batch-size", str(options.batch_size), "--limit", str(REVIEWS)]
    return _shell("score", "--model", str(model), *_DATA, *methods, *share, *size, "--out", out.name)


def _shell(*words: str) -> str:
    return shlex.join(["rationale", *words])


def methods(classifier: Classifier) -> tuple[str, ...]:
    """The methods of the demo: all for a plain model; for a dropping model its policy's scores, no captum."""
    policy_methods = decision_methods(classifier.policy)
    if policy_methods:
        return (*policy_methods, *default_methods())
    fitting = [name for name, method in METHODS.items() if method.fits(classifier.policy)]
    return tuple(dict.fromkeys((*one_pass_methods(), *fitting)))


def _is_newer(result: Path, source: Path) -> bool:
    return result.exists() and result.stat().st_mtime_ns >= source.stat().st_mtime_ns


def _evaluation(model: Path, path: Path, command: str | None, *, keep: bool) -> Evaluation:
    if keep and _is_newer(path, model):
        return Evaluation.load(path)
    documents = load_documents(str(sample_folder()), "test")
    evaluation = evaluate(load_classifier(model), documents, command=command)
    evaluation.save(path, overwrite=True)
    return evaluation
