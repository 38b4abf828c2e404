"""The shape of what scores and agreement say of themselves, shared by their readers."""

from __future__ import annotations

from typing import Any

from rationale.artifacts.shape import (
    Check,
    among,
    anything,
    boolean,
    both,
    count,
    every,
    integer,
    mapping,
    maybe,
    number,
    record,
    text,
)

_METHOD: dict[str, Check] = {
    "title": text,
    "definition": text,
    "settings": mapping(anything),
    "selects": boolean,
}
MODEL: dict[str, Check] = {
    "hash": maybe(text),
    "revision": maybe(text),
    "family": text,
    "layers": count,
    "max_length": maybe(count),
    "eta": maybe(every(maybe(number))),
}
_DATA: dict[str, Check] = {"fingerprint": maybe(text), "source": text, "split": maybe(text)}
_FAITHFULNESS = record({"layers": maybe(every(count))}, share=number, bins=every(number))
_SETTINGS: dict[str, Check] = {
    "faithfulness": maybe(_FAITHFULNESS),
    "kept": maybe(boolean),
    "decides": among("layer", "feed-forward"),
    "target": among("predicted", "gold"),
    "protocol": text,
    "part_size": count,
    "batch_size": count,
    "seed": integer,
    "normalisation": text,
    "special_tokens": text,
    "aggregation": text,
    "dtype": text,
    "device": text,
    "versions": mapping(text),
}

_WHOLE = record(
    _SETTINGS,
    model=record(MODEL, name=text),
    data=record(_DATA, source=text, split=maybe(text), documents=count),
    labels=every(text, least=1),
    methods=mapping(record(_METHOD, layers=every(count, least=1), signed=boolean)),
)


def _layered(value: Any, place: str) -> str | None:
    """Kept tokens are of layers, as many as the model has."""
    lacks = value.get("kept") and "layers" not in value["model"]
    return f"{place}.model: 'layers' is missing".lstrip(".") if lacks else None


RECIPE = both(_WHOLE, _layered)
"""Of ``recipe.json`` beside scores."""

_AGREEMENT = record(
    {
        "eta_from": maybe(text),
        "notes": every(text),
        "comparison": text,
        "fingerprint": maybe(text),
        "versions": mapping(text),
    },
    select=every(among("threshold", "top_k_gold", "kept"), least=1),
    eta=maybe(every(maybe(number))),
    absolute=boolean,
    resamples=count,
    seed=integer,
    confidence=number,
    interval=text,
    source=text,
    split=maybe(text),
    pairs=count,
    unscored=count,
    unannotated=count,
    words=count,
    uncovered_words=count,
)
_AGREED = both(RECIPE, record(agreement=_AGREEMENT))
_INTERVAL: dict[str, Check] = {"low": maybe(number), "high": maybe(number), "n": count}


def _square(value: Any, place: str) -> str | None:
    """The confusion counts are as many as the labels say."""
    labels, counts = value.get("labels", []), value.get("confusion", [])
    fits = len(labels) == len(counts) and all(len(row) == len(labels) for row in counts)
    return None if fits else f"{place.lstrip('.')}: the confusion is not {len(labels)} by {len(labels)}"


def agreement(metrics: tuple[str, ...]) -> Check:
    """Of ``agreement.json`` with these metrics."""
    metric, select = among(*metrics), maybe(among("threshold", "top_k_gold", "kept"))
    one = record(
        {"rule": maybe(text)},
        method=text,
        layer=count,
        metric=metric,
        select=select,
        value=maybe(number),
        skipped=count,
        **_INTERVAL,
    )
    pair = record(
        metric=metric,
        select=select,
        method=text,
        layer=count,
        other=text,
        other_layer=count,
        difference=maybe(number),
        p=maybe(number),
        p_single=maybe(number),
        **_INTERVAL,
    )
    classes = record(
        accuracy=maybe(number),
        macro_f1=maybe(number),
        mcc=maybe(number),
        labels=every(text),
        confusion=every(every(count)),
        **_INTERVAL,
    )
    return record(
        recipe=_AGREED,
        records=every(one),
        comparisons=every(pair),
        classification=both(classes, _square),
    )
