"""``rationale list``: lists score methods, metrics, encoder families and dropping methods."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from rationale.terminal import safe_console, say_json

app = typer.Typer(no_args_is_help=True, add_completion=False, help="List the names that other commands take.")
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.command()
def methods(as_json: Json = False) -> None:
    """List score methods, with their definitions."""
    from rationale.scores import METHODS

    rows = [
        {
            "name": name,
            "title": method.title,
            "kind": type(method).__mro__[1].__name__,
            "signed": method.signed,
            "definition": method.definition,
        }
        for name, method in METHODS.items()
    ]
    _show(rows, as_json=as_json)


@app.command()
def metrics(as_json: Json = False) -> None:
    """List metrics of agreement and faithfulness, with their definitions."""
    from rationale.agreement import metrics as known

    rows = [
        {
            "name": name,
            "title": metric.title,
            "needs a selection": metric.needs_selection,
            "range": f"{metric.low:g} to {metric.high:g}",
            "higher is better": metric.higher_is_better,
            "definition": metric.definition,
        }
        for name, metric in known.items()
    ]
    _show(rows, as_json=as_json)


@app.command()
def families(as_json: Json = False) -> None:
    """List encoder families."""
    from rationale.encoder import FAMILIES

    rows = [
        {"name": name, "definition": (family.__doc__ or "").splitlines()[0]}
        for name, family in FAMILIES.items()
    ]
    _show(rows, as_json=as_json)


@app.command()
def systems(as_json: Json = False) -> None:
    """List token-dropping methods."""
    from rationale.dropping import SYSTEMS

    rows = [
        {
            "name": name,
            "title": system.title,
            "decides before": f"the {system.decision_point}",
            "definition": (system.__doc__ or "").splitlines()[0],
        }
        for name, system in SYSTEMS.items()
    ]
    _show(rows, as_json=as_json)


def _show(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    from rich.table import Column, Table

    if as_json:
        say_json(json.dumps(rows, indent=1, ensure_ascii=False))
        return
    table = Table(*(Column(name, no_wrap=name == "name", overflow="fold") for name in rows[0]))
    for row in rows:
        table.add_row(*(_text(value) for value in row.values()))
    safe_console().print(table)


def _text(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
