"""The result of a randomisation check, in memory and as sealed JSON; free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

from rationale.artifacts.artifact import Artifact
from rationale.artifacts.provenance import NaopcSettings, Provenance
from rationale.artifacts.record import Count, least, omitted
from rationale.study.sanity.names import Draw, Mode

HIGH = 0.5
"""A rank correlation above this, with the head and the top half of the layers re-drawn, is flagged."""


@dataclass(frozen=True)
class Mean:
    """A mean over seeds and documents.

    Attributes:
        value: The mean; None where no document has a value.
        low: Lower end of its percentile bootstrap interval over documents; None without one.
        high: Upper end.
    """

    value: float | None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """How alike a method's scores are before and after one step.

    Attributes:
        method: The score method.
        layer: The layer of its scores.
        step: Number of the step, from 0.
        part: The part that the step re-draws; in a cascade all parts of the steps before are re-drawn, too.
        applies: Whether the scores depend on any re-drawn part; if not, they are the same whatever is drawn.
        spearman: Rank correlation; a document whose scores are constant has none.
        iou: Intersection over union of the k best words.
        n: Number of documents with a rank correlation for at least one seed.
    """

    method: str
    layer: Count
    step: Count
    part: str
    applies: bool
    spearman: Mean
    iou: Mean
    n: Count


@dataclass(frozen=True)
class RandomOrder:
    """The similarity of a random order of the words with any scores: the level to fall to.

    Attributes:
        spearman: Expected rank correlation, 0.
        iou: Expected intersection over union of the k best words, mean over documents.
    """

    spearman: float
    iou: float


@dataclass(frozen=True)
class Outcome:
    """The outcome for one method and layer.

    Attributes:
        method: The score method.
        layer: The layer of its scores.
        token_count: Mean rank correlation of the original scores with the number of tokens of each word. A
            word's score is the sum of its tokens', so this much may remain whatever the weights are.
        remaining: Highest mean rank correlation from the step on that completes head and top half of the
            layers, steps that do not apply left out; None where it is undefined, and without a cascade.
        flagged: Whether that is above :data:`HIGH`; None without a cascade.
    """

    method: str
    layer: Count
    token_count: float | None
    remaining: float | None
    flagged: bool | None


@dataclass(frozen=True, kw_only=True)
class OrderMeans:
    """AOPC and NAOPC of the original model's scores, or of random orders, as means over documents.

    Attributes:
        method: The score method; None for random orders.
        layer: The layer of its scores; None for random orders.
        aopc_comprehensiveness: Mean loss without the best words, over the shares of the grid.
        aopc_sufficiency: Mean loss with only the best words.
        naopc_comprehensiveness: NAOPC over all words of short documents, the best removed first.
        naopc_sufficiency: The same, the best removed last. For random orders both are one number: a reversed
            one is one, too.
    """

    method: str | None
    layer: Count | None
    aopc_comprehensiveness: Mean
    aopc_sufficiency: Mean
    naopc_comprehensiveness: Mean
    naopc_sufficiency: Mean


ORDER_METRICS = ("aopc_comprehensiveness", "aopc_sufficiency", "naopc_comprehensiveness", "naopc_sufficiency")


@dataclass(frozen=True)
class Orders:
    """What the orders of words by the original model's scores are worth to it, beside random orders.

    Attributes:
        n: Documents with AOPC: all but those without words.
        naopc_n: Documents with NAOPC: short ones, in which some order makes a difference.
        means: Random orders first, then one a method and layer.
    """

    n: Count
    naopc_n: Count
    means: Annotated[tuple[OrderMeans, ...], least(1)]


@dataclass(frozen=True, kw_only=True)
class OrderSettings:
    """How AOPC and NAOPC were measured.

    Attributes:
        random: Number of random orders of each document, drawn by the recipe's seed.
        bins: The shares of words of the AOPC.
        naopc: How the limits of NAOPC were searched; None where it was left out.
    """

    random: Count
    bins: tuple[float, ...]
    naopc: NaopcSettings | None = None


@dataclass(frozen=True, kw_only=True)
class SanitySettings:
    """How the check was made.

    Attributes:
        mode: ``cascade``: each step re-draws one more part; ``independent``: one part a step, all others as
            trained.
        draw: ``init``: as the family initialises weights; ``shuffle``: each parameter's numbers permuted.
        seeds: Seeds of the re-drawn weights.
        parts: The part that each step re-draws.
        half: The step that completes the head and the top half of the layers of a cascade.
        layers: The layers of each method.
        k_share: Share of the words that are a document's best.
        resamples: Number of bootstrap resamples.
        confidence: Level of the intervals.
        orders: How AOPC and NAOPC were measured; None where they were left out.
    """

    mode: Mode
    draw: Draw
    seeds: Annotated[tuple[int, ...], least(1)]
    parts: Annotated[tuple[str, ...], least(1)]
    half: Count
    layers: Mapping[str, tuple[int, ...]]
    k_share: float
    resamples: Count
    confidence: float = 0.95
    orders: OrderSettings | None = omitted()


@dataclass(frozen=True, kw_only=True)
class SanityProvenance(Provenance):
    """The provenance of the scores of the original model, and how they were compared.

    Attributes:
        sanity: The settings of the check.
    """

    sanity: SanitySettings


@dataclass(frozen=True, kw_only=True)
class Sanity:
    """The result of a randomisation check.

    Attributes:
        recipe: Its provenance.
        documents: Number of documents.
        random: The level of a random order of the words.
        similarities: One a method, layer and step.
        outcomes: One a method and layer.
        orders: AOPC and NAOPC of the original scores beside random orders; None where left out.
    """

    recipe: SanityProvenance
    documents: Count
    random: RandomOrder
    similarities: tuple[Similarity, ...]
    outcomes: tuple[Outcome, ...]
    orders: Orders | None = omitted()

    def curve(self, method: str, layer: int) -> tuple[Similarity, ...]:
        """The similarities of one method and layer, step by step."""
        return tuple(s for s in self.similarities if (s.method, s.layer) == (method, layer))

    def title(self, method: str, layer: int) -> str:
        """The display name of a method's scores at a layer."""
        title = self.recipe.title_of(method)
        return f"{title}, layer {layer}" if len(self.recipe.methods[method].layers) > 1 else title

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Writes the result as sealed JSON.

        Raises:
            OutputError: Where the file exists and may not be replaced, or the disk refuses.
        """
        SANITY.write(path, self, inputs=self.recipe.inputs, overwrite=overwrite)

    @staticmethod
    def load(path: Path) -> Sanity:
        """Reads a result that :meth:`save` wrote.

        Raises:
            OutputError: Where the file is damaged, was changed, or is of another kind.
        """
        return SANITY.read(path)


SANITY = Artifact("randomisation check", Sanity, "Remove it and repeat the command, which computes it again.")


def provenance_of(scores: Provenance, settings: SanitySettings) -> SanityProvenance:
    """The provenance of a check of these scores."""
    return SanityProvenance(
        **{entry.name: getattr(scores, entry.name) for entry in fields(Provenance)}, sanity=settings
    )
