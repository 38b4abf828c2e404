"""Several sources of scores over one corpus: scores of a model, and predictions that were imported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from rationale.artifacts.provenance import Provenance, ScoredMethod
from rationale.corpus.document import Key
from rationale.errors import ScoresError
from rationale.scores.families import CHANCE, HUMAN

if TYPE_CHECKING:
    from rationale.scores.scored import Scores


@dataclass(frozen=True)
class Sources:
    """Sources of scores, the first of which names model, data and labels.

    Attributes:
        all: The sources; at least one, and no two with a method of one name.
    """

    all: tuple[Scores, ...]

    def __post_init__(self) -> None:
        if not self.all:
            raise ScoresError("no scores and no predictions", remedy="Pass --scores, --predictions, or both.")
        names: set[str] = {CHANCE, HUMAN}
        for source in self.all:
            for name in source.methods:
                if name in names:
                    raise ScoresError(
                        f"two sources have a method {name!r}"
                        if name not in (CHANCE, HUMAN)
                        else f"{name!r} is the name of a reference",
                        remedy="Give the predictions another --name.",
                    )
                names.add(name)

    @classmethod
    def of(cls, scores: Scores | Sequence[Scores] | Sources) -> Sources:
        """Sources of one or several scores."""
        if isinstance(scores, Sources):
            return scores
        return cls(tuple(scores) if isinstance(scores, Sequence) else (scores,))

    def __len__(self) -> int:
        return len(self.all)

    def __iter__(self) -> Iterator[Scores]:
        return iter(self.all)

    @property
    def main(self) -> Scores:
        """The first source: its model, labels and predictions are those that are reported."""
        return self.all[0]

    @cached_property
    def recipe(self) -> Provenance:
        """The provenance of the first source, with the methods of all."""
        methods: dict[str, ScoredMethod] = {}
        for source in self.all:
            methods |= source.recipe.methods
        return replace(self.main.recipe, methods=methods)

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """The keys of all documents that some source holds."""
        return tuple(dict.fromkeys(key for source in self.all for key in source.keys))

    def holding(self, method: str) -> Scores:
        """The source of a method.

        Raises:
            ScoresError: Where there is none.
        """
        for source in self.all:
            if method in source.methods:
                return source
        raise ScoresError(f"no scores of {method!r}", remedy=f"There are: {', '.join(self.recipe.methods)}.")
