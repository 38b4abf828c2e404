"""``rationale trace``: shows the layer at which each token is dropped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rationale.commands.options import Device, Dtype, Model, Overwrite, Split, read_text_option, typed_command
from rationale.errors import DataError, OutputError
from rationale.terminal import safe_console, say

if TYPE_CHECKING:
    from rationale.corpus import Documents
    from rationale.evaluation.traces import Traced


def trace(
    model: Model,
    text: Annotated[str | None, typer.Option(help="Text to trace; - reads standard input.")] = None,
    data: Annotated[str | None, typer.Option(help="Data set to trace, instead of --text.")] = None,
    split: Split = None,
    query: Annotated[str, typer.Option(help="The other segment, with --text.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Trace a sample of N documents.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write the traces instead of printing: .json, or .parquet with one row per token."),
    ] = None,
    device: Device = "auto",
    dtype: Dtype = "float32",
    overwrite: Overwrite = False,
) -> None:
    """Show which tokens a dropping model drops, layer by layer.

    Example: `rationale trace --model adapler --text "not once did it drag"`
    """
    from rationale.artifacts.record import to_json
    from rationale.corpus.splits import sample
    from rationale.evaluation.traces import TRACES, trace_documents, write_traces
    from rationale.files import check_output
    from rationale.loading.classifier import load_classifier

    if out is not None:
        if out.suffix not in (".json", ".parquet"):
            raise OutputError(
                f"traces are .json or .parquet, not {out.suffix!r}",
                where=out,
                remedy="Name the output NAME.json or NAME.parquet.",
            )
        check_output(out, overwrite=overwrite)
    documents = sample(_documents(text, data, split, query), limit)
    classifier = load_classifier(model, device=device, dtype=dtype)
    classifier.required_policy()
    classifier.check_queries(documents)
    traced = trace_documents(classifier, documents)
    if out is None:
        for document_trace in traced:
            _print(document_trace)
        return
    inputs = {"model": classifier.identity.hash, "data": documents.fingerprint}
    command = typed_command()
    if out.suffix == ".parquet":
        write_traces(out, traced, inputs, overwrite=overwrite, command=command)
    else:
        content = {
            "model": to_json(classifier.identity),
            "traces": [document_trace.content for document_trace in traced],
        }
        if command is not None:
            content["command"] = command
        TRACES.write(out, content, inputs=inputs, overwrite=overwrite)
    say(f"{out}: {len(documents)} traces")


def _documents(text: str | None, data: str | None, split: str | None, query: str) -> Documents:
    from rationale.corpus import Documents, load_documents

    if (text is None) == (data is None):
        raise DataError("give either --text or --data", remedy="--text takes one text, --data a data set.")
    if text is not None and split is not None:
        raise DataError("--split goes with --data", remedy="Leave it out: one text has no splits.")
    if text is None and query:
        raise DataError("--query goes with --text", remedy="Leave it out: documents bring their own.")
    if text is None:
        return load_documents(str(data), split)
    return Documents.of_text(read_text_option(text), query)


_WHERE = {
    "layer": "Decided before each layer: a token struck through is not read by it.",
    "feed-forward": "Decided between attention and feed-forward: a token struck through is read by this "
    "layer's attention, dropped before its feed-forward.",
}


def _print(document_trace: Traced) -> None:
    """Prints the text once per layer: kept tokens plain, tokens dropped here struck through."""
    from rich.text import Text

    console, run = safe_console(), document_trace.way
    shares = ", ".join(f"{chance:.3f}" for chance in document_trace.probabilities)
    console.print(Text(f"{document_trace.document.id}: {document_trace.predicted} ({shares})", style="bold"))
    console.print(Text(f"{_WHERE[run.decision_point]} Each token stands with its score.", style="dim"))
    for layer in range(run.layers):
        threshold = f"threshold {run.thresholds[layer]:.3g}"
        line = Text(f"layer {layer}, {run.lengths[layer]:>3} left, {threshold}: ", style="dim")
        for token, left, score in zip(document_trace.tokens, run.dropped, run.scores[layer], strict=True):
            if left > layer:
                line.append(token, style="not dim")
            elif left == layer:
                line.append(f"-{token}-", style="strike dim red")
            if left >= layer:
                line.append(f" {score:.2g} ", style="dim")
        console.print(line)
