"""The result of an evaluation, in memory and as sealed JSON; free of torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from rationale.arrays import Array
from rationale.artifacts.artifact import Artifact
from rationale.artifacts.provenance import ScoredModel
from rationale.artifacts.record import Count, from_json, least, omitted
from rationale.artifacts.shape import misfit
from rationale.metrics.classification import Classification
from rationale.strict_json import Json

Quantiles = Mapping[str, float]
"""Values by quantile, ``"0.05"`` to ``"0.95"``."""

Layers = Annotated[tuple[float | None, ...], least(1)]


@dataclass(frozen=True)
class DocumentSource:
    """The documents of a result.

    Attributes:
        source: Source of the documents.
        split: Name of their split.
        fingerprint: Fingerprint of their content; None in results of an earlier version.
    """

    source: str
    split: str | None
    fingerprint: str | None = omitted()


@dataclass(frozen=True)
class EvaluatedBy:
    """The provenance of an evaluation.

    Attributes:
        model: The model.
        labels: Its classes, in the order of the probabilities.
        data: The documents.
        protocol: How documents longer than the maximum length were read.
        device: Type of device.
        threads: Number of torch threads.
        timed: Number of documents that were timed.
        rounds: Number of repeats of the timing.
        command: The command that was typed, as shell text; None where it was Python or an earlier version.
    """

    model: ScoredModel
    labels: tuple[str, ...]
    data: DocumentSource
    protocol: str
    device: str
    threads: int
    timed: int
    rounds: int
    command: str | None = omitted(compare=False)


@dataclass(frozen=True, kw_only=True)
class Speedup:
    """The measured speedup over the undropped model.

    Attributes:
        median: Median over the rounds.
        min: Minimum over the rounds.
        max: Maximum over the rounds.
        per_second: Documents per second, median; None in results of an earlier version.
        plain_per_second: The same of the undropped model.
    """

    median: float
    min: float
    max: float
    per_second: float | None = omitted()
    plain_per_second: float | None = omitted()


@dataclass(frozen=True)
class TokensKept:
    """The tokens that a layer keeps.

    Attributes:
        mean: Mean number of tokens over inputs.
        share: Share of all tokens of the inputs.
        quantiles: Quantiles of the number of tokens over inputs.
    """

    mean: float
    share: float
    quantiles: Quantiles


@dataclass(frozen=True)
class BitOperations:
    """The savings in bit operations.

    Attributes:
        bits: Bits of the model's arithmetic.
        fewer: Bit operations of the undropped model in 16 bits over those of this model.
    """

    bits: int
    fewer: float


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """The prediction for one document: one of ``probabilities``, ``value`` and ``answer``.

    Attributes:
        id: Id of the annotation.
        docid: Id of the document.
        label: The gold label.
        probabilities: Class probabilities, in the order of the labels.
        value: The predicted number in regression.
        answer: The answer in question answering.
        f1: F1 of the answer.
        exact_match: Exact match of the answer, 0 or 1.
        tokens_kept: Number of tokens of the input, and that each layer keeps; None in question answering.
    """

    id: str
    docid: str
    label: str | None
    probabilities: tuple[float, ...] | None = omitted()
    value: float | None = omitted()
    answer: str | None = omitted()
    f1: float | None = omitted()
    exact_match: float | None = omitted()
    tokens_kept: tuple[int, ...] | None = omitted()


@dataclass(frozen=True, kw_only=True)
class KeptRationale:
    """The kept words against the human rationale, one number per layer.

    Attributes:
        n: Number of documents with a rationale word in the window; None in results of an earlier version.
        ap: Average precision of the policy score.
        precision: Share of the kept words that are marked.
        recall: The share of the marked words that are kept.
        fpr: The share of the other words that are kept.
    """

    n: Count | None = omitted()
    ap: Layers
    precision: Layers
    recall: Layers
    fpr: Layers


@dataclass(frozen=True)
class KeepsAll:
    """Replaces :class:`KeptRationale` for a model that keeps all words: an empty object."""

    @staticmethod
    def misfit(value: Mapping[str, object], place: str) -> str | None:
        """Checks that the object is empty."""
        return misfit(place, "an empty object", value) if value else None


@dataclass(frozen=True)
class Share:
    """The share of a kind of words that each layer keeps.

    Attributes:
        name: The kind of words, or the word.
        words: Number of words.
        survival: Share of kept words per layer, in [0, 1].
        low: Lower end of its 95 % interval; None where it is undefined.
        high: Upper end.
    """

    name: str
    words: Count
    survival: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


@dataclass(frozen=True)
class Survived:
    """The survival of words in a dropping model.

    Attributes:
        kinds: Share of kept words, by kind.
        annotated: Number of documents with a rationale word in the window.
        lost: Number of those without a kept rationale word, per layer.
    """

    kinds: tuple[Share, ...]
    annotated: Count
    lost: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The evaluation of a model on some documents.

    Attributes:
        metrics: ``accuracy``, ``macro_f1``, ``mcc``, ``confusion``; in regression ``pearson``, ``spearman``,
            ``rmse``; in question answering ``f1``, ``exact_match``, ``HasAns_f1``, ``NoAns_f1``; ``low`` and
            ``high`` are the interval of the first.
        flops_speedup: FLOPs of the undropped model over FLOPs with dropping.
        bit_operations: Savings in bit operations; None in results of an earlier version.
        measured_speedup: Measured speedup by batch size.
        tokens_kept: The tokens that each layer keeps.
        survival: Survival of words; None for a plain model and in question answering.
        n: Number of documents.
        predictions: One prediction per document.
        recipe: Provenance of the evaluation.
        rationale: The kept words against the human rationale, where requested.
    """

    metrics: Json
    flops_speedup: float
    bit_operations: BitOperations | None = omitted()
    measured_speedup: Mapping[str, Speedup]
    tokens_kept: tuple[TokensKept, ...]
    survival: Survived | None = omitted()
    n: Count
    predictions: tuple[Prediction, ...]
    recipe: EvaluatedBy
    rationale: KeptRationale | KeepsAll | None = omitted()

    @property
    def classification(self) -> Classification | None:
        """The metrics of a classifier; None of a model that predicts numbers or answers questions."""
        return from_json(Classification, self.metrics) if "confusion" in self.metrics else None

    @property
    def kept(self) -> KeptRationale | None:
        """The kept words against the human rationale; None where not requested, or where all are kept."""
        return self.rationale if isinstance(self.rationale, KeptRationale) else None

    def answers(self) -> tuple[Array, Array]:
        """Gold labels and predictions, (D,) each: class ids, or numbers in regression."""
        rows = self.predictions
        if rows[0].value is not None:
            return np.array([float(str(row.label)) for row in rows]), np.array([row.value for row in rows])
        gold = np.array([self.recipe.labels.index(str(row.label)) for row in rows])
        return gold, np.array([row.probabilities for row in rows]).argmax(axis=1)

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Writes the evaluation as sealed JSON.

        Raises:
            OutputError: Where the file exists and may not be replaced, or the disk refuses.
        """
        inputs = {"model": self.recipe.model.hash, "data": self.recipe.data.fingerprint}
        EVALUATIONS.write(path, self, inputs=inputs, overwrite=overwrite)

    @staticmethod
    def load(path: Path) -> Evaluation:
        """Reads an evaluation that :meth:`save` wrote.

        Raises:
            OutputError: Where the file is damaged, was changed, or is no evaluation.
        """
        return EVALUATIONS.read(path)


EVALUATIONS = Artifact("evaluation", Evaluation, "Remove it and repeat the command, which computes it again.")
