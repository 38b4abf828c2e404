"""What is found out about the conditions of a study before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence

from rationale.encoder import FAMILIES
from rationale.errors import ModelError, RationaleError
from rationale.loading.classifier import Classifier, load_classifier
from rationale.scores.methods import METHODS, DecisionMethod, WindowMethod
from rationale.study.topk.conditions import Condition
from rationale.study.topk.retained import Positions
from rationale.training.prepare import Prepared


def check_conditions(
    conditions: Sequence[Condition], first: Prepared, dropping: str | None, positions: Positions
) -> dict[str, str] | None:
    """Refuses what would only be found out after the first classifier is trained.

    Args:
        conditions: All of the study.
        first: The checkpoint every classifier begins with.
        dropping: The dropping model, where a condition needs one.
        positions: Of the study.

    Returns:
        Which model the dropping conditions are of: its name and hash.

    Raises:
        RationaleError: Where two conditions are one, or one asks for a layer that is not there.
        ModelError: Where the dropping model has no such scores, or reads less than the study.
    """
    start = first.start
    longest = int(start.tokenizer.model_max_length)
    encoder = FAMILIES.get(start.model.config.model_type)(start.model)
    name = {"name": first.recipe["model"]["name"]}
    own = Classifier(start.model, encoder, start.tokenizer, start.labels, longest, name)
    models = {False: own}
    if any(condition.dropping for condition in conditions):
        models[True] = load_classifier(str(dropping), device="cpu")
        if positions == "original":
            _check_reach(models[True], longest)
    for condition in (condition for condition in conditions if condition.scored):
        _check_condition(condition, models[condition.dropping])
    named = [condition.of(encoder.layers) for condition in conditions if not condition.dropping]
    if len(set(named)) < len(named):
        raise RationaleError("two conditions are one", remedy="Name each once: random is random@0.")
    identity = models[True].identity if True in models else None
    return None if identity is None else {name: identity[name] for name in ("name", "hash")}


def _check_reach(dropping: Classifier, longest: int) -> None:
    if dropping.max_length < longest:
        raise ModelError(
            f"the dropping model reads {dropping.max_length} tokens, the study {longest}",
            where=dropping.identity["name"],
            remedy=f"Study with --max-length {dropping.max_length}, or train it at {longest}.",
        )


def _check_condition(condition: Condition, classifier: Classifier) -> None:
    method, layers = METHODS.get(condition.method), range(classifier.encoder.layers)
    if isinstance(method, DecisionMethod) and not method.fits(classifier.policy):
        raise ModelError(
            f"condition {condition.text!r}: this model has no such scores",
            where=classifier.identity["name"],
            remedy="Name a model with --adapler that decides by them.",
        )
    there = method.layers(classifier) if isinstance(method, WindowMethod) else tuple(layers)
    if condition.layer is not None and condition.layer not in there:
        raise RationaleError(
            f"condition {condition.text!r}: there is no such layer",
            remedy=f"Layers: {', '.join(map(str, there))}.",
        )
