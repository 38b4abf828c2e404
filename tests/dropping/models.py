"""Toy models of every system, and a batch of inputs of several lengths to run them on."""

import torch
from transformers import AutoModelForSequenceClassification

from rationale.dropping.inputs import packed
from rationale.dropping.model import wrap
from tests.systems import TOYS
from tests.toys import MODELS, toy_folder, toy_tokenizer, wordy

FAMILIES = {
    "bert": {"num_hidden_layers": 5},
    "roberta": {"num_hidden_layers": 5},
    "distilbert": {"n_layers": 5},
    "modernbert-mean": {"num_hidden_layers": 5},
}
LENGTHS = (1, 3, 9, 17, 30, 30, 12)


def dropping_model(name, eta=0.25, seed=0, **settings):
    """A toy classifier whose predictors are random enough to drop some tokens and keep others."""

    backbone = AutoModelForSequenceClassification.from_pretrained(toy_folder(name, **settings))
    torch.manual_seed(seed)
    model = wrap(backbone, "adapler").eval()
    with torch.no_grad():
        for parameter in model.system.predictors.parameters():
            parameter.copy_(torch.randn_like(parameter) * 0.3)
        model.system.eta.fill_(eta)
    return model


def toy(system, family="bert", **settings):
    """A dropping model of random weights, ready to run: some tokens leave and some stay."""
    backbone = AutoModelForSequenceClassification.from_pretrained(
        toy_folder(family, **FAMILIES[family]), attn_implementation="eager"
    )
    model = wrap(backbone, system, {**TOYS[system].policy, **settings}).eval()
    torch.manual_seed(4)
    if TOYS[system].learnt:
        with torch.no_grad():
            for parameter in getattr(model.system, TOYS[system].learnt).parameters():
                parameter.copy_(torch.randn_like(parameter) * 0.3)
    return model


def batch(name, lengths=LENGTHS):
    texts = [" ".join(wordy(length, seed)) for seed, length in enumerate(lengths)]
    made = toy_tokenizer(MODELS[name][0])(
        texts, padding=True, truncation=True, max_length=60, return_tensors="pt"
    )
    return packed(made["input_ids"], made["attention_mask"], made.get("token_type_ids"))


def one(batch, number):
    start = int(batch.cls_index[number])
    end = start + batch.lengths[number]
    part = slice(start, end)
    return type(batch)(batch.ids[part], batch.types[part], batch.positions[part], (end - start,))
