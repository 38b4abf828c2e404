"""Keeps the view in the URL (what is open, and where the user is), so that a link shows others the same view.

Streamlit forgets a widget when its page is left, and clears the query when another is opened. So the choices
are in one dictionary of the session: widgets show it, their callbacks change it, every run writes the URL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")
_CHOICES, _WRITTEN, _EPOCH, _TOUCHED = (
    "address.choices",
    "address.written",
    "address.epoch",
    "address.touched",
)
_SEEN = "address.seen"

NAMES = (
    "scores",
    "gold",
    "document",
    "method",
    "beside",
    "layer",
    "select",
    "units",
    "part",
    "pins",
    "search",
    "sort",
    "metric",
    "table",
    "speed",
    "condition",
    "against",
    "seed",
    "right",
    "by",
    "phrases",
    "word",
)


def touch() -> None:
    """Notes that the user chose something: the URL that comes with this run is older than the choice."""
    st.session_state[_TOUCHED] = True


class Address:
    """The choices of this session; after the URL was opened, edited or gone back to, its choices win.

    One run may use several addresses: a fragment has its own.

    Attributes:
        chosen: What was chosen through this address in this run, as the URL writes it.
    """

    def __init__(self) -> None:
        self.chosen: dict[str, str | None] = {}
        state = st.session_state
        given = {name: st.query_params[name] for name in NAMES if name in st.query_params}
        self._choices: dict[str, str] = state.setdefault(_CHOICES, {})
        touched, known = state.pop(_TOUCHED, False), given in ({}, state.get(_WRITTEN), state.get(_SEEN))
        state[_SEEN] = given
        if known or touched:
            return
        self._choices.clear()
        self._choices.update(given)
        state[_EPOCH] = self.epoch + 1

    def follow(self, choices: dict[str, str | None]) -> None:
        """Runs the whole page again if the choices that it was drawn with have changed.

        A fragment calls it with the :attr:`chosen` of the page around it: if a widget of the page and one of
        the fragment change at the same moment, Streamlit's browser side requests only the fragment.
        """
        if any(self.get(name) != text for name, text in choices.items()):
            st.rerun()

    @property
    def epoch(self) -> int:
        """How often the URL was set from outside; only then the words component follows the URL."""
        return int(st.session_state.get(_EPOCH, 0))

    def get(self, name: str) -> str | None:
        """Returns a choice as text."""
        return self._choices.get(name)

    def number(self, name: str) -> int | None:
        """Returns a choice as a non-negative number; None if it is not one."""
        text = self._choices.get(name, "")
        return int(text) if text.isdecimal() and len(text) < 10 else None

    @property
    def pins(self) -> tuple[int, ...]:
        """The pinned words."""
        items = self._choices.get("pins", "").split(".")
        return tuple(sorted({int(item) for item in items if item.isdecimal() and len(item) < 10}))

    def set(self, name: str, value: str | int | None) -> None:
        """Remembers a choice; None forgets it."""
        if value is None or value == "":
            self._choices.pop(name, None)
        else:
            self._choices[name] = str(value)

    def write(self) -> None:
        """Updates the URL."""
        ordered = {name: self._choices[name] for name in NAMES if name in self._choices}
        st.session_state[_WRITTEN], st.session_state[_SEEN] = ordered, None
        if {name: st.query_params[name] for name in st.query_params} != ordered:
            st.query_params.from_dict(ordered)

    def choose(
        self,
        name: str,
        options: Sequence[T],
        widget: Callable[..., T],
        label: str,
        *,
        text: Callable[[T], str] = str,
        default: T | None = None,
        quiet: bool = False,
        **settings: Any,
    ) -> T:
        """Shows a widget whose value is a choice of the URL, and remembers what the user chooses.

        Args:
            name: The choice, one of :data:`NAMES`.
            options: The options; at least one.
            widget: ``st.selectbox``, ``st.segmented_control`` …
            label: The widget's label.
            text: Converts an option to its text in the URL.
            default: Chosen if the URL names no option; None takes the first option.
            quiet: Whether a default stays out of the URL.
            settings: Further arguments of the widget.
        """
        remembered = self._choices.get(name)
        fallback = options[0] if default is None else default
        chosen = next((option for option in options if text(option) == remembered), fallback)
        if not quiet or text(chosen) == remembered:
            self.set(name, text(chosen))
        self.chosen[name] = self.get(name)
        st.session_state[_key(name)] = chosen
        widget(label, options, key=_key(name), on_change=_remember, args=(name, text), **settings)
        return chosen

    def choose_text(self, name: str, label: str, **settings: Any) -> str:
        """Shows a text field whose value is a choice of the URL."""
        text = self._choices.get(name, "")
        st.session_state[_key(name)] = text
        st.text_input(label, key=_key(name), on_change=_remember, args=(name, _short), **settings)
        return text


def choose_now(name: str, text: str) -> None:
    """Sets a choice from a button's callback."""
    touch()
    st.session_state[_CHOICES][name] = text


def _remember(name: str, text: Callable[[Any], str]) -> None:
    """Stores what a widget was set to, before the page runs again."""
    chosen = st.session_state[_key(name)]
    if chosen is not None:
        choose_now(name, text(chosen))


def _short(text: str) -> str:
    return text[:200]


def _key(name: str) -> str:
    return f"pick.{name}"
