"""``rationale train``: fine-tunes classifiers and trains token-dropping models."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container
from dataclasses import MISSING, fields, replace
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from rationale.commands.options import Data, Model, Overwrite, typed_command
from rationale.errors import RationaleError
from rationale.terminal import say
from rationale.training import TrainingOptions
from rationale.training.adapler import PRESETS, AdapLeROptions
from rationale.training.options import option_name
from rationale.training.recipes import RECIPES, Recipe

if TYPE_CHECKING:
    from rationale.corpus.document import Documents
    from rationale.training.dropping.stages import TrainedDropping
    from rationale.training.record import Best

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def train() -> None:
    """Train a classifier or a token-dropping model."""


def _flag(field: str) -> tuple[str, ...]:
    """Returns ``--lambda`` for the field ``lambda_`` (a Python keyword); empty if typer names the option."""
    option = option_name(field)
    return () if option == field else (f"--{option}",)


def with_options(
    options: type[Any], without: Container[str] = ()
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Gives a command one option per field of a dataclass, and passes the dataclass as ``options``."""
    types = get_type_hints(options)
    extra = [
        inspect.Parameter(
            entry.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=entry.default if entry.default is not MISSING else inspect.Parameter.empty,
            annotation=Annotated[
                types[entry.name], typer.Option(*_flag(entry.name), help=entry.metadata.get("help", ""))
            ],
        )
        for entry in fields(options)
        if entry.name not in without
    ]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        parameters = [
            p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "options"
        ]

        @wraps(command)
        def call(**given: Any) -> None:
            chosen = options(**{p.name: given.pop(p.name) for p in extra})
            command(**given, options=chosen)

        signature = inspect.Signature([p.replace(kind=p.KEYWORD_ONLY) for p in parameters] + extra)
        call.__signature__ = signature  # type: ignore[attr-defined]
        call.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
        return call

    return decorate


Out = Annotated[Path, typer.Option(help="Model folder to write; an unfinished run lies in OUT.unfinished.")]
TrainSplit = Annotated[str | None, typer.Option(help="Split to train on. Default: train, or the only one.")]
Dev = Annotated[
    str,
    typer.Option(
        help="Validation data for checkpoint selection: a share of the training split (by hash of the id, "
        "stratified), another split, or none.",
    ),
]
Limit = Annotated[
    int | None, typer.Option(help="Train on about N documents of the split (by hash of the id, stratified).")
]
FinetunedDir = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the plain fine-tuning (AdapLeR's phases 1 and 2), made if missing; runs of other "
        "settings and methods can share it. Default: OUT.fine-tuned. Compare with its 1/."
    ),
]


def _documents(
    data: str, split: str | None, limit: int | None, dev: str
) -> tuple[Documents, Documents | None]:
    """The documents to train on, and those for checkpoint selection."""
    from rationale.corpus.splits import sample
    from rationale.training.data import hold_out, training_split

    return hold_out(sample(training_split(data, split), limit), dev, data=data)


@app.command()
@with_options(TrainingOptions)
def classifier(
    model: Model,
    data: Data,
    out: Out,
    options: TrainingOptions,
    split: TrainSplit = None,
    dev: Dev = "0.1",
    limit: Limit = None,
    overwrite: Overwrite = False,
) -> None:
    """Fine-tune a classifier. Interrupted runs resume with the same command.

    Example: `rationale train classifier --model ./encoder --data movies --out classifier
    --attention-dropout 0`
    """
    from rationale.training import train_classifier

    documents = _documents(data, split, limit, dev)
    trained = train_classifier(model, *documents, out, options, overwrite=overwrite, command=typed_command())
    _print_best(trained.path, trained.recipe.best)


def _help(name: str) -> str:
    recipe = RECIPES.get(name)
    command = f"rationale train {name} --model ./encoder --data movies --out {name} {recipe.example}"
    return f"{recipe.about}\n\nExample: `{command}`"


@app.command(help=_help("adapler"))
@with_options(AdapLeROptions)
def adapler(
    context: typer.Context,
    model: Model,
    data: Data,
    out: Out,
    options: AdapLeROptions,
    preset: Annotated[
        str | None,
        typer.Option(help=f"The paper's settings for a data set: {', '.join(PRESETS)}. Options given win."),
    ] = None,
    finetuned_dir: FinetunedDir = None,
    split: TrainSplit = None,
    dev: Dev = "0.1",
    limit: Limit = None,
    overwrite: Overwrite = False,
) -> None:
    """Trains AdapLeR, with a command of its own because it has presets."""
    from rationale.training import train_dropping

    trained = train_dropping(
        "adapler",
        model,
        *_documents(data, split, limit, dev),
        out,
        _with_preset(options, preset, context),
        finetuned_dir=finetuned_dir,
        overwrite=overwrite,
        command=typed_command(),
    )
    _print_dropping(trained)


def _dropping_command(name: str, recipe: Recipe) -> None:
    """Registers the command that trains one dropping method."""

    @app.command(name, help=_help(name))
    @with_options(recipe.options, without=recipe.fixed)
    def command(
        model: Model,
        data: Data,
        out: Out,
        options: Any,
        finetuned_dir: FinetunedDir = None,
        split: TrainSplit = None,
        dev: Dev = "0.1",
        limit: Limit = None,
        overwrite: Overwrite = False,
    ) -> None:
        from rationale.training import train_dropping

        trained = train_dropping(
            name,
            model,
            *_documents(data, split, limit, dev),
            out,
            replace(options, **recipe.fixed),
            finetuned_dir=finetuned_dir,
            overwrite=overwrite,
            command=typed_command(),
        )
        _print_dropping(trained)


for _name, _recipe in RECIPES.items():
    if _name != "adapler":  # it has presets
        _dropping_command(_name, _recipe)


def _with_preset(options: AdapLeROptions, preset: str | None, context: typer.Context) -> AdapLeROptions:
    """Applies the preset to every option that the command line does not give."""
    if preset is None:
        return options
    if preset not in PRESETS:
        raise RationaleError(f"no preset is called {preset!r}", remedy=f"Known: {', '.join(PRESETS)}.")
    sources = {name: context.get_parameter_source(name) for name in PRESETS[preset]}
    unset = {k: v for k, v in PRESETS[preset].items() if getattr(sources[k], "name", "") == "DEFAULT"}
    return replace(options, **unset)


def _print_best(path: Path, best: Best) -> None:
    metrics = ", ".join(f"{name.replace('_', ' ')} {_value_text(value)}" for name, value in best.items())
    say(f"{path}: {metrics}")


def _value_text(value: float | tuple[int, ...]) -> str:
    if isinstance(value, tuple):
        return str(list(value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _print_dropping(trained: TrainedDropping) -> None:
    _print_best(trained.path, trained.recipe.best)
    say(f"the plain classifier to compare with: {trained.finetuned_dir / '1'}")
