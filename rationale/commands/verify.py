"""``rationale verify``: identifies saved results, and checks that they are unchanged."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rationale.errors import OutputError
from rationale.terminal import say, say_json

if TYPE_CHECKING:
    from rationale.artifacts.verify import Result

_LISTED = 20


def verify(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Saved results, or folders that hold some.")
    ],
    seal: Annotated[
        bool,
        typer.Option("--seal", help="Seal results that have no seal, unless one at these paths was changed."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of lines.")] = False,
) -> None:
    """Identify saved results (kind, model, data), and check that every file is unchanged.

    A seal is a checksum and not a signature: it finds changes, and does not show who wrote the result.
    Exit code 0: whole (results without a seal are named), 1: a file was changed, is missing or does not
    belong there, 2: there is no saved result, or it cannot be read.

    Example: `rationale verify scores agreement.json`
    """
    from rationale.artifacts.sealing import seal_as_are

    results = [result for path in paths for result in _verify(path)]
    wrong = [result for result in results if result.state == "not whole"]
    written = [] if wrong or not seal else [str(path) for path in seal_as_are(results, _check_scores)]
    if as_json:
        say_json(json.dumps({"results": list(map(_content, results)), "sealed": written}, indent=1))
    else:
        _print(results, written)
    if wrong:
        if seal:
            say("Nothing was sealed: a seal would vouch for what was changed.", err=True)
        raise typer.Exit(1)


def _check_scores(folder: Path) -> None:
    from rationale.scores.store import check_unsealed  # imports torch

    check_unsealed(folder)


def _verify(path: Path) -> list[Result]:
    from tqdm import tqdm

    from rationale.artifacts.verify import size_of
    from rationale.artifacts.verify import verify as verify_path

    with tqdm(total=size_of(path), unit="B", unit_scale=True, desc="verify", leave=False, delay=2) as bar:
        results = verify_path(path, bar.update)
    if not results:
        raise OutputError(
            "this is not a saved result of rationale, and contains none",
            where=path,
            remedy="Name what `rationale score`, `agree`, `train`, `evaluate`, `compare`, `sanity`, `study` "
            "or `trace` wrote.",
        )
    return results


def _content(result: Result) -> dict[str, Any]:
    return {
        "path": str(result.path),
        "kind": result.kind,
        "about": result.about,
        "state": result.state,
        "files": {str(path): state for path, state in result.files.items()},
        "note": result.note,
    }


def _print(results: list[Result], written: list[str]) -> None:
    for result in results:
        of = f" of {result.about}" if result.about else ""
        say(f"{result.path}: {result.kind}{of}: {_state(result)}")
        if result.note:
            say(f"  {result.note}")
        wrong = result.wrong()
        for name, state in wrong[:_LISTED]:
            say(f"  {state}: {name}")
        if len(wrong) > _LISTED:
            say(f"  and {len(wrong) - _LISTED} more files")
    counted = Counter(result.state for result in results)
    say(", ".join(f"{count} {state}" for state, count in counted.items()))
    if written:
        say(
            f"sealed as they are: {len(written)} files written. This vouches for the results from now on; "
            "whether they were changed before, nobody can tell."
        )
    elif counted["unsealed"]:
        say("Changes to unsealed results cannot be seen; `rationale verify --seal` seals them as they are.")


def _state(result: Result) -> str:
    files = f"{len(result.files)} file{'' if len(result.files) == 1 else 's'}"
    return f"{result.state} ({files})" if result.files else "not sealed"
