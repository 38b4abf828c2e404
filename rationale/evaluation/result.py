"""What an evaluation is, in memory and as JSON with its seal; nothing here needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np

from rationale.arrays import Array
from rationale.artifacts.record import Count, Json, least, omitted, read_record, to_json
from rationale.artifacts.seal import read_sealed, sealed
from rationale.artifacts.shape import misfit
from rationale.errors import OutputError
from rationale.files import atomic_json

KIND = "evaluation"
_REMEDY = "Evaluate the model again."

Quantiles = Mapping[str, float]
"""By the quantile, ``"0.05"`` to ``"0.95"``."""

Layers = Annotated[tuple[float | None, ...], least(1)]


@dataclass(frozen=True)
class DocumentSource:
    """The documents that a result is of.

    Attributes:
        source: Where they came from.
        split: Their split.
        fingerprint: Of their content; None in results of an earlier version.
    """

    source: str
    split: str | None
    fingerprint: str | None = omitted()


@dataclass(frozen=True)
class EvaluatedBy:
    """The provenance of an evaluation.

    Attributes:
        model: Identity of the model: ``name``, ``hash``, ``family``, …
        labels: Its classes, in the order of the probabilities.
        data: The documents.
        protocol: How documents longer than the model were read.
        device: Where it ran.
        threads: Of torch.
        timed: Documents that time was measured on.
        rounds: How often.
    """

    model: Json
    labels: tuple[str, ...]
    data: DocumentSource
    protocol: str
    device: str
    threads: int
    timed: int
    rounds: int


@dataclass(frozen=True, kw_only=True)
class Speedup:
    """How many times as fast as undropped.

    Attributes:
        median: Over the rounds.
        min: The slowest round.
        max: The fastest.
        per_second: Documents a second, the median; None in results of an earlier version.
        plain_per_second: The same undropped.
    """

    median: float
    min: float
    max: float
    per_second: float | None = omitted()
    plain_per_second: float | None = omitted()


@dataclass(frozen=True)
class TokensKept:
    """Tokens that pass a layer.

    Attributes:
        mean: Over the inputs.
        share: Of all tokens of the inputs.
        quantiles: Over the inputs.
    """

    mean: float
    share: float
    quantiles: Quantiles


@dataclass(frozen=True)
class BitOperations:
    """What arithmetic in few bits saves.

    Attributes:
        bits: Of the model's arithmetic.
        fewer: By how many times fewer bit operations there are than undropped in 16 bits.
    """

    bits: int
    fewer: float


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """What a model predicts of one document; of ``probabilities``, ``value`` and ``answer`` it has one.

    Attributes:
        id: The annotation's.
        docid: The document's.
        label: The gold label.
        probabilities: In the order of the labels.
        value: Of a model that predicts a number.
        answer: Of a model that answers questions; with its ``f1`` and ``exact_match``.
        tokens_kept: Tokens at the start, and those that pass each layer; None where questions are answered.
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
    """The kept words against the human rationale, a number a layer.

    Attributes:
        n: Documents of whose rationale the model reads anything; None in results of an earlier version.
        ap: Average precision of the score that the method decides by.
        precision: Of the kept words.
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
    """What stands for :class:`KeptRationale` where a model keeps all words: an empty object."""

    @staticmethod
    def misfit(value: Mapping[str, object], place: str) -> str | None:
        """Nothing else may be in it."""
        return misfit(place, "an empty object", value) if value else None


@dataclass(frozen=True)
class Share:
    """A share of words that are kept after each layer.

    Attributes:
        name: Of what words.
        words: How many there are.
        survival: One share a layer, in [0, 1].
        low: Lower end of its 95 % interval; None where it is not defined.
        high: Upper end.
    """

    name: str
    words: Count
    survival: tuple[float, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]


@dataclass(frozen=True)
class Survived:
    """Which words a dropping model keeps.

    Attributes:
        kinds: Of words, by kind.
        annotated: Documents whose human rationale was read.
        lost: How many of those lost all of it, by layer.
    """

    kinds: tuple[Share, ...]
    annotated: Count
    lost: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What dropping costs and saves on some documents.

    Attributes:
        metrics: ``accuracy``, ``macro_f1``, ``mcc``, ``confusion``; of predicted numbers ``pearson``,
            ``spearman``, ``rmse``; of answers ``f1``, ``exact_match``, ``HasAns_f1``, ``NoAns_f1``;
            ``low`` and ``high`` of the first.
        flops_speedup: By how many times fewer operations there are than undropped.
        bit_operations: The same in bit operations; None in results of an earlier version.
        measured_speedup: By batch size.
        tokens_kept: A layer each.
        survival: Which words survive; None of a plain model, and where questions are answered.
        n: Documents.
        predictions: One a document.
        recipe: How the numbers came about.
        rationale: The kept words against the human rationale, where that was asked for.
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
    def kept(self) -> KeptRationale | None:
        """The kept words against the human rationale; None where nobody asked, or all are kept."""
        return self.rationale if isinstance(self.rationale, KeptRationale) else None

    def answers(self) -> tuple[Array, Array]:
        """What humans said of each document, and what the model said: class numbers, or numbers."""
        rows = self.predictions
        if rows[0].value is not None:
            return np.array([float(str(row.label)) for row in rows]), np.array([row.value for row in rows])
        gold = np.array([self.recipe.labels.index(str(row.label)) for row in rows])
        return gold, np.array([row.probabilities for row in rows]).argmax(axis=1)

    def save(self, path: Path, *, overwrite: bool = False) -> None:
        """Writes it as JSON, sealed.

        Raises:
            OutputError: Where the file exists and may not be replaced, or the disk refuses.
        """
        inputs = {"model": self.recipe.model["hash"], "data": self.recipe.data.fingerprint}
        atomic_json(path, sealed(to_json(self), KIND, inputs), overwrite=overwrite)

    @classmethod
    def load(cls, path: Path, *, remedy: str = _REMEDY) -> Evaluation:
        """Reads what :meth:`save` wrote.

        Raises:
            OutputError: Where it is damaged, was changed, or is no evaluation.
        """
        content, _ = read_sealed(path, KIND, error=OutputError, remedy=remedy)
        return read_record(cls, content, path, what="the saved result is damaged", remedy=remedy)
