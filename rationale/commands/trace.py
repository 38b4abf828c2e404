"""``rationale trace``: which token left where."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.console import Console
from rich.text import Text

from rationale.commands.options import Device, Dtype, Model, Overwrite, Split
from rationale.corpus import Document, Documents, load_documents
from rationale.corpus.splits import sample
from rationale.dropping.encoder import dropping_of
from rationale.dropping.trace import DropTrace
from rationale.dropping.trace import trace as trace_of
from rationale.encoder.loading import Classifier, load_classifier
from rationale.errors import DataError
from rationale.files import atomic_json, check_output
from rationale.tokens import Windower, pack_windows


def trace(
    model: Model,
    text: Annotated[str | None, typer.Option(help="One text; - reads it from standard input.")] = None,
    data: Annotated[str | None, typer.Option(help="Or documents, as `rationale score` reads them.")] = None,
    split: Split = None,
    query: Annotated[str, typer.Option(help="The other segment, with --text.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Only so many documents.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the traces as JSON instead of printing.")] = None,
    device: Device = "auto",
    dtype: Dtype = "float32",
    overwrite: Overwrite = False,
) -> None:
    """Show layer by layer which tokens a dropping model lets go.

    Example: `rationale trace --model adapler --text "not once did it drag"`
    """
    if out is not None:
        check_output(out, overwrite=overwrite)
    documents = sample(_documents(text, data, split, query), limit)
    classifier = load_classifier(model, device=device, dtype=dtype)
    dropping_of(classifier)
    traced = [_one(classifier, document) for document in documents]
    if out is not None:
        atomic_json(
            out, {"model": classifier.identity, "traces": [t for t, _, _ in traced]}, overwrite=overwrite
        )
        typer.echo(f"{out}: {len(traced)} traces")
        return
    for one in traced:
        _print(*one)


def _documents(text: str | None, data: str | None, split: str | None, query: str) -> Documents:
    if (text is None) == (data is None):
        raise DataError("give either --text or --data", remedy="--text takes one text, --data a data set.")
    if text is None:
        return load_documents(str(data), split)
    words = tuple((sys.stdin.read() if text == "-" else text).split())
    if not words:
        raise DataError("the text has no words", remedy="Write at least one word.")
    return Documents([Document("text", "text", words, query=tuple(query.split()), annotated=False)])


def _one(classifier: Classifier, document: Document) -> tuple[dict[str, Any], list[str], DropTrace]:
    window = Windower(classifier.tokenizer, classifier.max_length, "truncate")(document).windows[0]
    encoder = dropping_of(classifier)
    packed = pack_windows([window], classifier.device)
    run, (said,) = trace_of(encoder.inner, encoder.system, packed)
    tokens: list[str] = classifier.tokenizer.convert_ids_to_tokens(window.ids.tolist())
    chances = classifier.probabilities(run.logits)[0].tolist()
    content = {
        "id": document.id,
        "docid": document.docid,
        "predicted": classifier.labels[int(torch.tensor(chances).argmax())],
        "probabilities": chances,
        "tokens": tokens,
        "word": window.word.tolist(),
        "dropped": [None if layer == said.layers else int(layer) for layer in said.dropped],
        "scores": [[None if s != s else float(s) for s in row] for row in said.scores],
        "thresholds": said.thresholds.tolist(),
        "alive": said.lengths.tolist(),
    }
    return content, tokens, said


def _print(content: dict[str, Any], tokens: list[str], said: DropTrace) -> None:
    """The text once a layer: kept tokens plain, those dropped here struck through, the others gone."""
    console = Console()
    shares = ", ".join(f"{chance:.3f}" for chance in content["probabilities"])
    console.print(Text(f"{content['id']}: {content['predicted']} ({shares})", style="bold"))
    for layer in range(said.layers):
        line = Text(f"layer {layer}, {said.lengths[layer]:>3} left: ", style="dim")
        for token, left in zip(tokens, said.dropped, strict=True):
            if left > layer:
                line.append(f"{token} ", style="not dim")
            elif left == layer:
                line.append(f"-{token}-", style="strike dim red")
                line.append(" ")
        console.print(line)
