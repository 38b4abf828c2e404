"""The shape of a comparison and of a top-k study on disk: what their pages rely on."""

from __future__ import annotations

from rationale.artifacts.shape import (
    Check,
    among,
    boolean,
    count,
    every,
    integer,
    mapping,
    maybe,
    number,
    record,
    scalar,
    text,
)
from rationale.metrics.task import TITLES

_DATA: dict[str, Check] = {"source": text, "split": maybe(text), "fingerprint": text}
_SPEEDUP = record(median=number, min=number, max=number)
_BAND = record(
    longest=number,
    n=count,
    value=maybe(number),
    low=maybe(number),
    high=maybe(number),
    flops_speedup=number,
    alive=every(number, least=1),
)
_SPREAD = maybe(record({"0.5": number, "mean": number}, n=count))
_BY_LENGTH = record(bands=every(_BAND, least=1), right=_SPREAD, wrong=_SPREAD)
_LAYERS = every(maybe(number), least=1)
_RATIONALE = maybe(record({"n": count}, ap=_LAYERS, precision=_LAYERS, recall=_LAYERS, fpr=_LAYERS))
_CELL = record(
    {
        "metrics": mapping(scalar),
        "difference": number,
        "difference_low": maybe(number),
        "difference_high": maybe(number),
        "lengths": _BY_LENGTH,
    },
    cell=text,
    system=text,
    title=text,
    setting=mapping(scalar),
    seed=integer,
    metric=among(*TITLES),
    value=maybe(number),
    low=maybe(number),
    high=maybe(number),
    dev=maybe(record({"difference": number}, value=number, speedup=number)),
    flops_speedup=number,
    measured_speedup=mapping(_SPEEDUP),
    alive=every(number, least=1),
    steps=count,
    seconds=maybe(number),
    n=count,
    rationale=_RATIONALE,
    blind=maybe(record(cell=text, difference=number, low=maybe(number), high=maybe(number))),
)
_HISTOGRAMS = record(
    edges=every(number, least=2),
    train=every(number, least=1),
    reported=every(number, least=1),
    median=record(train=number, reported=number),
    kl=number,
)
COMPARISON = record(
    {"lengths": _HISTOGRAMS},
    records=every(_CELL, least=1),
    recipe=record(model=text, reported=record(_DATA, source=text, split=maybe(text)), common=mapping(scalar)),
)
"""Of ``comparison.json``."""

_ARM = record(
    arm=text,
    seed=integer,
    oracle=boolean,
    accuracy=number,
    low=maybe(number),
    high=maybe(number),
    flops_speedup=number,
    words_kept=number,
    n=count,
)
_PAIR = record(
    {"seeds": every(integer), "p_single": maybe(number)},
    arm=text,
    other=text,
    n=count,
    difference=number,
    low=maybe(number),
    high=maybe(number),
    p=maybe(number),
    overlap=number,
)
TOPK = record(
    records=every(_ARM, least=1),
    comparisons=every(_PAIR),
    recipe=record(
        {"dropping": maybe(record(name=text, hash=text))},
        model=text,
        positions=text,
        budget=record(kind=among("rationale", "share", "count"), amount=number),
        training=mapping(scalar),
        data=record(reported=record(left_out=count, **_DATA)),
    ),
)
"""Of ``study.json``."""
