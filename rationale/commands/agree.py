"""``rationale agree``: compares scores with human rationales."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from rationale.commands.options import Data, Overwrite, Seed, Split, typed_command
from rationale.terminal import safe_console, say

if TYPE_CHECKING:
    from rationale.agreement import Agreement


def agree(
    scores: Annotated[Path, typer.Option(help="The folder that `rationale score` wrote.")],
    data: Data,
    out: Annotated[
        Path, typer.Option(help="JSON file to write; values of single documents go to NAME.pairs.parquet.")
    ],
    split: Split = None,
    select: Annotated[
        str | None, typer.Option(help="How words are selected: threshold or top_k_gold. Default: both.")
    ] = None,
    eta_from: Annotated[
        Path | None,
        typer.Option(
            help="Model folder whose eta is used for the threshold. Default: the scored model's eta, else 1."
        ),
    ] = None,
    absolute: Annotated[
        bool, typer.Option("--absolute", help="Rank signed methods by absolute value, not by evidence for.")
    ] = False,
    resamples: Annotated[int, typer.Option(min=100, help="Number of bootstrap resamples.")] = 1000,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Compare scores with human rationales: AP, FPR, F1, faithfulness, with intervals. Needs no model.

    Example: `rationale agree --scores scores --data movies --split val --out agreement.json`
    """
    from rationale.agreement import agree as agree_with
    from rationale.agreement import read_eta
    from rationale.agreement.select import Select
    from rationale.corpus import load_documents
    from rationale.files import check_output
    from rationale.scores import StoredScores

    check_output(out, overwrite=overwrite)
    stored = StoredScores(scores)
    agreement = agree_with(
        stored,
        load_documents(data, split or stored.recipe.data.split),
        select=cast(Select | None, select),  # agree refuses other values
        eta=None if eta_from is None else read_eta(eta_from),
        eta_from=None if eta_from is None else str(eta_from),
        absolute=absolute,
        resamples=resamples,
        seed=seed,
        command=typed_command(),
    )
    agreement.save(out, overwrite=overwrite)
    _print(agreement, out)


def _print(agreement: Agreement, out: Path) -> None:
    """Prints findings and tables, then what was left out."""
    from rationale.report.findings import findings
    from rationale.report.prose import left_out
    from rationale.report.tables import agreement_table, faithfulness_table, selection_table

    terminal = safe_console()
    console = terminal if terminal.is_terminal else safe_console(width=160)
    console.print("[bold]In short[/bold]")
    for sentence in findings(agreement):
        console.print(f"- {sentence}", markup=False, highlight=False)
    console.print(agreement_table(agreement).to_rich())
    for select in agreement.recipe.agreement.select:
        console.print(selection_table(agreement, select).to_rich())
    if agreement.recipe.faithfulness is not None:
        console.print(faithfulness_table(agreement).to_rich())
    console.print("[bold]What was left out[/bold]")
    for sentence in left_out(agreement):
        console.print(f"- {sentence}", markup=False, highlight=False)
    settings = agreement.recipe.agreement
    say(f"{out}: {settings.pairs} documents")
    for note in settings.notes or ():
        say(f"note: {note}", fg="yellow", err=True)
