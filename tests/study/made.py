"""Cells of a comparison and evaluations as nobody trained them."""

from rationale.artifacts.provenance import ScoredModel
from rationale.evaluation.result import DocumentSource, EvaluatedBy, Evaluation, Prediction
from rationale.study.comparison import GridCell


def grid_cell(system="ltp", **given):
    """A cell that drops nothing and loses nothing, but for what is given."""
    usual = {
        "cell": system, "system": system, "title": system, "setting": {}, "seed": 0, "metric": "accuracy",
        "value": 0.9, "low": 0.8, "high": 1.0, "dev": None, "flops_speedup": 1.0, "measured_speedup": {},
        "tokens_kept": (1.0,), "steps": 1, "seconds": 1.0, "n": 100, "rationale": None, "uninformed": None,
    }  # fmt: skip
    return GridCell(**{**usual, **given})


def evaluation(right, n=100):
    """Of a classifier that predicts the first ``right`` documents right."""
    chances = [(0.9, 0.1) if place < right else (0.2, 0.8) for place in range(n)]
    rows = (Prediction(id=str(i), docid="d", label="a", probabilities=p) for i, p in enumerate(chances))
    by = EvaluatedBy(
        ScoredModel(name="a model", hash="0", layers=2), ("a", "b"), DocumentSource("made", None, "0"),
        "truncate", "cpu", 1, 0, 0,
    )  # fmt: skip
    return Evaluation(
        metrics={"accuracy": right / n}, flops_speedup=1.0, measured_speedup={}, tokens_kept=(), n=n,
        predictions=tuple(rows), recipe=by,
    )  # fmt: skip
