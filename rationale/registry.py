"""Registries: score methods, metrics, encoder families, systems and readers by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib import import_module
from typing import Generic, TypeVar

from rationale.errors import RationaleError

T = TypeVar("T")


class Registry(Generic[T]):
    """Items of one kind by name, in the order of their modules, then of registration.

    Args:
        kind: The kind of the items, in the singular, for error messages.
        modules: Modules that register items, imported when the first item is requested: their items come
            first, in this order.
        aliases: Other names that users may write, each with the name that results carry.

    >>> colours: Registry[str] = Registry("colour")
    >>> _ = colours.register("amber")("#e68a00")
    >>> colours.get("ambre")
    Traceback (most recent call last):
    rationale.errors.RationaleError: no colour is called 'ambre'. Did you mean 'amber'? Known: amber.
    """

    def __init__(
        self, kind: str, modules: Sequence[str] = (), aliases: Mapping[str, str] | None = None
    ) -> None:
        self.kind = kind
        self._aliases = aliases or {}
        self._modules = modules
        self._complete = False
        self._items: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Returns a decorator that registers its argument under ``name``.

        Raises:
            RationaleError: Where the name is registered already.
        """
        if name in self._items:
            raise RationaleError(f"the {self.kind} {name!r} is registered twice")

        def file(item: T) -> T:
            self._items[name] = item
            return item

        return file

    def get(self, name: str) -> T:
        """The item registered under ``name``.

        Raises:
            RationaleError: Where there is none; the message lists all names.
        """
        if name not in self._known:
            close = get_close_matches(name, [*self._items, *self._aliases], n=1)
            hint = f"Did you mean {close[0]!r}? " if close else ""
            raise RationaleError(
                f"no {self.kind} is called {name!r}", remedy=f"{hint}Known: {', '.join(self._items)}."
            )
        return self._items[name]

    def canonical(self, name: str) -> str:
        """The name that results carry where a user writes ``name``; imports no module."""
        return self._aliases.get(name, name)

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)

    def items(self) -> Iterator[tuple[str, T]]:
        """Yields pairs of name and item."""
        return iter(self._known.items())

    @property
    def _known(self) -> dict[str, T]:
        if not self._complete:
            self._complete = True  # set first: the modules may use the registry while they are imported
            for module in self._modules:
                import_module(module)
            self._items = dict(sorted(self._items.items(), key=lambda item: self._place(item[1])))
        return self._items

    def _place(self, item: T) -> int:
        """The position of the item's module among :attr:`_modules`; items of other modules come last."""
        module = getattr(item, "__module__", None) or type(item).__module__
        positions = (
            position
            for position, registering_module in enumerate(self._modules)
            if f"{module}.".startswith(f"{registering_module}.")
        )
        return next(positions, len(self._modules))
