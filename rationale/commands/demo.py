"""``rationale demo``: runs the full pipeline on the embedded sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rationale.commands.options import typed_command
from rationale.terminal import safe_console

if TYPE_CHECKING:
    from rich.console import Console

    from rationale.demo import Demo


def demo(
    out: Annotated[Path, typer.Option(help="Folder for models, scores, agreement and reports.")] = Path(
        "rationale-demo"
    ),
    open_app: Annotated[
        bool, typer.Option("--open", help="Open the app on the results; existing results are reused.")
    ] = False,
) -> None:
    """Train two small models on the embedded sample, score them, compare with humans, write two reports.

    The first run takes minutes; a second one takes seconds, because results of the same sample, settings and
    versions are reused. Seeds and settings are fixed, so the demo is the same for everyone.
    """
    from rationale.demo import run_demo

    terminal = safe_console()
    console = terminal if terminal.is_terminal else safe_console(width=160)
    console.print(
        "[bold]rationale demo[/bold]: reviews with planted rationales, a classifier trained from scratch, "
        "and AdapLeR, which learns from it which tokens to drop"
    )
    results = run_demo(out, keep=open_app, command=typed_command())
    _print(console, results)
    if open_app:
        from rationale.commands.app import app

        app(scores=_scores(results), data=str(results.data), model=str(results.adapler.model))


def _print(console: Console, results: Demo) -> None:
    from rationale.commands.evaluate import evaluation_table, evaluation_warnings
    from rationale.report.tables import agreement_table

    for title, run in (("The classifier", results.plain), ("AdapLeR", results.adapler)):
        accuracy = run.agreement.classification
        console.print(f"\n[bold]{title}[/bold]: accuracy on {accuracy.n} reviews {accuracy.accuracy:.3f}")
        console.print(agreement_table(run.agreement).to_rich())
    console.print(
        f"[bold]What dropping costs and saves[/bold], {results.evaluation.n} reviews of the test split"
    )
    console.print(evaluation_table(results.evaluation))
    for warning in evaluation_warnings(results.evaluation):
        console.print(warning, markup=False, highlight=False)
    for run in (results.plain, results.adapler):
        console.print(f"Report:  {run.report.resolve()}", soft_wrap=True, highlight=False)
    scores = " ".join(f"--scores {path}" for path in _scores(results))
    command = f"rationale app {scores} --model {results.adapler.model}"
    console.print(f"Browser: make app, or {command}", soft_wrap=True, highlight=False)


def _scores(results: Demo) -> list[Path]:
    """Lists the score folders, the dropping model's first: the app opens on what it drops."""
    return [results.adapler.scores, results.plain.scores]
