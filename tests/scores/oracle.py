"""What others compute for one input: captum on the plain model, eager attention, numpy products."""

from types import SimpleNamespace

import numpy as np
import torch
from captum.attr import LayerGradientXActivation

from tests.toys import plain_model

TYPED = ("bert", "electra")


def inputs_of(name, window):
    """Keyword inputs of the transformers model for one window."""
    inputs = {"input_ids": torch.from_numpy(window.ids).long()[None]}
    if name in TYPED:
        inputs["token_type_ids"] = torch.from_numpy(window.types).long()[None]
    return inputs


def logits(name, window, **settings):
    """Logits (C,)."""
    with torch.no_grad():
        return plain_model(name, **settings)(**inputs_of(name, window)).logits[0]


def entrances(name, model):
    """The module whose output enters each layer: the embeddings, then the layer before."""
    base = model.base_model
    first = getattr(base, "embeddings_project", base.embeddings)
    stack = {"distilbert": "transformer.layer", "modernbert": "layers"}.get(
        name.split("-")[0], "encoder.layer"
    )
    return [first, *list(base.get_submodule(stack))[:-1]]


def gradients(name, window, target, *, times_input, **settings):
    """captum's gradient at what enters each layer, times what enters where asked; float64 (L, n, d)."""
    model = plain_model(name, **settings)
    inputs = inputs_of(name, window)

    def forward(ids, types):
        more = {} if types is None else {"token_type_ids": types}
        return model(input_ids=ids, **more).logits

    rows = []
    for module in entrances(name, model):
        method = LayerGradientXActivation(forward, module, multiply_by_inputs=times_input)
        given = method.attribute(
            inputs["input_ids"], target=target, additional_forward_args=(inputs.get("token_type_ids"),)
        )
        rows.append((given[0] if isinstance(given, tuple) else given)[0].detach().double().numpy())
    return np.stack(rows)


def attention(name, window, **settings):
    """Eager attention averaged over heads, float64 (L, n, n)."""
    with torch.no_grad():
        layers = plain_model(name, **settings)(**inputs_of(name, window), output_attentions=True).attentions
    return np.stack([layer[0].double().mean(dim=0).numpy() for layer in layers])


def rollout(attention):
    """R_l = A_hat_l R_(l-1) with A_hat = (A + I) / 2, float64 (L, n, n), by the plain product."""
    rolled = []
    for layer in 0.5 * attention + 0.5 * np.eye(attention.shape[-1]):
        rolled.append(layer @ rolled[-1] if rolled else layer)
    return np.stack(rolled)


ORACLES = {
    "input_x_gradient": lambda of: np.linalg.norm(of.product, axis=-1),
    "input_x_gradient.l1": lambda of: np.abs(of.product).sum(axis=-1),
    "input_x_gradient.sum": lambda of: of.product.sum(axis=-1),
    "gradient_norm": lambda of: np.linalg.norm(of.slope, axis=-1),
    "attention.all": lambda of: of.attention.sum(axis=1),
    "attention.cls": lambda of: of.attention[:, 0],
    "attention.others": lambda of: of.attention.sum(axis=1) - np.diagonal(of.attention, axis1=1, axis2=2),
    "rollout.all": lambda of: of.rolled.sum(axis=1),
    "rollout.cls": lambda of: of.rolled[:, 0],
}
"""Each one-pass method from what others compute; a new method gets its line here and nowhere else."""


def every_method(name, window, target, **settings):
    """Unnormalised scores (L, n) of every one-pass method."""
    weights = attention(name, window, **settings)
    of = SimpleNamespace(
        product=gradients(name, window, target, times_input=True, **settings),
        slope=gradients(name, window, target, times_input=False, **settings),
        attention=weights,
        rolled=rollout(weights),
    )
    return {method: score(of) for method, score in ORACLES.items()}


def shares(scores):
    """Divided by the sum of absolute values, row by row."""
    return scores / np.abs(scores).sum(axis=-1, keepdims=True)
