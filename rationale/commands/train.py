"""``rationale train``: fine-tuning."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from rationale.commands.options import Data, Model, Overwrite
from rationale.corpus.splits import sample
from rationale.training import TrainingOptions, train_classifier
from rationale.training.data import hold_out, training_split

app = typer.Typer(no_args_is_help=True)


@app.callback()
def train() -> None:
    """Fine-tune a model on documents."""


def with_options(options: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command one option for each field of a dataclass, and passes them on as ``options``."""
    types = get_type_hints(options)
    extra = [
        inspect.Parameter(
            entry.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=entry.default if entry.default is not MISSING else inspect.Parameter.empty,
            annotation=Annotated[types[entry.name], typer.Option(help=entry.metadata.get("help", ""))],
        )
        for entry in fields(options)
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [
            p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "options"
        ]

        @wraps(command)
        def call(**given: Any) -> None:
            chosen = options(**{p.name: given.pop(p.name) for p in extra})
            command(**given, options=chosen)

        signature = inspect.Signature([p.replace(kind=p.KEYWORD_ONLY) for p in own] + extra)
        call.__signature__ = signature  # type: ignore[attr-defined]
        call.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
        return call

    return decorate


@app.command()
@with_options(TrainingOptions)
def classifier(
    model: Model,
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder to make; while running, work lies in OUT.unfinished.")],
    options: TrainingOptions,
    split: Annotated[
        str | None, typer.Option(help="Split to train on. Default: train, or the only one.")
    ] = None,
    dev: Annotated[
        str,
        typer.Option(
            help="What the epoch is chosen by: a share of the training split (by the hash of the id, "
            "stratified), another split, or none.",
        ),
    ] = "0.1",
    limit: Annotated[
        int | None, typer.Option(help="Use about so many documents of the split (by hash, stratified).")
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Fine-tune a classifier; the same command continues a run that was killed.

    Example: `rationale train classifier --model ./encoder --data movies --out classifier
    --attention-dropout 0`
    """
    documents = sample(training_split(data, split), limit)
    training, held_out = hold_out(documents, dev, data=data)
    trained = train_classifier(model, training, held_out, out, options, overwrite=overwrite)
    figures = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in trained.best.items())
    typer.echo(f"{trained.path}: {figures}")
