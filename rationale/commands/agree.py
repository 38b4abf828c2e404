"""``rationale agree``: compares scores with human rationales."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from rationale.commands.options import Data, Overwrite, Seed, Split, typed_command
from rationale.commands.sources import (
    ApOfMasks,
    ContentColumn,
    FileFormat,
    Fuzzy,
    Join,
    Missing,
    Names,
    Occurrences,
    Partial,
    PredictionFiles,
    ScoresFolder,
    open_sources,
)
from rationale.terminal import safe_console, say

if TYPE_CHECKING:
    from rationale.agreement import Agreement


def agree(
    data: Data,
    out: Annotated[
        Path, typer.Option(help="JSON file to write; values of single documents go to NAME.pairs.parquet.")
    ],
    scores: ScoresFolder = None,
    predictions: PredictionFiles = None,
    name: Names = None,
    file_format: FileFormat = "auto",
    column: ContentColumn = None,
    join: Join = "sum",
    occurrence: Occurrences = "all",
    fuzzy: Fuzzy = None,
    missing: Missing = "left-out",
    ap_of_masks: ApOfMasks = False,
    partial: Partial = False,
    split: Split = None,
    gold: Annotated[
        Literal["union", "majority", "any2", "intersection", "soft", "each"] | None,
        typer.Option(
            help="Human rationale of several annotators: union, majority, any2, intersection, soft or each "
            "(metrics against every annotator, averaged in the document). Default: each."
        ),
    ] = None,
    same_label: Annotated[
        bool,
        typer.Option(
            "--same-label",
            help="Count only annotators who gave the document's label; documents without one are left out.",
        ),
    ] = False,
    select: Annotated[
        str | None,
        typer.Option(help="How words are selected: threshold, top_k_gold or given. Default: all that apply."),
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
    sentences: Annotated[
        Literal["mean", "sum", "max"] | None,
        typer.Option(help="Also score whole sentences, by the mean, sum or max of their words' scores."),
    ] = None,
    sentence_gold: Annotated[
        Literal["half", "any", "stated"],
        typer.Option(help="Evidence sentences: half of the words marked, any, or as the file stated."),
    ] = "half",
    groups: Annotated[
        Literal["best"] | None,
        typer.Option(help="best: also with the best evidence group as gold, where groups are alternatives."),
    ] = None,
    resamples: Annotated[int, typer.Option(min=100, help="Number of bootstrap resamples.")] = 1000,
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Compare scores or predictions with human rationales: AP, FPR, F1, with intervals. Needs no model.

    Example: `rationale agree --scores scores --predictions llm.jsonl --data movies --split val
    --out agreement.json`
    """
    from rationale.agreement import agree as agree_with
    from rationale.agreement import read_eta
    from rationale.agreement.select import Select
    from rationale.files import check_output
    from rationale.predictions.options import PredictionOptions

    check_output(out, overwrite=overwrite)
    options = PredictionOptions(
        format=file_format,
        column=column,
        join=join,
        fuzzy=fuzzy,
        occurrence=occurrence,
        missing=missing,
        partial=partial,
        masks_as_scores=ap_of_masks,
    )
    opened, documents = open_sources(scores, predictions, name, options, data, split)
    agreement = agree_with(
        opened,
        documents,
        select=cast(Select | None, select),  # agree refuses other values
        eta=None if eta_from is None else read_eta(eta_from),
        eta_from=None if eta_from is None else str(eta_from),
        absolute=absolute,
        gold=gold,
        same_label=same_label,
        sentences=sentences,
        sentence_gold=sentence_gold,
        groups=groups,
        resamples=resamples,
        seed=seed,
        command=typed_command(),
    )
    agreement.save(out, overwrite=overwrite)
    _print(agreement, out)


def _print(agreement: Agreement, out: Path) -> None:
    """Prints findings and tables, then what was left out."""
    from rationale.report.ceilings import ceiling_table
    from rationale.report.comparable import comparable_table, has_comparable
    from rationale.report.findings import findings
    from rationale.report.prose import left_out
    from rationale.report.results import Results
    from rationale.report.subsets import subset_table
    from rationale.report.tables import agreement_table, faithfulness_table, selection_table

    terminal = safe_console()
    console = terminal if terminal.is_terminal else safe_console(width=160)
    console.print("[bold]In short[/bold]")
    for sentence in findings(agreement):
        console.print(f"- {sentence}", markup=False, highlight=False)
    results = Results(agreement)
    if results.ranks:
        console.print(agreement_table(agreement).to_rich())
    if results.ceiling is not None and results.ranks:
        console.print(ceiling_table(agreement).to_rich())
    for select in results.selections:
        console.print(selection_table(agreement, select).to_rich())
    if agreement.subsets:
        console.print(subset_table(agreement).to_rich())
    if agreement.recipe.faithfulness is not None:
        console.print(faithfulness_table(agreement).to_rich())
    if has_comparable(agreement):
        console.print(comparable_table(agreement).to_rich())
    console.print("[bold]What was left out[/bold]")
    for sentence in left_out(agreement):
        console.print(f"- {sentence}", markup=False, highlight=False)
    settings = agreement.recipe.agreement
    say(f"{out}: {settings.pairs} documents")
    for note in settings.notes or ():
        say(f"note: {note}", fg="yellow", err=True)
