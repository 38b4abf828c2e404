"""What a system keeps of the rationale is held against what it keeps of the other words."""

import json

import numpy as np

from rationale.agreement import agree
from rationale.corpus import Document, Documents, Span
from rationale.dropping.model import wrap
from rationale.evaluation.result import KeptRationale
from rationale.loading.classifier import load_classifier
from rationale.report.figures.systems import kept_rationale
from rationale.scores import ScoreOptions, score
from tests.dropping.models import dropping_model
from tests.study.made import grid_cell
from tests.toys import MODELS, toy_tokenizer, wordy


def test_words_dropped_by_lot_lie_on_the_line(tmp_path):
    """Words of many tokens live longer than tokens do, marked or not: only words tell of sparing."""
    plain = dropping_model("bert").backbone
    wrap(plain, "random", {"shares": [0.8] * plain.config.num_hidden_layers}).save_pretrained(tmp_path)
    toy_tokenizer(MODELS["bert"][0]).save_pretrained(tmp_path)
    classifier = load_classifier(tmp_path, device="cpu")
    rng = np.random.default_rng(0)
    documents = Documents(
        [
            Document(str(n), str(n), wordy(14, n), label="POS", spans=(Span(at, at + 4),))
            for n, at in enumerate(rng.integers(0, 10, 200).tolist())
        ]
    )
    scores = score(classifier, documents, ScoreOptions(("kept",)), progress=False)
    records = agree(scores, documents, select="threshold", resamples=20).records
    found = {r.metric: r.value for r in records if r.layer == classifier.encoder.layers - 1}
    kept = KeptRationale(n=200, ap=(None,), precision=(None,), recall=(found["recall"],), fpr=(found["fpr"],))
    record = grid_cell("random", rationale=kept)
    drawn = json.loads(kept_rationale([record]).to_json())["data"][0]
    assert drawn["x"] == [found["fpr"]]
    assert drawn["y"] == [found["recall"]]
    assert abs(found["recall"] - found["fpr"]) < 0.05
    assert 0.1 < found["fpr"] < 0.9
