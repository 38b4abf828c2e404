"""Checks of the conditions of a study before any training."""

from __future__ import annotations

from collections.abc import Sequence

from rationale.artifacts.provenance import ScoredModel
from rationale.encoder import FAMILIES
from rationale.errors import ModelError, RationaleError
from rationale.loading.classifier import Classifier, load_classifier
from rationale.scores.methods import METHODS, WindowMethod
from rationale.study.topk.conditions import Condition
from rationale.study.topk.retained import Positions
from rationale.training.prepare import Prepared


def check_conditions(
    conditions: Sequence[Condition], first: Prepared, dropping: str | None, positions: Positions
) -> dict[str, str | None] | None:
    """Refuses conditions that would fail after the first classifier is trained.

    Args:
        conditions: All conditions of the study.
        first: The checkpoint that every classifier starts from.
        dropping: Name or folder of the dropping model, where a condition needs one.
        positions: Token positions of the study.

    Returns:
        Name and hash of the dropping model; None where no condition needs one.

    Raises:
        RationaleError: Where two conditions are the same, or a layer does not exist.
        ModelError: Where the dropping model lacks the scores, or reads fewer tokens than the study.
    """
    start = first.start
    longest = int(start.tokenizer.model_max_length)
    encoder = FAMILIES.get(start.model.config.model_type)(start.model)
    identity = ScoredModel(name=first.recipe.model.name, layers=encoder.layers)
    plain = Classifier(start.model, encoder, start.tokenizer, start.labels, longest, identity)
    models = {False: plain}
    if any(condition.dropping for condition in conditions):
        models[True] = load_classifier(str(dropping), device="cpu")
        if positions == "original":
            _check_length(models[True], longest)
    for condition in (condition for condition in conditions if condition.scored):
        _check_condition(condition, models[condition.dropping])
    identities = [condition.of(encoder.layers) for condition in conditions if not condition.dropping]
    if len(set(identities)) < len(identities):
        raise RationaleError("two conditions are the same", remedy="Name each once: random is random@0.")
    if True not in models:
        return None
    return {"name": models[True].identity.name, "hash": models[True].identity.hash}


def _check_length(dropping: Classifier, longest: int) -> None:
    if dropping.max_length < longest:
        raise ModelError(
            f"the dropping model reads {dropping.max_length} tokens, the study {longest}",
            where=dropping.identity.name,
            remedy=f"Study with --max-length {dropping.max_length}, or train it at {longest}.",
        )


def _check_condition(condition: Condition, classifier: Classifier) -> None:
    method = METHODS.get(condition.method)
    method.require_fit(classifier)
    layers = range(classifier.encoder.layers)
    available = method.layers(classifier) if isinstance(method, WindowMethod) else tuple(layers)
    if condition.layer is not None and condition.layer not in available:
        raise RationaleError(
            f"condition {condition.text!r}: the method has no layer {condition.layer}",
            remedy=f"Layers: {', '.join(map(str, available))}.",
        )
