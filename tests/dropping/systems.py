"""Toy models of every system, set so that some tokens leave and some stay."""

import torch
from transformers import AutoModelForSequenceClassification

from rationale.dropping.model import wrap
from rationale.dropping.system import SYSTEMS
from tests.toys import toy_folder

FAMILIES = {
    "bert": {"num_hidden_layers": 5},
    "roberta": {"num_hidden_layers": 5},
    "distilbert": {"n_layers": 5},
    "modernbert-mean": {"num_hidden_layers": 5},
}


def _falling(first, step, layers=5):
    return [first - step * layer for layer in range(layers)]


SETTINGS = {
    "adapler": {},
    "ltp": {"final": 0.012, "reference": 60},
    "spatten": {"ratio": 0.3},
    "power-bert": {"retention": _falling(24, 5)},
    "lat": {"lengths": _falling(24, 5)},
    "tr-bert": {},
    "random": {"shares": [0.9, 0.8, 0.6, 0.4, 0.3]},
    "first": {"shares": [0.9, 0.8, 0.6, 0.4, 0.3]},
}
assert SETTINGS.keys() == set(SYSTEMS)


def toy(system, family="bert", **settings):
    """A dropping model of random weights, ready to run."""
    backbone = AutoModelForSequenceClassification.from_pretrained(
        toy_folder(family, **FAMILIES[family]), attn_implementation="eager"
    )
    model = wrap(backbone, system, {**SETTINGS[system], **settings}).eval()
    torch.manual_seed(4)
    learnt = {"adapler": "predictors", "tr-bert": "policies"}.get(system)
    if learnt:
        with torch.no_grad():
            for parameter in getattr(model.system, learnt).parameters():
                parameter.copy_(torch.randn_like(parameter) * 0.3)
    return model
