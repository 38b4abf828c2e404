"""``rationale compare``: trains, evaluates and compares dropping methods."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rationale.commands.options import (
    Data,
    Model,
    TimingDocuments,
    TimingRepeats,
    seed_numbers,
    typed_command,
)
from rationale.commands.train import Dev, Limit, TrainSplit
from rationale.terminal import safe_console, say


def compare(
    model: Model,
    data: Data,
    out: Annotated[
        Path, typer.Option(help="Folder for all runs, comparison.json, comparison.csv and comparison.html.")
    ],
    system: Annotated[
        list[str],
        typer.Option(
            help="Dropping method with its options: SYSTEM or SYSTEM:option=value,option=value; repeatable. "
            "`rationale list systems` lists methods, `rationale train SYSTEM --help` their options."
        ),
    ],
    eval_split: Annotated[str, typer.Option(help="Evaluation split.")] = "test",
    common: Annotated[
        list[str] | None,
        typer.Option(
            "--set", help="option=value for all methods that have it, such as epochs=4; repeatable."
        ),
    ] = None,
    seeds: Annotated[str, typer.Option(help="Random seeds, separated by commas.")] = "0",
    split: TrainSplit = None,
    dev: Dev = "0.1",
    limit: Limit = None,
    eval_limit: Annotated[int | None, typer.Option(help="Evaluate on about N documents.")] = None,
    timing_documents: TimingDocuments = 200,
    timing_repeats: TimingRepeats = 3,
    lengths: Annotated[bool, typer.Option("--lengths", help="Add results by document length.")] = False,
    below_median: Annotated[
        bool,
        typer.Option(
            "--below-median",
            help="Train only on documents shorter than the median of the evaluation split (LTP's robustness "
            "test); implies --lengths.",
        ),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option(help="Replace comparison.csv and comparison.html; runs are always kept.")
    ] = True,
) -> None:
    """Train dropping methods from one plain fine-tuning, and compare them. Interrupted runs resume.

    Example: `rationale compare --model ./encoder --data movies --eval-split val --out compared
    --system adapler:phi=5e-4,warm_start=true --system ltp:lambda=0.1 --system ltp:lambda=0.3
    --system lead:shares=0.4 --set epochs=3 --set max_length=512`
    """
    from rationale.corpus.splits import sample
    from rationale.evaluation.evaluate import Timing
    from rationale.evaluation.lengths import TokenLengths
    from rationale.evaluation.lengths import below_median as below
    from rationale.files import atomic_text
    from rationale.report.comparison import comparison_page, systems_table
    from rationale.study.compare import BATCHES, compare_systems
    from rationale.study.grid import Setting, known_options
    from rationale.training.data import evaluation_split, hold_out, training_split

    settings = [Setting.parse(text) for text in system]
    common_options, training = known_options(common or []), training_split(data, split)
    compared = sample(evaluation_split(data, eval_split, training, dev), eval_limit)
    training, held_out = hold_out(sample(training, limit), dev, data=data)
    if below_median:
        token_lengths = TokenLengths(str(model), common_options.get("max_length"))
        training = below(training, token_lengths, compared)
        held_out = held_out and below(held_out, token_lengths, compared)
    comparison = compare_systems(
        model,
        training,
        held_out,
        compared,
        out,
        settings,
        common=common_options,
        seeds=seed_numbers(seeds),
        timing=Timing(timing_documents, timing_repeats, BATCHES),
        lengths=lengths or below_median,
        command=typed_command(),
    )
    table = systems_table(comparison.records)
    atomic_text(out / "comparison.csv", table.to_csv(), overwrite=overwrite)
    page = comparison_page(comparison, out / "comparison.html", overwrite=overwrite)
    safe_console().print(table.only("cell", "value", "difference", "flops_speedup").to_rich())
    say(f"{page}: open it in any browser; it needs no network")
