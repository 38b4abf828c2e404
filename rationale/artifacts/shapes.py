"""The shape of what scores and agreement say of themselves, shared by their readers."""

from __future__ import annotations

from rationale.artifacts.shape import (
    Check,
    among,
    anything,
    boolean,
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

RECIPE = record(
    _SETTINGS,
    model=record(MODEL, name=text),
    data=record(_DATA, source=text, split=maybe(text), documents=count),
    labels=every(text, least=1),
    methods=mapping(record(_METHOD, layers=every(count, least=1), signed=boolean)),
)
"""Of ``recipe.json`` beside scores."""

_AGREEMENT: dict[str, Check] = {
    "select": every(among("delta", "topk", "alive")),
    "eta": maybe(every(maybe(number))),
    "eta_from": maybe(text),
    "notes": every(text),
    "absolute": boolean,
    "resamples": count,
    "seed": integer,
    "confidence": number,
    "interval": text,
    "comparison": text,
    "source": text,
    "split": maybe(text),
    "fingerprint": maybe(text),
    "pairs": count,
    "unscored": count,
    "unannotated": count,
    "words": count,
    "uncovered_words": count,
    "versions": mapping(text),
}
AGREED = record(
    {
        **_SETTINGS,
        "model": record({**MODEL, "name": text}),
        "data": record({**_DATA, "documents": count}),
        "labels": every(text),
        "methods": mapping(record({**_METHOD, "layers": every(count), "signed": boolean})),
        "agreement": record(_AGREEMENT),
    }
)
"""Of ``recipe`` in ``agreement.json``: the scores', with the settings of the agreement."""
