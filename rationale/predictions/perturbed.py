"""Probabilities without and with only the rationale, where an ERASER file has them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rationale.artifacts.provenance import Perturbing
from rationale.corpus.fields import need, short
from rationale.errors import DataError
from rationale.predictions.eraser import ONLY, SHARES, WITHOUT
from rationale.predictions.labels import Classes
from rationale.scores.scored import Perturbed
from rationale.strict_json import Json

UNSTATED = (
    "The file does not state which share of the words was removed for comprehensiveness and sufficiency; the "
    "mean share of the words it selects is given as the share."
)


@dataclass(frozen=True)
class Removal:
    """What was removed in a file.

    Attributes:
        perturbing: The share of the main probabilities, and those of the AOPC.
        stated: Whether the file states the first share: the format has no place for it, so it is one of the
            AOPC with the same probabilities.
    """

    perturbing: Perturbing
    stated: bool

    def of(self, row: Json, classes: Classes, method: str, where: str) -> tuple[Perturbed, ...]:
        """The probabilities of one row; empty where it has none.

        Raises:
            DataError: Where they are no probabilities of the classes, or of other shares than in other rows.
        """
        if not has_removal(row):
            return ()
        if row.get("probabilities") is None:
            raise DataError(
                f"{WITHOUT!r} needs 'classification_scores' beside it",
                where=where,
                remedy="Give the probabilities from the whole document, or leave both out.",
            )
        cases = {self.perturbing.share: row} | _by_share(row, where)
        if tuple(_by_share(row, where)) != self.perturbing.bins:
            raise DataError(
                f"the thresholds of {SHARES!r} are {short(list(_by_share(row, where)))}, and in other lines "
                f"{short(list(self.perturbing.bins))}",
                where=where,
                remedy="Give the same in every line.",
            )
        return tuple(
            Perturbed(
                method,
                0,
                share,
                classes.probabilities(need(case, WITHOUT, where), where),
                classes.probabilities(need(case, ONLY, where), where),
            )
            for share, case in cases.items()
        )


def has_removal(row: Json) -> bool:
    """Whether a row has such probabilities."""
    return row.get(WITHOUT) is not None or row.get(ONLY) is not None


def removal_of(rows: Iterable[tuple[str, Json]], selected: float) -> Removal | None:
    """What was removed in a file; None where it has no such probabilities.

    Args:
        rows: Place and cells of each.
        selected: The mean share of the words that the file selects; NaN where it selects none.

    Raises:
        DataError: Where the probabilities by share are none.
    """
    rows = [(where, row) for where, row in rows if has_removal(row)]
    if not rows:
        return None
    bins = tuple(_by_share(rows[0][1], rows[0][0]))
    for share in bins:
        if all(_equal(row, _by_share(row, where).get(share, {})) for where, row in rows):
            return Removal(Perturbing(share=share, bins=bins, layers=(0,)), stated=True)
    share = 0.0 if math.isnan(selected) else selected
    while any(math.isclose(share, known, abs_tol=1e-4) for known in bins):  # shares tell entries apart
        share += 1e-3
    return Removal(Perturbing(share=share, bins=bins, layers=(0,)), stated=False)


def _equal(first: Json, second: Json) -> bool:
    return all(first.get(name) == second.get(name) for name in (WITHOUT, ONLY))


def _by_share(row: Json, where: str) -> dict[float, Json]:
    """The entries of the AOPC by their share, in order."""
    listed: Any = row.get(SHARES) or []
    if not isinstance(listed, list) or not all(isinstance(entry, Mapping) for entry in listed):
        raise DataError(f"{SHARES!r} must be a list of objects, got {short(listed)}", where=where)
    shares = [need(entry, "threshold", where) for entry in listed]
    if not all(isinstance(share, int | float) and 0 <= share <= 1 for share in shares):
        raise DataError(
            f"{SHARES!r} has the thresholds {short(shares)}, expected numbers from 0 to 1", where=where
        )
    return {float(share): entry for share, entry in zip(shares, listed, strict=True)}
