"""The classes that predictions name: matched with those of the data, with their probabilities."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from rationale.corpus.document import Documents
from rationale.corpus.fields import label_name, listing, short
from rationale.corpus.rows import Row
from rationale.errors import DataError
from rationale.predictions.cells import parsed
from rationale.strict_json import Json

UNKNOWN = "no label"
"""The class of scores whose data and predictions name none: provenance has at least one."""

_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Classes:
    """The class names, in the order of probabilities.

    Attributes:
        names: Those of the data; where rows give probabilities, the classes that these name.
        known: Whether the data or the predictions name any.
    """

    names: tuple[str, ...]
    known: bool = True

    @classmethod
    def of(cls, rows: Iterable[Row], documents: Documents) -> Classes:
        """The classes of the data, and of the first row with probabilities.

        Raises:
            DataError: Where that row lacks a class of the data.
        """
        rows = list(rows)
        gold = cls(documents.labels)
        for where, row in rows:
            value = parsed(row, "probabilities", where)
            if value is not None:
                return cls(tuple(gold._named(name, where) for name in _classes(value, where, gold.names)))
        names = gold.names or tuple(
            sorted({name for where, row in rows if (name := _said(row, "label", where)) is not None})
        )
        return cls(names or (UNKNOWN,), known=bool(names))

    def label(self, row: Json, column: str, where: str) -> str | None:
        """The class that a row names in a column; None where it names none.

        Case and blanks around it may differ.

        Raises:
            DataError: On an unknown class.
        """
        said = _said(row, column, where)
        if said is None:
            return None
        name = self._named(said, where)
        if name not in self.names:
            raise DataError(
                f"{column!r} is {said!r}, which is no label of the data",
                where=where,
                remedy=f"Known: {listing(self.names)}.",
            )
        return name

    def of_row(self, row: Json, where: str) -> tuple[float, ...]:
        """The probabilities of a row; empty where it has none.

        Raises:
            DataError: Where classes are missing or unknown, or the values are no probabilities.
        """
        value = parsed(row, "probabilities", where)
        return () if value is None else self.probabilities(value, where)

    def probabilities(self, value: Any, where: str) -> tuple[float, ...]:
        """One probability a class, in the order of the names.

        Raises:
            DataError: Where classes are missing or unknown, or the values are no probabilities.
        """
        given = {self._named(name, where): probability for name, probability in _items(value, where).items()}
        if given.keys() != set(self.names):
            raise DataError(
                f"probabilities of {listing(given)}, expected those of {listing(self.names)}",
                where=where,
                remedy="Give every class one, in every row.",
            )
        numbers = [given[name] for name in self.names]
        if not all(_is_probability(number) for number in numbers) or abs(sum(numbers) - 1) > _TOLERANCE:
            raise DataError(
                f"{short(value)} are no probabilities: expected numbers from 0 to 1 with the sum 1",
                where=where,
                remedy="Apply a softmax to logits.",
            )
        return tuple(map(float, numbers))

    def _named(self, name: str, where: str) -> str:
        """The known class that a name means, else the name."""
        if name in self.names:
            return name
        meant = [known for known in self.names if known.strip().casefold() == name.strip().casefold()]
        if len(meant) > 1:
            raise DataError(
                f"the label {name!r} may be {' or '.join(meant)}",
                where=where,
                remedy="Write it as the data does.",
            )
        return meant[0] if meant else name


def _said(row: Json, column: str, where: str) -> str | None:
    name = label_name(row.get(column), column, where)
    return name if name is None or name.strip() else None


def _items(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not value:
        raise DataError(
            f"'probabilities' must be an object, got {short(value)}",
            where=where,
            remedy='For example {"NEG": 0.2, "POS": 0.8}.',
        )
    return {str(name): number for name, number in value.items() if number is not None}


def _classes(value: Any, where: str, gold: tuple[str, ...]) -> list[str]:
    names = list(_items(value, where))
    folded = {name.strip().casefold() for name in names}
    missing = [name for name in gold if name.strip().casefold() not in folded]
    if missing:
        raise DataError(
            f"the probabilities are of {listing(names)}, and the data has the label {missing[0]!r}",
            where=where,
            remedy=f"Labels of the data: {listing(gold)}.",
        )
    return names


def _is_probability(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and -_TOLERANCE <= value <= 1 + _TOLERANCE  # type: ignore[arg-type, operator]
