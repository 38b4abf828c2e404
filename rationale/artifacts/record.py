"""Typed records: frozen dataclasses that are checked against JSON, read from it and written to it.

Fields are texts, numbers, booleans, ``None``, literals, other records, ``tuple[X, ...]`` for lists,
``Mapping[str, X]`` for objects with any keys, and ``object`` for unchecked values. Further keys of the JSON
are ignored. A field with a default may be missing; one of :func:`omitted` is not written where it is None.
``Annotated[X, check]`` adds a check of :mod:`rationale.artifacts.shape`; the static method ``misfit`` of a
record checks the whole record.

>>> @dataclass(frozen=True)
... class Gap:
...     cell: str
...     difference: float | None = omitted()
>>> read_record(Gap, {"cell": "ltp", "difference": 0.5}, Path("gap.json"), what="no gap")
Gap(cell='ltp', difference=0.5)
>>> to_json(Gap("ltp"))
{'cell': 'ltp'}
>>> read_record(Gap, {"cell": 3}, Path("gap.json"), what="no gap")
Traceback (most recent call last):
rationale.errors.OutputError: gap.json: no gap: cell: expected text, found 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from rationale.artifacts import shape
from rationale.artifacts.shape import Check
from rationale.errors import OutputError, RationaleError
from rationale.strict_json import Json as Json

T = TypeVar("T")
Count = Annotated[int, shape.count]
Scalar = Annotated[object, shape.scalar]

_OMITTED = "omitted"
_LEAVES: dict[object, Check] = {
    str: shape.text,
    bool: shape.boolean,
    int: shape.integer,
    float: shape.number,
    NoneType: lambda value, place: None if value is None else shape.misfit(place, "null", value),
    object: shape.anything,
}


@dataclass(frozen=True)
class _Form:
    """How to check JSON for one type, and to build a value from it."""

    check: Check
    build: Callable[[Any], Any] = lambda value: value


def omitted(without: str = "", *, compare: bool = True) -> Any:
    """A field with the default None, which is not written where it is None.

    Args:
        without: Name of another field; the field is then written unless that one is None.
        compare: Whether the field takes part in comparisons of records.
    """
    return field(default=None, metadata={_OMITTED: without}, compare=compare)


def least(count: int) -> Check:
    """Checks for a list of at least ``count`` items."""
    return shape.every(shape.anything, least=count)


def check_of(kind: type) -> Check:
    """The check of JSON for a record type."""
    return _form(kind).check


def read_record(
    kind: type[T],
    content: object,
    where: Path,
    *,
    what: str,
    error: type[RationaleError] = OutputError,
    remedy: str = "",
) -> T:
    """Checks JSON and builds the record.

    Args:
        kind: A frozen dataclass.
        content: Parsed JSON.
        where: The file that it was read from.
        what: The start of the error.
        error: The class of the error.
        remedy: What the user can do.

    Raises:
        RationaleError: Of class ``error``, naming the first unexpected value.
    """
    shape.require(content, check_of(kind), where, error=error, what=what, remedy=remedy)
    return from_json(kind, content)


def from_json(kind: type[T], content: object) -> T:
    """Builds the record from JSON that is known to fit."""
    record: T = _form(cast("Any", kind)).build(content)
    return record


def to_json(record: object) -> dict[str, Any]:
    """Converts a record to JSON, its fields in order."""
    return cast("dict[str, Any]", _dump(record))


def _dump(value: object) -> object:
    if value is None or isinstance(value, str | int | float):  # nearly all there is: an agreement has 60,000
        return value
    if is_dataclass(value):
        return {
            item.name: _dump(getattr(value, item.name)) for item in fields(value) if _is_written(value, item)
        }
    if isinstance(value, Mapping):
        return {name: _dump(item) for name, item in value.items()}
    if isinstance(value, Sequence):
        return [_dump(item) for item in value]
    return value


def _is_written(record: object, entry: Field[Any]) -> bool:
    return (
        _OMITTED not in entry.metadata or getattr(record, entry.metadata[_OMITTED] or entry.name) is not None
    )


@cache
def _form(kind: Any) -> _Form:
    if kind in _LEAVES:
        return _Form(_LEAVES[kind])
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        form = _form(inner[0])
        return _Form(shape.both(form.check, *inner[1:]), form.build)
    if origin is Literal:
        return _Form(shape.among(*inner))
    if origin in (Union, UnionType):
        return _union_form(*map(_form, inner), maybe=NoneType in inner, kinds=inner)
    if origin is tuple:
        item = _form(inner[0])
        return _Form(shape.every(item.check), lambda value: tuple(map(item.build, value)))
    if origin is not None and issubclass(origin, Mapping):
        item = _form(inner[1])
        return _Form(
            shape.mapping(item.check), lambda value: {key: item.build(each) for key, each in value.items()}
        )
    if is_dataclass(kind):
        return _record_form(cast("type", kind))
    raise TypeError(f"no JSON is read as {kind}")


def _union_form(*forms: _Form, maybe: bool, kinds: tuple[Any, ...]) -> _Form:
    """The form of a union, of which at most one member is a record or a list."""
    several = [form for form, kind in zip(forms, kinds, strict=True) if kind is not NoneType]
    check = shape.either(*(form.check for form in several)) if len(several) > 1 else several[0].check

    def build(value: Any) -> Any:
        return None if value is None else next(f.build for f in several if f.check(value, "") is None)(value)

    return _Form(shape.maybe(check) if maybe else check, build)


def _record_form(kind: type) -> _Form:
    hints = get_type_hints(kind, include_extras=True)
    forms = {entry.name: _form(hints[entry.name]) for entry in fields(kind)}
    needed = [
        entry.name for entry in fields(kind) if entry.default is MISSING and entry.default_factory is MISSING
    ]
    check = shape.record(
        {name: form.check for name, form in forms.items() if name not in needed},
        **{name: forms[name].check for name in needed},
    )
    misfit: Check | None = getattr(kind, "misfit", None)

    def build(value: Any) -> Any:
        return kind(**{name: form.build(value[name]) for name, form in forms.items() if name in value})

    return _Form(check if misfit is None else shape.both(check, misfit), build)
