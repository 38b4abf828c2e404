"""``rationale evaluate``: measures a model's accuracy, and what token dropping costs and saves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rationale.commands.options import (
    Data,
    Device,
    Dtype,
    Model,
    Overwrite,
    Seed,
    Split,
    TimingDocuments,
    TimingRepeats,
    typed_command,
)
from rationale.terminal import safe_console, say

if TYPE_CHECKING:
    from rich.table import Table

    from rationale.evaluation.result import Evaluation


def evaluate(
    model: Model,
    data: Data,
    out: Annotated[Path, typer.Option(help="JSON file to write.")],
    split: Split = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Evaluate a sample of N documents, stratified by label.")
    ] = None,
    timing_documents: TimingDocuments = 200,
    timing_repeats: TimingRepeats = 3,
    int8: Annotated[
        bool,
        typer.Option("--int8", help="Run a model trained with --bits 8 in torchao's static INT8 kernels."),
    ] = False,
    traces: Annotated[
        Path | None,
        typer.Option(help="Also write the traces of `rationale trace` to this .parquet file."),
    ] = None,
    device: Device = "auto",
    dtype: Dtype = "float32",
    seed: Seed = 0,
    overwrite: Overwrite = False,
) -> None:
    """Measure a model's accuracy and, if it drops tokens, its FLOPs speedup, measured speedup and survival.

    Speedups are against the same model without dropping.

    Example: `rationale evaluate --model adapler --data movies --split val --out evaluation.json`
    """
    from rationale.corpus import load_documents
    from rationale.corpus.splits import sample
    from rationale.encoder.quantization import to_integers
    from rationale.evaluation.evaluate import Timing
    from rationale.evaluation.evaluate import evaluate as evaluate_on
    from rationale.evaluation.traces import Traced, write_traces
    from rationale.files import check_output
    from rationale.loading.classifier import load_classifier

    check_output(out, overwrite=overwrite)
    if traces is not None:
        check_output(traces, overwrite=overwrite)
    classifier = load_classifier(model, device=device, dtype=dtype, answering=True)
    if traces is not None:
        classifier.required_policy()
    if int8:
        to_integers(classifier.model)
    documents = sample(load_documents(data, split), limit)
    traced = list[Traced]()
    tell, command = None if traces is None else traced.append, typed_command()
    timing = Timing(timing_documents, timing_repeats)
    result = evaluate_on(classifier, documents, timing, seed=seed, tell=tell, command=command)
    result.save(out, overwrite=overwrite)
    if traces is not None:
        inputs = {"model": classifier.identity.hash, "data": documents.fingerprint}
        write_traces(traces, traced, inputs, overwrite=overwrite, command=command)
    safe_console().print(evaluation_table(result))
    for warning in evaluation_warnings(result):
        say(warning)
    say(f"{out}: {result.n} documents")


_SHOWN = (
    ("accuracy", "macro_f1", "mcc"),
    ("pearson", "spearman", "rmse"),
    ("f1", "exact_match", "HasAns_f1", "NoAns_f1"),
)


def _title(name: str) -> str:
    from rationale.metrics.task import TITLES

    return TITLES.get(name, name)


def evaluation_warnings(result: Evaluation) -> list[str]:
    """Warns of a classifier at chance and of a dropping model that drops nothing, each with the next step."""
    from rationale.dropping.advice import LEAST_SPEEDUP, drops_nothing
    from rationale.metrics.chance import at_chance

    system = result.recipe.model.system
    sentences = [] if result.classification is None else [at_chance(result.classification)]
    if system is not None and result.flops_speedup < LEAST_SPEEDUP:
        sentences.append(drops_nothing(f"{result.flops_speedup:.2f}x fewer operations", system))
    return [sentence for sentence in sentences if sentence]


def evaluation_table(result: Evaluation) -> Table:
    """Formats an evaluation for the terminal."""
    from rich.table import Table

    metrics, table = result.metrics, Table("what", "value")
    first, *others = next(names for names in _SHOWN if names[0] in metrics)
    whole = None not in (metrics[first], metrics["low"], metrics["high"])  # one document has no interval
    ends = f" [{metrics['low']:.3f}, {metrics['high']:.3f}]" if whole else ""
    table.add_row(_title(first), "-" if metrics[first] is None else f"{metrics[first]:.3f}{ends}")
    for name in others:
        value = "-" if metrics[name] is None else f"{metrics[name]:.3f}"
        table.add_row(_title(name), value)
    table.add_row("FLOPs speedup", f"{result.flops_speedup:.2f}x")
    bits = result.bit_operations
    if bits is not None:
        table.add_row("bit operations", f"{bits.fewer:.2f}x fewer in {bits.bits} bits than undropped in 16")
    for size, ratio in result.measured_speedup.items():
        spread = f"{ratio.median:.2f}x ({ratio.min:.2f} to {ratio.max:.2f})"
        table.add_row(f"measured speedup, batch {size}", spread)
    for layer, tokens_kept in enumerate(result.tokens_kept):
        table.add_row(f"kept in layer {layer}", f"{tokens_kept.mean:.1f} tokens, {tokens_kept.share:.1%}")
    for kind in result.survival.kinds if result.survival else ():
        table.add_row(f"kept in the last layer, {kind.name}", f"{kind.survival[-1]:.1%} of {kind.words:,}")
    return table
