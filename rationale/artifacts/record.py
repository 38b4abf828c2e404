"""Typed records: a frozen dataclass says what its JSON holds, and is read from it and written to it.

Fields are texts, numbers, truth values, ``None``, literals, other records, ``tuple[X, ...]`` for lists,
``Mapping[str, X]`` for objects with any keys, and ``object`` for what nobody looks into. Further keys of the
JSON are ignored. A field with a default may be missing; one of :func:`omitted` is not written where it is
None. ``Annotated[X, check]`` adds a check of :mod:`rationale.artifacts.shape`; a check of a whole record is
its static method ``misfit``.

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
_PLAIN: dict[object, Check] = {
    str: shape.text,
    bool: shape.boolean,
    int: shape.integer,
    float: shape.number,
    NoneType: lambda value, place: None if value is None else shape.misfit(place, "null", value),
    object: shape.anything,
}


@dataclass(frozen=True)
class _Form:
    """How values of one type are checked, and made from JSON."""

    check: Check
    build: Callable[[Any], Any] = lambda value: value


def omitted(without: str = "", *, compare: bool = True) -> Any:
    """A field that is None unless it is given, and not written where it is None.

    Args:
        without: Another field: it is then not written where that one is None.
        compare: Whether records that differ in it alone differ.
    """
    return field(default=None, metadata={_OMITTED: without}, compare=compare)


def least(count: int) -> Check:
    """A list of at least so many items."""
    return shape.every(shape.anything, least=count)


def check_of(kind: type) -> Check:
    """What JSON has to be to be read as a record."""
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
    """The record that some JSON holds.

    Args:
        kind: A frozen dataclass.
        content: Parsed JSON.
        where: The file it was read from.
        what: What the error begins with.
        error: Its class.
        remedy: What the user can do.

    Raises:
        RationaleError: Of class ``error``, saying the first value that is not what was expected.
    """
    shape.require(content, check_of(kind), where, error=error, what=what, remedy=remedy)
    return from_json(kind, content)


def from_json(kind: type[T], content: object) -> T:
    """The record of JSON that is known to fit, as of what was made a moment ago."""
    made: T = _form(cast("Any", kind)).build(content)
    return made


def to_json(record: object) -> dict[str, Any]:
    """A record as JSON, its fields in their order."""
    return cast("dict[str, Any]", _dump(record))


def _dump(value: object) -> object:
    if is_dataclass(value):
        return {one.name: _dump(getattr(value, one.name)) for one in fields(value) if _is_written(value, one)}
    if isinstance(value, Mapping):
        return {name: _dump(one) for name, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_dump(one) for one in value]
    return value


def _is_written(record: object, one: Field[Any]) -> bool:
    return _OMITTED not in one.metadata or getattr(record, one.metadata[_OMITTED] or one.name) is not None


@cache
def _form(kind: Any) -> _Form:
    if kind in _PLAIN:
        return _Form(_PLAIN[kind])
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        form = _form(inner[0])
        return _Form(shape.both(form.check, *inner[1:]), form.build)
    if origin is Literal:
        return _Form(shape.among(*inner))
    if origin in (Union, UnionType):
        return _either(*map(_form, inner), maybe=NoneType in inner, kinds=inner)
    if origin is tuple:
        one = _form(inner[0])
        return _Form(shape.every(one.check), lambda value: tuple(map(one.build, value)))
    if origin is not None and issubclass(origin, Mapping):
        own = _form(inner[1])
        return _Form(
            shape.mapping(own.check), lambda value: {key: own.build(one) for key, one in value.items()}
        )
    if is_dataclass(kind):
        return _record(cast("type", kind))
    raise TypeError(f"no JSON is read as {kind}")


def _either(*forms: _Form, maybe: bool, kinds: tuple[Any, ...]) -> _Form:
    """One of several types; of them at most one is a record or a list."""
    several = [form for form, kind in zip(forms, kinds, strict=True) if kind is not NoneType]
    check = shape.either(*(form.check for form in several)) if len(several) > 1 else several[0].check

    def build(value: Any) -> Any:
        return None if value is None else next(f.build for f in several if f.check(value, "") is None)(value)

    return _Form(shape.maybe(check) if maybe else check, build)


def _record(kind: type) -> _Form:
    hints = get_type_hints(kind, include_extras=True)
    forms = {one.name: _form(hints[one.name]) for one in fields(kind)}
    needed = [one.name for one in fields(kind) if one.default is MISSING and one.default_factory is MISSING]
    check = shape.record(
        {name: form.check for name, form in forms.items() if name not in needed},
        **{name: forms[name].check for name in needed},
    )
    misfit: Check | None = getattr(kind, "misfit", None)

    def build(value: Any) -> Any:
        return kind(**{name: form.build(value[name]) for name, form in forms.items() if name in value})

    return _Form(check if misfit is None else shape.both(check, misfit), build)
