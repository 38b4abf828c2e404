"""Parameters of which the first is in the fast lane and every other is ``slow``."""

from collections.abc import Iterable
from typing import Any

import pytest


def first_fast(values: Iterable[Any]) -> list[Any]:
    """Returns the values as parameters: one stands for all in the fast lane, and the full suite runs each."""
    first, *others = values
    return [first, *(pytest.param(value, marks=pytest.mark.slow) for value in others)]
