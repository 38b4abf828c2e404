"""Scores in memory and on disk: a folder of Parquet parts, each whole or absent, beside a recipe."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from pathlib import Path

from rationale.artifacts.provenance import Provenance
from rationale.artifacts.scores import COMPLETE, REPAIR, Part, complete_parts, old_digest, open_recipe
from rationale.corpus.document import Key
from rationale.errors import ScoresError
from rationale.files import home
from rationale.scores.parquet import read_part, read_part_table
from rationale.scores.scored import ScoredDocument, scores_html


class _WithRecipe:
    """Properties that scores in memory and on disk read from their recipe."""

    def __init__(self, recipe: Provenance) -> None:
        self.recipe = recipe

    @property
    def methods(self) -> tuple[str, ...]:
        """The score methods, in the order of the request."""
        return tuple(self.recipe.methods)

    @property
    def labels(self) -> tuple[str, ...]:
        """The class names, in the order of the probabilities."""
        return self.recipe.labels

    def layers(self, method: str) -> tuple[int, ...]:
        """The layers of a method's rows."""
        if method not in self.recipe.methods:
            raise ScoresError(
                f"no scores of method {method!r}", remedy=f"There are: {', '.join(self.methods)}."
            )
        return self.recipe.methods[method].layers


class MemoryScores(_WithRecipe):
    """Scores held in memory."""

    def __init__(self, recipe: Provenance, documents: Sequence[ScoredDocument]) -> None:
        super().__init__(recipe)
        self.documents = documents

    def __len__(self) -> int:
        return len(self.documents)

    def __iter__(self) -> Iterator[ScoredDocument]:
        return iter(self.documents)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys of all scored documents, in corpus order."""
        return tuple(d.key for d in self.documents)

    @property
    def predicted(self) -> tuple[str | None, ...]:
        """The predicted label of each, in the order of the keys; None where a prediction names none."""
        return tuple(d.predicted for d in self.documents)

    def get(self, key: Key) -> ScoredDocument:
        """The document filed under ``key``."""
        for document in self.documents:
            if document.key == key:
                return document
        raise _not_scored(key, "these scores")

    def _repr_html_(self) -> str:
        return scores_html(self)


class StoredScores(_WithRecipe):
    """Scores read from a folder, one part in memory at a time.

    Args:
        folder: A folder that :class:`ScoreWriter` finished.

    Raises:
        ScoresError: Where it is no score folder, unfinished, or damaged.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = home(folder)
        recipe, seal = open_recipe(self.folder)
        super().__init__(recipe)
        if not (self.folder / COMPLETE).exists():
            raise ScoresError(
                "the scores are unfinished",
                where=self.folder,
                remedy="Run the same `rationale score` command again: interrupted runs resume.",
            )
        self._parts = complete_parts(self.folder, seal)
        self._read = lru_cache(maxsize=2)(lambda part: read_part(self._parts[part], self.recipe))

    def __len__(self) -> int:
        return self.recipe.data.documents

    def __iter__(self) -> Iterator[ScoredDocument]:
        for part in self._parts:
            yield from self._read(part)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys of all scored documents, in corpus order; only two columns are read."""
        return tuple(self._part_of)

    @property
    def predicted(self) -> tuple[str, ...]:
        """The predicted label of each, in the order of the keys; only one column is read."""
        labels: list[str] = []
        for path, part in self._parts.items():
            part.check("documents.parquet")
            labels += read_part_table(path / "documents.parquet", columns=["predicted"])[
                "predicted"
            ].to_pylist()
        return tuple(labels)

    @cached_property
    def _part_of(self) -> dict[Key, Path]:
        """The part of each document, in corpus order."""
        part_of: dict[Key, Path] = {}
        for path, part in self._parts.items():
            part.check("documents.parquet")
            table = read_part_table(path / "documents.parquet", columns=["id", "docid"])
            ids, docids = table.column("id").to_pylist(), table.column("docid").to_pylist()
            for key in zip(ids, docids, strict=True):
                if key in part_of:
                    raise _scored_twice(key, part_of[key], path)
                part_of[key] = path
        return part_of

    def get(self, key: Key) -> ScoredDocument:
        """The document filed under ``key``."""
        if key not in self._part_of:
            raise _not_scored(key, self.folder)
        return next(d for d in self._read(self._part_of[key]) if d.key == key)

    def _repr_html_(self) -> str:
        return scores_html(self)


def check_unsealed(folder: Path) -> None:
    """Reads all parts of scores of an earlier version, which have no seals, finished or not.

    Raises:
        ScoresError: Where a part contradicts the recipe or itself.
    """
    recipe, _ = open_recipe(folder)
    for path in sorted(folder.glob("part-*")):
        try:
            part = Part(path, None, old_digest(path))
        except OSError as error:
            raise ScoresError(f"cannot be read ({error.strerror})", where=path, remedy=REPAIR) from error
        read_part(part, recipe)


def _scored_twice(key: Key, first: Path, second: Path) -> ScoresError:
    return ScoresError(
        f"document {key[1]!r} of annotation {key[0]!r} is in two parts, {first.name} and {second.name}",
        where=first.parent,
        remedy="The scores are damaged: score this data again.",
    )


def _not_scored(key: Key, where: object) -> ScoresError:
    return ScoresError(
        f"document {key[1]!r} of annotation {key[0]!r} was not scored",
        where=str(where),
        remedy="Score the split again without --limit, or choose a document that was scored.",
    )
