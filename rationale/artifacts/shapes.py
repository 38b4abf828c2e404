"""The check of ``agreement.json``."""

from __future__ import annotations

from typing import Any

from rationale.artifacts.provenance import AgreementProvenance
from rationale.artifacts.record import check_of
from rationale.artifacts.shape import (
    Check,
    among,
    both,
    count,
    every,
    maybe,
    number,
    record,
    text,
)

_INTERVAL: dict[str, Check] = {"low": maybe(number), "high": maybe(number), "n": count}


def _square(value: Any, place: str) -> str | None:
    """Checks that the confusion matrix is square, with one row per label."""
    labels, counts = value.get("labels", []), value.get("confusion", [])
    fits = len(labels) == len(counts) and all(len(row) == len(labels) for row in counts)
    return None if fits else f"{place.lstrip('.')}: the confusion is not {len(labels)} by {len(labels)}"


def agreement(metrics: tuple[str, ...]) -> Check:
    """The check of ``agreement.json`` with these metrics."""
    metric, select = among(*metrics), maybe(among("threshold", "top_k_gold", "kept"))
    metric_record = record(
        {"rule": maybe(text)},
        method=text,
        layer=count,
        metric=metric,
        select=select,
        value=maybe(number),
        skipped=count,
        **_INTERVAL,
    )
    comparison = record(
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
        recipe=check_of(AgreementProvenance),
        records=every(metric_record),
        comparisons=every(comparison),
        classification=both(classes, _square),
    )
