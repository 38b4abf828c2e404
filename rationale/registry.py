"""A name, a thing: how score methods, metrics, encoder families and readers are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Generic, TypeVar

from rationale.errors import RationaleError

T = TypeVar("T")


class Registry(Generic[T]):
    """Things of one kind by name, in the order they were registered.

    Args:
        kind: What the things are, in the singular, for error messages.

    >>> colours: Registry[str] = Registry("colour")
    >>> _ = colours.register("amber")("#e68a00")
    >>> colours.get("ambre")
    Traceback (most recent call last):
    rationale.errors.RationaleError: no colour is called 'ambre'. Did you mean 'amber'? Known: amber.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Returns a decorator that files its argument under ``name``; a name is taken once."""
        if name in self._items:
            raise RationaleError(f"the {self.kind} {name!r} is registered twice")

        def file(item: T) -> T:
            self._items[name] = item
            return item

        return file

    def get(self, name: str) -> T:
        """The thing called ``name``.

        Raises:
            RationaleError: Where there is none; the message lists the names there are.
        """
        if name not in self._items:
            close = get_close_matches(name, self._items, n=1)
            hint = f"Did you mean {close[0]!r}? " if close else ""
            raise RationaleError(
                f"no {self.kind} is called {name!r}", remedy=f"{hint}Known: {', '.join(self._items)}."
            )
        return self._items[name]

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def items(self) -> Iterator[tuple[str, T]]:
        """Pairs of name and thing."""
        return iter(self._items.items())
