from __future__ import annotations

import numpy as np
import pytest
import torch
from transformers import BertForSequenceClassification, EvalPrediction

from rationale.errors import ModelError
from rationale.tokens import Window
from rationale.training.encoding import Encoded
from rationale.training.task import mean_loss
from rationale.training.trainer import EpochSampler, dev_metrics
from tests.training.toy_training import toy_config


def test_the_loss_is_the_model_s_own_and_batches_of_a_step_add_up():
    torch.manual_seed(0)
    model = BertForSequenceClassification(toy_config(num_labels=2)).eval()
    ids, labels = torch.randint(4, 20, (6, 5)), torch.tensor([0, 1, 1, 0, 1, 1])
    outputs = model(input_ids=ids, labels=labels)
    torch.testing.assert_close(mean_loss(outputs, labels), outputs.loss)
    parts = [
        mean_loss({"logits": outputs.logits[half]}, labels[half], torch.tensor(6), smoothing=0.1)
        for half in (slice(0, 2), slice(2, 6))
    ]
    whole = torch.nn.CrossEntropyLoss(label_smoothing=0.1)(outputs.logits, labels)
    torch.testing.assert_close(sum(parts), whole)


def test_the_order_is_of_seed_and_epoch_alone_and_groups_like_lengths():
    lengths = [int(n) for n in np.random.default_rng(0).integers(5, 400, 256)]

    def order(seed, epoch):
        sampler = EpochSampler(8, lengths, seed)
        sampler.set_epoch(epoch)
        torch.rand(3)  # the global random state plays no part
        return list(sampler)

    assert order(0, 1) == order(0, 1) != order(0, 2)
    assert order(0, 1) != order(1, 1)
    assert sorted(order(0, 1)) == list(range(256))
    batches = np.asarray(lengths)[order(0, 1)].reshape(-1, 8)
    random_batches = np.random.default_rng(1).permutation(lengths).reshape(-1, 8)
    assert np.ptp(batches, axis=1).mean() < 0.3 * np.ptp(random_batches, axis=1).mean()


def rows(labels, lengths=None):
    """Dev documents of these labels, as a model reads them."""
    windows = [
        Window(*(np.zeros(n, np.int32) for _ in range(3)), weight=1.0) for n in lengths or [4] * len(labels)
    ]
    return Encoded(windows, list(labels), typed=False)


def test_macro_f1_decides_between_equal_accuracies_and_never_overrules():
    gold = np.array([0] * 8 + [1] * 2)

    def choice(predicted):
        logits = np.eye(2)[predicted]
        return dev_metrics(EvalPrediction(logits, gold), "accuracy", rows(gold))["choice"]

    majority = choice(np.zeros(10, int))
    even = choice(np.array([0] * 7 + [1] + [1] + [0]))
    worse = choice(np.array([0] * 6 + [1] * 2 + [1, 0]))
    assert majority < even
    assert worse < majority


def test_logits_that_are_no_numbers_stop_the_run():
    with pytest.raises(ModelError, match="logits that are not finite on the dev documents"):
        dev_metrics(EvalPrediction(np.array([[0.0, np.nan]]), np.array([0])), "accuracy", rows([0]))


def test_what_comes_longest_first_is_judged_in_the_order_of_the_documents():
    gold, dev = np.array([0, 1, 1, 0, 1]), rows([0, 1, 1, 0, 1], [3, 9, 5, 7, 1])
    assert dev.by_length == [1, 3, 2, 0, 4]
    shown = np.eye(2)[gold[dev.by_length]]
    assert dev_metrics(EvalPrediction(shown, gold[dev.by_length]), "accuracy", dev)["accuracy"] == 1
    assert dev_metrics(EvalPrediction(np.eye(2)[gold], gold), "accuracy", dev)["accuracy"] < 1
