"""``rationale app``: opens the app in the browser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from rationale.bundle import bundled
from rationale.commands.options import BatchSize, Device, Dtype, Seed
from rationale.errors import ScoresError
from rationale.extras import optional

PRIVATE = {
    "server.address": "localhost",
    "server.allowedHosts": "localhost,127.0.0.1",
    "server.baseUrlPath": "",
    "server.corsAllowedOrigins": "http://localhost",
    "server.enableAgentApi": "false",
    "server.enableCORS": "true",
    "server.enableStaticServing": "false",
    "server.enableXsrfProtection": "true",
    "server.fileWatcherType": "none",
    "server.runOnSave": "false",
    "server.showEmailPrompt": "false",
    "browser.gatherUsageStats": "false",
    "browser.serverAddress": "localhost",
    "global.developmentMode": "false",
    "runner.magicEnabled": "false",
}
"""Settings that override config files and the environment: the app listens only on this machine, answers only
its own pages, and reports no usage."""


def app(
    scores: Annotated[
        list[Path] | None,
        typer.Option(help="Score folder, or a folder of several; repeatable."),
    ] = None,
    predictions: Annotated[
        list[Path] | None,
        typer.Option(help="File of rationales predicted elsewhere, with --data; repeatable."),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help="Data set. Default: the one that the scores are of.")
    ] = None,
    split: Annotated[str | None, typer.Option(help="Split. Default: the one that the scores are of.")] = None,
    agreement: Annotated[
        Path | None, typer.Option(help="JSON file of `rationale agree`. Default: computed when needed.")
    ] = None,
    comparison: Annotated[
        Path | None, typer.Option(help="Folder of `rationale compare`, for the page Systems.")
    ] = None,
    study: Annotated[
        Path | None, typer.Option(help="Folder of `rationale study topk`, for the page Study.")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Model for the page Try. Default: the one that was scored.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help="Port. Default: 8501, or the next free one."),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
    device: Device = "auto",
    dtype: Dtype = "float32",
    batch_size: BatchSize = None,
    seed: Seed = 0,
) -> None:
    """Open the app in the browser: look at documents, compare methods, try a text, export.

    It listens on this machine only.

    Example: `rationale app --scores scores --agreement agreement.json --model ./classifier`
    """
    streamlit = optional("streamlit.web.cli")
    for path in (*(scores or ()), *(predictions or ()), *filter(None, (agreement, comparison, study))):
        if not path.exists():
            raise ScoresError("there is no such file or folder", where=path)
    flags = {**_known(PRIVATE), "server.headless": str(not browser).lower()}
    if port is not None:
        flags |= {"server.port": str(port), "browser.serverPort": str(port)}
    given = {
        "--data": data, "--split": split, "--agreement": agreement, "--comparison": comparison,
        "--study": study, "--model": model, "--device": device, "--dtype": dtype,
        "--batch-size": batch_size, "--seed": seed,
    }  # fmt: skip
    arguments = [
        *(part for path in scores or () for part in ("--scores", str(path))),
        *(part for path in predictions or () for part in ("--predictions", str(path))),
        *_options(given),
    ]
    script = bundled("apps") / "app.py"
    options = [f"--{name}={single}" for name, value in flags.items() for single in value.split(",")]
    streamlit.main(["run", str(script), *options, "--", *arguments], standalone_mode=False)


def _known(flags: Mapping[str, str]) -> dict[str, str]:
    """Keeps the flags that this version of Streamlit has; no config file can set the others."""
    known = {
        option for parameter in optional("streamlit.web.cli").main_run.params for option in parameter.opts
    }
    return {name: value for name, value in flags.items() if f"--{name}" in known}


def _options(options: dict[str, str | int | Path | None]) -> Iterator[str]:
    for name, value in options.items():
        if value is not None:
            yield from (name, str(value))
