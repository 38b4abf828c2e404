"""Imports go one way: a room imports from floors below its own, and no two rooms import each other.

The graph is read from the source: every import in it, those inside functions too, and every text that is a
module's name, as ``import_module`` and the tables of lazy packages hold them. Only what stands under
``if TYPE_CHECKING`` is left out, because it never runs.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import rationale

FLOORS = (
    {"errors", "lazy", "terminal", "randomness"},
    {"arrays", "registry", "files", "strict_json", "bundle", "extras"},
    {"corpus", "metrics", "artifacts"},
    {"tokens"},
    {"encoder"},
    {"dropping_config"},
    {"dropping"},
    {"loading"},
    {"scores"},
    {"predictions"},
    {"agreement", "training"},
    {"evaluation", "vocabulary"},
    {"study"},
    {"report"},
    {"demo"},
    {"commands"},
    {"cli"},
    {"__main__", "transformers_hook"},
    {"__init__"},
)
"""The rooms, the lowest first: a room imports from lower floors only. A new room gets its place here."""

ROOT = Path(rationale.__file__).parent
Arrow = tuple[str, str, str]


def imported(source: str, modules: set[str]) -> Iterator[tuple[int, str]]:
    """Line and name of every module of the library that ``source`` imports, in a function or not."""
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING"):
            children = list(node.orelse)
        waiting += children
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield node.lineno, inner if inner in modules else str(node.module)
        elif isinstance(node, ast.Constant) and node.value in modules - {"rationale"}:
            yield node.lineno, node.value


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def graph() -> list[Arrow]:
    """Every import from one room of another: (room, room, where)."""
    files = {path: path.relative_to(ROOT).with_suffix("") for path in sorted(ROOT.rglob("*.py"))}
    names = {path: ".".join(("rationale", *inside.parts)) for path, inside in files.items()}
    known = {name.removesuffix(".__init__") for name in names.values()}
    return [
        (room_of(name), room_of(target), f"{files[path]}.py:{line} imports {target}")
        for path, name in names.items()
        for line, target in imported(path.read_text(encoding="utf-8"), known)
        if target.split(".")[0] == "rationale" and room_of(name) != room_of(target)
    ]


def test_every_room_stands_on_one_floor():
    rooms = {path.stem for path in ROOT.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    placed = [room for floor in FLOORS for room in floor]
    assert sorted(placed) == sorted(rooms)


def test_imports_go_down():
    """An arrow upwards or along a floor is named with its line; where all go down, there is no circle."""
    floor = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
    wrong = [where for room, target, where in graph() if floor[target] >= floor[room]]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "source",
    [
        "import rationale.report",
        "from rationale.report import write",
        "def late():\n    from rationale import report",
        "from importlib import import_module\nimport_module('rationale.report')",
        "from rationale.lazy import loads\n__getattr__ = loads(__name__, {'write': 'rationale.report'})",
    ],
)
def test_the_graph_sees_every_way_to_import(source):
    found = {room_of(name) for _, name in imported(source, {"rationale.report"}) if "rationale" in name}
    assert found - {"lazy"} == {"report"}


def test_what_stands_under_type_checking_is_no_import():
    source = "if TYPE_CHECKING:\n    import rationale.report\nelse:\n    import ast"
    assert [name for _, name in imported(source, set())] == ["ast"]
