"""The command-line options of the app: ``streamlit run apps/app.py -- --scores SCORES --data DIR``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rationale.errors import ScoresError


@dataclass(frozen=True)
class AppSettings:
    """What the app opens.

    Attributes:
        scores: Score folders, or folders that hold some.
        predictions: Files of rationales that somebody else predicted.
        data: Where the documents are; None takes the data set in the provenance of the scores.
        split: Their split; None takes that of the provenance.
        agreement: An ``agreement.json``; without one agreement is computed when it is first shown.
        comparison: What ``rationale compare`` wrote, for the page *Systems*.
        study: What ``rationale study topk`` wrote, for the page *Study*.
        model: The model of the page *Try*: a hub id or a folder.
        device: The device of that model.
        dtype: Its arithmetic.
        batch_size: Its batch size in windows; None chooses it by device.
        seed: Random seed of random methods.
    """

    scores: tuple[Path, ...] = ()
    predictions: tuple[Path, ...] = ()
    data: str | None = None
    split: str | None = None
    agreement: Path | None = None
    comparison: Path | None = None
    study: Path | None = None
    model: str | None = None
    device: str = "auto"
    dtype: str = "float32"
    batch_size: int | None = None
    seed: int = 0

    @classmethod
    def parse(cls, arguments: Sequence[str]) -> AppSettings:
        """Parses the app's arguments; others are left to Streamlit."""
        parser = argparse.ArgumentParser(prog="app.py", allow_abbrev=False)
        parser.add_argument("--scores", type=Path, action="append", default=[])
        parser.add_argument("--predictions", type=Path, action="append", default=[])
        parser.add_argument("--agreement", type=Path)
        parser.add_argument("--comparison", type=Path)
        parser.add_argument("--study", type=Path)
        parser.add_argument("--device", default=cls.device)
        parser.add_argument("--dtype", default=cls.dtype)
        parser.add_argument("--batch-size", type=int)
        parser.add_argument("--seed", type=int, default=cls.seed)
        for name in ("--data", "--split", "--model"):
            parser.add_argument(name)
        given, _ = parser.parse_known_args(arguments)
        paths = {name: tuple(getattr(given, name)) for name in ("scores", "predictions")}
        return cls(**{**vars(given), **paths})

    def folders(self) -> dict[str, Path]:
        """Returns the score folders by a short name for the URL, in the order they were given.

        Raises:
            ScoresError: If a path holds no scores.
        """
        folders: dict[str, Path] = {}
        for path in (folder for given in self.scores for folder in _score_folders(given)):
            parts = path.resolve().parts
            names = ("/".join(parts[-n:]) for n in range(1, len(parts)))
            folders[next((name for name in names if name not in folders), str(path))] = path
        return folders

    def files(self) -> dict[str, Path]:
        """Returns the files of predictions by a short name for the URL, other names than of the folders."""
        files: dict[str, Path] = {}
        for path in self.predictions:
            taken = {*self.folders(), *files}
            names = (path.stem, path.name, str(path))
            files[next((name for name in names if name not in taken), str(path.resolve()))] = path
        return files


def _score_folders(path: Path) -> list[Path]:
    """Returns ``path`` if it is a score folder, else the score folders directly inside it."""
    if (path / "recipe.json").is_file():
        return [path]
    inside = sorted(recipe.parent for recipe in path.glob("*/recipe.json"))
    if not inside:
        raise ScoresError(
            "there are no scores here",
            where=path,
            remedy="Pass the folder that `rationale score --out` wrote.",
        )
    return inside
