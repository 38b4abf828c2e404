"""AdapLeR is trained, saved and loaded on every encoder family."""

from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForSequenceClassification

from rationale.corpus import Document, Documents
from rationale.dropping.run import hard
from rationale.loading.classifier import load_classifier
from rationale.tokens import Windower, pack_windows
from rationale.training import train_dropping
from rationale.training.adapler import AdapLeROptions
from tests.toys import MODELS, toy_folder, wordy

pytestmark = pytest.mark.training

OPTIONS = AdapLeROptions(
    epochs=1,
    fine_tune_epochs=1,
    batch_size=8,
    learning_rate=1e-3,
    phi=0.05,
    reinit_head=True,
    max_length=32,
    device="cpu",
)
DOCUMENTS = Documents(
    [
        Document(str(i), str(i), wordy(3 + i % 9, i), query=("why", "not"), label="ab"[i % 2])
        for i in range(24)
    ]
)


@pytest.mark.parametrize("name", MODELS)
def test_every_family_is_trained_saved_and_loaded(name, tmp_path):
    trained = train_dropping("adapler", toy_folder(name), DOCUMENTS, None, tmp_path / "out", OPTIONS)
    model = AutoModelForSequenceClassification.from_pretrained(trained.path)
    before = AutoModelForSequenceClassification.from_pretrained(toy_folder(name)).state_dict()
    moved = [
        k for k, v in model.backbone.state_dict().items() if k in before and not torch.equal(v, before[k])
    ]
    assert len(moved) > 10
    assert not torch.equal(model.system.eta, torch.full_like(model.system.eta, 0.25))
    classifier = load_classifier(trained.path, device="cpu")
    window = Windower(classifier.tokenizer, classifier.max_length, "truncate")(DOCUMENTS[5]).windows[0]
    with torch.no_grad():
        run = hard(classifier.encoder, classifier.policy, pack_windows([window]))
    assert run.logits.shape == (1, 2)
    assert torch.isfinite(run.logits).all()


def test_pairs_are_read_in_all_three_phases(tmp_path):
    """The query is part of the input: without it the stored maps would be shorter."""
    alone = Documents([replace(d, query=()) for d in DOCUMENTS])
    lengths = []
    for name, documents in (("pairs", DOCUMENTS), ("alone", alone)):
        trained = train_dropping("adapler", toy_folder("bert"), documents, None, tmp_path / name, OPTIONS)
        classifier = load_classifier(trained.path, device="cpu")
        windower = Windower(classifier.tokenizer, classifier.max_length, "truncate")
        lengths.append([len(windower(d).windows[0].ids) for d in documents])
    assert all(pair > one for pair, one in zip(*lengths, strict=True))
