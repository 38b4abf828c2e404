"""The provenance of scores, and of the agreement computed from them: all that decides their numbers.

Equal provenance gives equal numbers, so it holds no date and no paths except those of model and data. The
command line is for display and is ignored in comparisons: two spellings of one run are equal. Fields that an
earlier version did not write are None.
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
        name: Its hub id or folder, as given.
        revision: Revision on the hub.
        hash: 16 hex digits over weights, config and tokenizer.
        family: Its architecture, ``token-dropping`` for a model that drops tokens.
        layers: Number of layers.
        max_length: Maximum input length, in tokens.
        system: The token-dropping method.
        eta: Numerator of the model's own threshold eta/n, per layer; None in layers without one.
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
        source: Their source, as given.
        split: Name of their split.
        fingerprint: Fingerprint of their content.
        documents: Number of scored documents.
        sampled_from: Number of documents that they were sampled from; None without sampling.
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
        title: Display name.
        definition: Definition in one sentence.
        signed: Whether scores may be negative (evidence against the target).
        layers: The layers that were scored.
        settings: Further settings that decide its numbers.
        selects: Whether its selection is the set of tokens that the model keeps.
        gives: What an imported method holds: scores, selected words, or both; None is scores.
        family: Group of methods that share a style in charts and a place in comparisons.
    """

    title: str | None = omitted()
    definition: str | None = omitted()
    signed: bool
    layers: Layers
    settings: Json | None = omitted()
    selects: bool | None = omitted()
    gives: Literal["scores", "selection", "both"] | None = omitted()
    family: str | None = omitted()


@dataclass(frozen=True, kw_only=True)
class NaopcSettings:
    """How the limits of AOPC were searched.

    Attributes:
        words: The most words of a document; longer ones were left out.
        exact: The most words for limits over all orders.
        beam: Sets of each size that the beam search kept, for longer documents.
        removal: Whether a word's token ids were deleted or replaced by the mask token.
        units: ``sentence`` where longer documents were measured over their sentences; None where left out.
    """

    words: Count
    exact: Count
    beam: Count
    removal: Literal["delete", "mask"]
    units: Literal["sentence"] | None = omitted()


@dataclass(frozen=True, kw_only=True)
class Perturbing:
    """What was removed to measure faithfulness.

    Attributes:
        share: The share of words for comprehensiveness and sufficiency.
        bins: The shares of the AOPC.
        layers: Layers whose scores were measured; None for the first and the last of each method.
        nothing: Whether the model also read each document without any word.
        soft: Draws of the soft forms; None without them.
        naopc: How the limits of AOPC were searched; None without NAOPC.
    """

    share: float
    bins: tuple[float, ...]
    layers: tuple[Count, ...] | None = None
    nothing: bool | None = omitted()
    soft: Count | None = omitted()
    naopc: NaopcSettings | None = omitted()


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """The provenance of scores: the content of ``recipe.json``.

    Attributes:
        kind: The kind of result.
        model: The model.
        data: The documents.
        labels: The class names, in the order of the probabilities.
        labels_given: Whether the user named them (``--labels``).
        methods: The methods by name, in the requested order.
        target: The logit that is explained.
        protocol: How documents longer than the maximum length were read.
        normalisation: The normalisation of scores, as text.
        special_tokens: The treatment of special tokens, as text.
        aggregation: How scores of sub-words become scores of words.
        dtype: Floating-point type of the forward pass.
        device: Type of device.
        batch_size: Windows per batch.
        part_size: Documents per part.
        seed: Random seed.
        faithfulness: What was removed to measure faithfulness; None without.
        kept: Whether each document records which tokens a dropping model keeps.
        decides: Where in a layer the policy decides.
        versions: Versions of Python and libraries.
        command: The command line, as shell text; None for scores from Python or an earlier version.
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
        """Model and data, for the seals of scores and of results computed from them."""
        return {"model": self.model.hash, "data": self.data.fingerprint}

    def selects(self, method: str) -> bool:
        """Whether the selection of a method is the set of tokens that the model keeps."""
        return method in self.methods and bool(self.methods[method].selects)

    def ranks(self, method: str) -> bool:
        """Whether a method has scores; an imported one may only select words."""
        return self.methods[method].gives != "selection"

    def gives_words(self, method: str) -> bool:
        """Whether an imported method comes with selected words: the selection ``given``."""
        return self.methods[method].gives in ("selection", "both")

    def title_of(self, method: str) -> str:
        """The display name of a method."""
        return (self.methods[method].title if method in self.methods else None) or method


@dataclass(frozen=True, kw_only=True)
class Changed:
    """Changes of the gold data since scoring.

    Attributes:
        labels: Number of documents with another label.
        rationales: Whether any rationale changed, or which documents are annotated.
    """

    labels: Count | None = omitted()
    rationales: bool | None = omitted()


@dataclass(frozen=True, kw_only=True)
class Annotators:
    """What the annotators of the documents marked, where the data says who marked what.

    Attributes:
        documents: Number of documents with annotators.
        shared: Those with at least two annotators who were asked for a rationale.
        masks: Number of annotators who were asked, over all documents.
        nothing: Those of them who marked no word.
        not_asked: Number of annotators who gave a label and were not asked.
        left_out: Masks of no word or of all words, against which nothing can be ranked.
        fewest: The smallest number of annotators asked of a document that has at least two; None without
            such a document, and in earlier files.
        most: The largest.
        pairwise_f1: Mean F1 of two annotators of one document.
        kappa: Their mean Cohen's kappa.
        alpha: Krippendorff's alpha over the words of all documents, with its interval.
    """

    documents: Count
    shared: Count
    masks: Count
    nothing: Count
    not_asked: Count
    left_out: Count
    fewest: Count | None = omitted()
    most: Count | None = omitted()
    pairwise_f1: float | None = omitted()
    kappa: float | None = omitted()
    alpha: tuple[float | None, float | None, float | None] | None = omitted()


@dataclass(frozen=True, kw_only=True)
class OtherLabels:
    """Annotators who were left out because the document has another label than they gave, or none.

    Attributes:
        masks: Number of them who were asked for a rationale, over all documents.
        documents: Number of documents of which no annotator was left.
    """

    masks: Count
    documents: Count


@dataclass(frozen=True, kw_only=True)
class AgreementSettings:
    """How an agreement was computed from scores and documents.

    Attributes:
        select: How words were selected.
        eta: Numerator of the threshold eta/n, per layer; None is 1 in every layer.
        absolute: Whether signed methods were ranked and selected by absolute value.
        resamples: Number of bootstrap resamples.
        seed: Random seed.
        confidence: Level of the intervals.
        interval: Kind of intervals, as text.
        comparison: Kind of tests, as text.
        source: Source of the documents.
        split: Name of their split.
        fingerprint: Fingerprint of their content.
        pairs: Number of pairs of annotation and document.
        unscored: Number of pairs without scores.
        unannotated: Number of pairs without annotation.
        words: Number of words of all documents.
        uncovered_words: Number of words that the model did not read.
        versions: Versions of libraries.
        eta_from: Source of eta, where it was given.
        notes: Notes on the selections for the reader.
        changed_since_scoring: Changes of the gold data since scoring.
        gold: How several annotators make the human rationale; None where there is one a document.
        same_label: Who was left out because only annotators who gave the document's label count; None where
            all count.
        annotators: What they marked, without those left out.
        command: The command line, as shell text; None for Python or an earlier version.
        sentences: How a sentence's score came from those of its words; None where none was measured.
        sentence_gold: Which sentences are evidence; None where none was measured.
        groups: ``best`` where each pair was also measured with its best evidence group as the rationale.
    """

    select: Annotated[tuple[Literal["threshold", "top_k_gold", "given", "kept"], ...], least(1)]
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
    gold: Literal["union", "majority", "any2", "intersection", "soft", "each"] | None = omitted()
    same_label: OtherLabels | None = omitted()
    annotators: Annotators | None = omitted()
    command: str | None = omitted(compare=False)
    sentences: Literal["mean", "sum", "max"] | None = omitted()
    sentence_gold: Literal["half", "any", "stated"] | None = omitted()
    groups: Literal["best"] | None = omitted()


@dataclass(frozen=True, kw_only=True)
class AgreementProvenance(Provenance):
    """The provenance of scores, and how agreement was computed from them.

    Attributes:
        agreement: The settings of the agreement.
    """

    agreement: AgreementSettings

    @property
    def of_scores(self) -> Provenance:
        """The provenance of the scores alone."""
        return Provenance(**{entry.name: getattr(self, entry.name) for entry in fields(Provenance)})


def agreement_of(scores: Provenance, settings: AgreementSettings) -> AgreementProvenance:
    """The provenance of an agreement with these scores."""
    return AgreementProvenance(
        **{entry.name: getattr(scores, entry.name) for entry in fields(Provenance)}, agreement=settings
    )


def differing(first: Provenance, second: Provenance) -> list[str]:
    """The names of the entries in which two runs differ, without the command line."""
    names = (entry.name for entry in fields(Provenance) if entry.compare)
    return sorted(name for name in names if getattr(first, name) != getattr(second, name))


def as_read(settings: Mapping[str, object]) -> Json:
    """Settings as they are read back from JSON: lists for tuples."""
    return to_json(settings)
