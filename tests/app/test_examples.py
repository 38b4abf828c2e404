"""The examples in the app's docstrings."""

import doctest
from importlib import import_module

import pytest

from tests.places import APPS

MODULES = sorted(
    ".".join(path.relative_to(APPS).with_suffix("").parts)
    for path in (APPS / "workbench").rglob("*.py")
    if path.name != "__init__.py"
)


@pytest.mark.parametrize("name", MODULES)
def test_examples_hold(name):
    assert doctest.testmod(import_module(name)).failed == 0


def test_there_are_examples():
    assert sum(doctest.testmod(import_module(name)).attempted for name in MODULES) > 0
