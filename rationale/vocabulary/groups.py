"""Groups of documents whose words are counted apart: by predicted class, gold class, or error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from rationale.arrays import Bool
from rationale.errors import ScoresError
from rationale.vocabulary.tally import Tally

By = Literal["predicted", "gold", "error", "all"]
BYS: tuple[By, ...] = get_args(By)


@dataclass(frozen=True)
class Group:
    """Some of D documents.

    Attributes:
        label: Their class: the gold class for ``gold``, else the predicted one; None for all documents.
        right: Whether the prediction is the gold class; None where they are not grouped by error.
        members: bool (D,).
    """

    label: str | None
    right: bool | None
    members: Bool


def possible(tally: Tally) -> tuple[By, ...]:
    """The groupings for which at least one document has the labels that are needed."""
    return tuple(by for by in BYS if any(group.members.any() for group in _groups(tally, by)))


def groups_of(tally: Tally, by: By) -> tuple[Group, ...]:
    """Groups documents; one without the label that is needed is in no group.

    Args:
        tally: The documents.
        by: ``predicted`` or ``gold``: one group a class. ``error``: two groups a predicted class, right and
            wrong. ``all``: one group.

    Raises:
        ScoresError: If there is no such grouping, or no document has the labels that are needed.
    """
    if by not in BYS:
        raise ScoresError(f"words cannot be grouped by {by!r}", remedy=f"Known: {', '.join(BYS)}.")
    groups = tuple(_groups(tally, by))
    if not any(group.members.any() for group in groups):
        needed = {"predicted": "a predicted class", "gold": "a gold label"}.get(by, "both labels")
        raise ScoresError(
            f"no document is left: none has {needed}" if by != "all" else "there is no document",
            where=tally.recipe.data.source,
            remedy="Group by `all`, or use scores with predictions and data with labels.",
        )
    return groups


def _groups(tally: Tally, by: By) -> Iterator[Group]:
    predicted, gold = (np.array(labels, dtype=object) for labels in (tally.predicted, tally.gold))
    if by == "all":
        yield Group(None, None, np.ones(len(predicted), dtype=np.bool_))
        return
    labels = gold if by == "gold" else predicted
    known = tally.recipe.labels if len(tally.recipe.labels) > 1 else ()  # a number has no classes
    for label in known:
        members = np.asarray(labels == label, dtype=np.bool_)
        if by != "error":
            yield Group(label, None, members)
            continue
        judged = members & np.array([one is not None for one in tally.gold], dtype=np.bool_)
        right = np.asarray(gold == label, dtype=np.bool_)
        yield Group(label, True, judged & right)
        yield Group(label, False, judged & ~right)
