"""The tests are one package: one style of import, no search path of their own, helpers apart from tests."""

import ast
import sys

import pytest

from tests.places import ROOT

FOLDER = ROOT / "tests"
FILES = sorted(FOLDER.rglob("*.py"))
NAMES = {path.stem for path in FILES} | {path.parent.name for path in FILES}
OURS = NAMES - {"tests"} - sys.stdlib_module_names


def imports(tree):
    """The dotted names a file imports: ``from a import b`` is a.b, and a relative import is a dot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ("." if node.level else f"{node.module}.{name.name}" for name in node.names)


def test_every_folder_with_tests_is_a_package():
    assert {path.parent for path in FILES} == {path.parent for path in FOLDER.rglob("__init__.py")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_helpers_are_imported_from_the_package_and_hold_no_tests(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for name in imports(tree):
        first, *others = name.split(".")
        assert first, "write `from tests.… import …` and no relative import"
        assert first not in OURS, f"write `from tests.… import …` for {name}"
        if first == "tests":
            assert not any(part.startswith("test_") or part == "conftest" for part in others), name
    touched = [ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    assert "sys.path" not in touched, "every test finds the package already; for apps/ see pyproject.toml"
