"""Options that several commands share."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Annotated

import typer

from rationale.errors import DataError, RationaleError

Device = Annotated[str, typer.Option(help="Device that the model runs on: auto, cpu, cuda, cuda:1, …")]
Dtype = Annotated[
    str, typer.Option(help="Arithmetic: float32, float64 or bfloat16. Use float32 for published numbers.")
]
BatchSize = Annotated[
    int | None, typer.Option(min=1, help="Batch size; halved automatically on out-of-memory.")
]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Random seed.")]
Overwrite = Annotated[bool, typer.Option(help="Replace existing output.")]
Model = Annotated[str, typer.Option(help="A hub id or a local folder; the weights are safetensors.")]
Data = Annotated[
    str, typer.Option(help="An ERASER folder, or a JSONL, CSV, TSV or Parquet file with text or words.")
]
Split = Annotated[
    str | None, typer.Option(help="Split: train, val, test, … Default: that of the scores, or the only one.")
]
_METHOD = (
    "Score method; repeat for several. Default: InputXGradient in three forms, gradient norm, attention and "
    "rollout (.all and .cls){}. `rationale list methods` lists all."
)
Methods = Annotated[list[str] | None, typer.Option("--method", help=_METHOD.format(""))]
MethodsAndBaselines = Annotated[
    list[str] | None, typer.Option("--method", help=_METHOD.format(", and the baselines"))
]
TimingDocuments = Annotated[
    int, typer.Option(min=0, help="Number of documents to measure time with; 0 skips it.")
]
TimingRepeats = Annotated[
    int, typer.Option(min=1, help="Number of time measurements; the median is reported.")
]


TYPED: ContextVar[tuple[str, ...] | None] = ContextVar("typed", default=None)
"""The arguments typed after ``rationale``, while that command runs; None from Python."""

_RESULTS = (
    *("--out", "--scores", "--agreement", "--csv", "--markdown", "--parquet"),
    *("--finetuned-dir", "--traces", "--html"),
)


def typed_command() -> str | None:
    """Returns the running command as it was typed, as shell text, for the provenance.

    Results (``--out``, ``--scores``, ...) are given by name without their folders. So the commands of a
    report can be repeated in one folder, and published results name no folders but those of model and data.

    Returns:
        The text; None if no command was typed, because Python called the command's function.
    """
    typed = TYPED.get()
    return None if typed is None else shlex.join(["rationale", *_by_name(typed)])


def _by_name(typed: Sequence[str]) -> list[str]:
    words = list(typed)
    for place, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option in _RESULTS and equals:
            words[place] = f"{option}={_name(value)}"
        elif place and words[place - 1] in _RESULTS:
            words[place] = _name(word)
    return words


def _name(path: str) -> str:
    return Path(os.path.abspath(path)).name or path  # noqa: PTH100  (a link keeps its name)


def read_text_option(text: str) -> str:
    """Returns ``--text``, or standard input if it is ``-``.

    Raises:
        DataError: If standard input is not UTF-8.
    """
    if text != "-":
        return text
    try:
        return sys.stdin.buffer.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"this is no UTF-8 ({error.reason} at byte {error.start})",
            where="standard input",
            remedy="Convert it first, from Windows's encoding for example: iconv -f CP1252 -t UTF-8.",
        ) from error


def seed_numbers(text: str) -> list[int]:
    """Parses the random seeds of ``--seeds 0,1,2``.

    Raises:
        RationaleError: If an item between the commas is not a seed.
    """
    try:
        seeds = [int(part) for part in text.split(",")]
    except ValueError:
        seeds = [-1]
    if not all(0 <= seed < 2**32 for seed in seeds):
        raise RationaleError(
            f"--seeds is {text!r}", remedy="Give whole numbers from 0 to 4294967295, such as 0,1,2."
        )
    return seeds
