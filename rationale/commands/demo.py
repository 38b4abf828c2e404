"""``rationale demo``: the whole road on the embedded sample."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from rationale.commands.options import BatchSize, Device, Dtype, Overwrite, Seed
from rationale.demo import run_demo
from rationale.report.tables import agreement_table


def demo(
    out: Annotated[Path, typer.Option(help="The folder for model, scores, agreement and report.")] = Path(
        "rationale-demo"
    ),
    open_app: Annotated[bool, typer.Option("--open", help="Open the app on the results.")] = False,
    device: Device = "auto",
    dtype: Dtype = "float32",
    batch_size: BatchSize = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Train a small model on the sample, score it with every method, compare, report. A few minutes, once.

    What was made before from the same sample, recipe and versions is kept, so a second run takes seconds.
    """
    del (
        device,
        dtype,
        batch_size,
        seed,
        overwrite,
    )  # the demo's recipe is fixed: everyone sees the same numbers
    terminal = Console()
    console = terminal if terminal.is_terminal else Console(width=160)
    console.print(
        "[bold]rationale demo[/bold]: reviews with planted rationales, a model trained from scratch"
    )
    made, agreement = run_demo(out)
    console.print(agreement_table(agreement).to_rich())
    accuracy = agreement.classification
    console.print(f"accuracy of the classifier on {accuracy['n']} reviews: {accuracy['accuracy']:.3f}")
    console.print(f"\nReport:  {made.report.resolve()}", soft_wrap=True, highlight=False)
    command = f"rationale app --scores {made.scores} --agreement {made.agreement} --model {made.model}"
    console.print(f"Browser: make app, or {command}", soft_wrap=True, highlight=False)
    if open_app:
        from rationale.commands.app import app

        app(scores=[made.scores], data=str(made.data), agreement=made.agreement, model=str(made.model))
