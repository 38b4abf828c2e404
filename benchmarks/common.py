"""What benchmarks share: command line, the name of the machine, spread of a ratio, the JSON left."""

from __future__ import annotations

import argparse
import json
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch


def parser(about: str | None) -> argparse.ArgumentParser:
    """A command line that shows the script's own text and takes ``--out``."""
    made = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--out", type=Path)
    return made


def model_parser(about: str | None, *, split: str, **numbers: int) -> argparse.ArgumentParser:
    """The same for a script that runs a model over documents; ``numbers`` are whole ones with a default."""
    made = parser(about)
    made.add_argument("--model", required=True)
    made.add_argument("--data", required=True)
    made.add_argument("--split", default=split)
    for name, default in numbers.items():
        made.add_argument(f"--{name.replace('_', '-')}", type=int, default=default)
    return made


def machine() -> str:
    return f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}"


def spread(ratios: Sequence[float]) -> dict[str, float]:
    return {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}


def leave(result: Mapping[str, Any], out: Path | None) -> None:
    """Prints the result, and writes it where asked."""
    text = json.dumps(result, indent=1)
    print(text)
    if out:
        out.write_text(text + "\n")
