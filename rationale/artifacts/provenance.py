"""The provenance of scores, and of the agreement computed from them: all that decides their numbers.

Equal provenance gives equal numbers, so it holds no date and no path but those of model and data. The command
that was typed is for people: two spellings of one run are one run, so that it counts in no comparison.
Fields that an earlier version did not write are None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Literal

from rationale.artifacts.record import Count, Json, least, omitted, to_json

Eta = tuple[float | None, ...]
Layers = Annotated[tuple[Count, ...], least(1)]


@dataclass(frozen=True, kw_only=True)
class ScoredModel:
    """The model that was scored.

    Attributes:
        name: As it was given: a hub id or a folder.
        revision: Of the hub.
        hash: 16 hex digits over weights, config and tokenizer.
        family: Its architecture, ``token-dropping`` for a model that drops tokens.
        layers: How many it has.
        max_length: The longest input that was read, in tokens.
        system: The token-dropping method.
        eta: Its own threshold's numerator, one a layer; None in layers that decide nothing.
    """

    name: str
    revision: str | None = None
    hash: str | None = None
    family: str | None = omitted()
    layers: Count
    max_length: Count | None = None
    system: str | None = omitted()
    eta: Eta | None = omitted()


@dataclass(frozen=True, kw_only=True)
class ScoredData:
    """The documents that were scored.

    Attributes:
        source: Where they were read from, as it was given.
        split: Their split.
        fingerprint: Of their content.
        documents: How many were scored.
        sampled_from: How many there were, where a sample of them was scored.
    """

    source: str
    split: str | None
    fingerprint: str | None = None
    documents: Count
    sampled_from: Count | None = omitted()


@dataclass(frozen=True, kw_only=True)
class ScoredMethod:
    """A score method.

    Attributes:
        title: What people call it.
        definition: In one sentence.
        signed: Whether its scores may speak against the target.
        layers: The layers of its rows.
        settings: What besides the name decides its numbers.
        selects: Whether the tokens that the model keeps are its own selection.
        family: Methods that are drawn and compared alike.
    """

    title: str | None = omitted()
    definition: str | None = omitted()
    signed: bool
    layers: Layers
    settings: Json | None = omitted()
    selects: bool | None = omitted()
    family: str | None = omitted()


@dataclass(frozen=True, kw_only=True)
class Perturbing:
    """What was removed to measure faithfulness.

    Attributes:
        share: The share of words for comprehensiveness and sufficiency.
        bins: The shares of the AOPC.
        layers: Those whose scores were tried; None for the first and the last of each method.
    """

    share: float
    bins: tuple[float, ...]
    layers: tuple[Count, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """How scores came about: the content of ``recipe.json``.

    Attributes:
        kind: What ``recipe.json`` is of.
        model: The model.
        data: The documents.
        labels: The class names, in the order of the probabilities.
        labels_given: Whether the user named them (``--labels``).
        methods: By name, in the order they were asked for.
        target: The logit that is explained.
        protocol: How documents longer than the model were read.
        normalisation: In words.
        special_tokens: In words.
        aggregation: From sub-words to words.
        dtype: The arithmetic.
        device: The kind of device.
        batch_size: Windows a batch.
        part_size: Documents a part.
        seed: Random seed.
        faithfulness: What was removed, or None.
        kept: Whether each document says which tokens a dropping model keeps.
        decides: Where its policy decides.
        versions: Of Python and libraries.
        command: The command that was typed, as shell text; None where scores come from Python, and where an
            earlier version made them.
    """

    kind: Literal["scores"] = "scores"
    model: ScoredModel
    data: ScoredData
    labels: Annotated[tuple[str, ...], least(1)]
    labels_given: bool | None = omitted()
    methods: Mapping[str, ScoredMethod]
    target: Literal["predicted", "gold"] | None = omitted()
    protocol: str | None = omitted()
    normalisation: str | None = omitted()
    special_tokens: str | None = omitted()
    aggregation: str | None = omitted()
    dtype: str | None = omitted()
    device: str | None = omitted()
    batch_size: Count | None = omitted()
    part_size: Count | None = omitted()
    seed: int | None = omitted()
    faithfulness: Perturbing | None = None
    kept: bool | None = omitted()
    decides: Literal["layer", "feed-forward"] | None = omitted()
    versions: Mapping[str, str] | None = omitted()
    command: str | None = omitted(compare=False)

    @property
    def inputs(self) -> dict[str, str | None]:
        """Model and data, as the seals of scores and of what follows from them name them."""
        return {"model": self.model.hash, "data": self.data.fingerprint}

    def selects(self, method: str) -> bool:
        """Whether the tokens that the model keeps are the method's own selection."""
        return method in self.methods and bool(self.methods[method].selects)

    def title_of(self, method: str) -> str:
        """What people call a method."""
        return (self.methods[method].title if method in self.methods else None) or method


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What of the gold data changed after scoring.

    Attributes:
        labels: How many documents have another label.
        rationales: Whether any rationale, or what was annotated at all, is another.
    """

    labels: Count | None = omitted()
    rationales: bool | None = omitted()


@dataclass(frozen=True, kw_only=True)
class AgreementSettings:
    """How an agreement was computed from scores and documents.

    Attributes:
        select: How words were selected.
        eta: Of ``threshold``, one a layer; None is 1 in every layer.
        absolute: Whether signed methods were ranked and selected by absolute value.
        resamples: Number of bootstrap resamples.
        seed: Random seed.
        confidence: Of the intervals.
        interval: Which intervals, in words.
        comparison: Which tests, in words.
        source: Where the documents were read from.
        split: Their split.
        fingerprint: Of their content.
        pairs: How many pairs of annotation and document.
        unscored: How many have no scores.
        unannotated: How many were never annotated.
        words: Of all documents.
        uncovered_words: Those that the model was not given.
        versions: Of libraries.
        eta_from: Where eta is from, where it was given.
        notes: What the reader of the numbers should know about the selections.
        changed_since_scoring: What of the gold data is not as it was.
        command: The command that was typed, as shell text; None where it was Python or an earlier version.
    """

    select: Annotated[tuple[Literal["threshold", "top_k_gold", "kept"], ...], least(1)]
    eta: Eta | None
    absolute: bool
    resamples: Count
    seed: int
    confidence: float
    interval: str
    comparison: str | None = omitted()
    source: str
    split: str | None
    fingerprint: str | None = None
    pairs: Count
    unscored: Count
    unannotated: Count
    words: Count
    uncovered_words: Count
    versions: Mapping[str, str] | None = omitted()
    eta_from: str | None = None
    notes: tuple[str, ...] | None = omitted()
    changed_since_scoring: Changed | None = omitted()
    command: str | None = omitted(compare=False)


@dataclass(frozen=True, kw_only=True)
class AgreementProvenance(Provenance):
    """The provenance of scores, and how agreement was computed from them.

    Attributes:
        agreement: How.
    """

    agreement: AgreementSettings

    @property
    def of_scores(self) -> Provenance:
        """That of the scores alone."""
        return Provenance(**{one.name: getattr(self, one.name) for one in fields(Provenance)})


def agreement_of(scores: Provenance, settings: AgreementSettings) -> AgreementProvenance:
    """The provenance of an agreement with these scores."""
    return AgreementProvenance(
        **{one.name: getattr(scores, one.name) for one in fields(Provenance)}, agreement=settings
    )


def differing(one: Provenance, other: Provenance) -> list[str]:
    """The entries in which the provenance of two runs differs, the command aside."""
    names = (entry.name for entry in fields(Provenance) if entry.compare)
    return sorted(name for name in names if getattr(one, name) != getattr(other, name))


def as_read(settings: Mapping[str, object]) -> Json:
    """Settings as they are once they were written and read: lists for tuples."""
    return to_json(settings)
