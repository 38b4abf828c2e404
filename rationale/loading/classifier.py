"""Loads a classifier and its tokenizer from a hub id or a local folder, and checks both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import AutoModelForQuestionAnswering, AutoModelForSequenceClassification

from rationale.artifacts.provenance import ScoredModel
from rationale.corpus.document import Documents
from rationale.dropping.model import DroppingModel
from rationale.dropping.run import Run, hard, mask, run_full
from rationale.dropping.system import System
from rationale.dropping_config import DroppingConfig
from rationale.encoder.attention import plain_attention
from rationale.encoder.base import Attend, Encoder
from rationale.encoder.weights import check_weights
from rationale.errors import DataError, ModelError
from rationale.loading.agreeing import check_types
from rationale.loading.checks import adapter_of, longest_input, usable_device
from rationale.loading.hub import explained
from rationale.loading.identity import own_eta, whole_hash
from rationale.loading.labels import is_regression, label_names, labels_of_one_logit, naming, spelled_as
from rationale.loading.parts import read_config, read_tokenizer, read_weights
from rationale.tokens.packing import Packed

_DTYPES = {
    "float32": torch.float32,
    "float64": torch.float64,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
}


@dataclass(frozen=True)
class Classifier:
    """A model ready for inference: dropout off, parameters frozen.

    Attributes:
        model: The Hugging Face model; of a dropping model, the backbone and its policy.
        encoder: The family's adapter over the model; of a dropping model, over its backbone.
        tokenizer: Its fast tokenizer.
        labels: Class names, in the order of the logits; with one logit the class where it is low, then the
            one where it is high; one name for a regression model.
        max_length: The longest input, special tokens included.
        identity: What the provenance of a result says of it.
        policy: The rule by which it drops tokens; None for a plain model, which keeps all.
    """

    model: Any = field(repr=False)
    encoder: Encoder
    tokenizer: Any = field(repr=False)
    labels: tuple[str, ...]
    max_length: int
    identity: ScoredModel
    policy: System | None = None

    @property
    def device(self) -> torch.device:
        """The device of the parameters."""
        return next(self.model.parameters()).device  # type: ignore[no-any-return]

    def required_policy(self) -> System:
        """The policy of a dropping model.

        Raises:
            ModelError: For a plain model.
        """
        if self.policy is None:
            raise ModelError(
                "this model drops no tokens",
                where=self.identity.name,
                remedy="Pass the folder that `rationale train adapler`, or another system, wrote.",
            )
        return self.policy

    def hard(self, packed: Packed) -> Run:
        """Runs the model with hard dropping: dropped rows are removed. A plain model keeps all rows."""
        if self.policy is None:
            return run_full(self.encoder, packed)
        return hard(self.encoder, self.policy, packed)

    def mask(
        self,
        packed: Packed,
        attend: Attend = plain_attention,
        hidden: Tensor | None = None,
        states: list[Tensor] | None = None,
    ) -> Run:
        """Runs the model with the same decisions as a mask: all rows stay, for gradients and attention.

        Args:
            packed: The batch.
            attend: The attention to run, which respects a bias.
            hidden: The input of layer 0, (N, d); None embeds the batch.
            states: A list that receives each layer's input, L tensors (N, d).
        """
        if self.policy is None:
            return run_full(self.encoder, packed, attend, hidden, states)
        return mask(self.encoder, self.policy, packed, attend, hidden, states)

    def forward_from(self, layer: int, hidden: Tensor, packed: Packed) -> Tensor:
        """Logits from the input of ``layer``, (N, d), of all rows.

        Raises:
            ModelError: For layers above 0 of a dropping model: the tokens dropped before are unknown.
        """
        if self.policy is None:
            return self.encoder.forward_from(layer, hidden, packed, plain_attention)
        if layer > 0:
            raise ModelError(
                f"layer {layer} of a dropping model cannot run alone: earlier layers choose its tokens",
                remedy="Use layer 0, or a one-pass method.",
            )
        return self.mask(packed, hidden=hidden).logits

    def logits(self, packed: Packed) -> Tensor:
        """Logits (B, C), one a class, of a hard run.

        Raises:
            ModelError: Where one is not a finite number.
        """
        return self.per_class(self.finite(self.hard(packed).logits))

    def finite(self, values: Tensor) -> Tensor:
        """``values`` unchanged.

        Raises:
            ModelError: Where one of them is NaN or infinite.
        """
        if not torch.isfinite(values).all():
            raise ModelError(
                "the model yields NaN or infinite numbers",
                where=self.identity.name,
                remedy="Its weights are damaged or its training diverged; nothing was written for this part.",
            )
        return values

    @property
    def regression(self) -> bool:
        """Whether it is a regression model."""
        return is_regression(self.model.config)

    @property
    def one_logit(self) -> bool:
        """Whether a single logit separates two classes."""
        return not self.regression and int(self.model.config.num_labels) == 1

    def per_class(self, logits: Tensor) -> Tensor:
        """Logits (B, C), one a class: a single logit z becomes (-z, z)."""
        if self.one_logit and logits.shape[-1] == 1:
            return torch.cat([-logits, logits], dim=-1)
        return logits

    def probabilities(self, logits: Tensor) -> Tensor:
        """float64 (B, C): softmax, the sigmoid of (-z, z) for a single logit, or a regression's value."""
        logits = self.per_class(logits.detach().double())
        if self.regression:
            return logits
        return logits.sigmoid() if self.one_logit else logits.softmax(dim=-1)

    def check_labels(self, documents: Documents) -> None:
        """Checks that the model knows every label of the data.

        Raises:
            DataError: Naming the unknown label and the model's labels.
        """
        unknown = [label for label in documents.labels if label not in self.labels]
        if unknown and not self.regression:
            spelled = spelled_as(documents.labels, self.labels)
            if unknown[0] in spelled:
                raise DataError(
                    f"label {unknown[0]!r} is unknown to the model, which predicts {', '.join(self.labels)}: "
                    "only upper and lower case differ",
                    where=documents.source,
                    remedy=f"Spell the model's outputs as the data does: --labels {','.join(spelled)}.",
                )
            raise DataError(
                f"label {unknown[0]!r} is unknown to the model, which predicts {', '.join(self.labels)}",
                where=documents.source,
                remedy=f"Name the model's outputs in the order of its documentation: "
                f"{naming(self.labels, one_logit=self.one_logit)}. Or use a model trained on these labels.",
            )

    def check_queries(self, documents: Documents) -> None:
        """Checks that the model can read two texts where a document has a query.

        Raises:
            ModelError: Where the tokenizer gives the second text a token type without an embedding.
        """
        if any(document.query for document in documents):
            check_types(self.tokenizer, self.encoder.config, self.identity.name, pair=True)


def load_classifier(
    source: str | Path,
    *,
    device: str = "auto",
    dtype: str = "float32",
    labels: Sequence[str] | None = None,
    max_length: int | None = None,
    answering: bool = False,
) -> Classifier:
    """Loads safetensors weights with a classification head; remote code stays off.

    Args:
        source: A hub id or a local folder.
        device: ``auto`` (a GPU where there is one), ``cpu``, ``cuda``, ``cuda:1``, …
        dtype: The arithmetic; weights stored in another type are cast.
        labels: Names for the outputs, in order, instead of the config's.
        max_length: The longest input, in tokens; None takes what positions and tokenizer allow.
        answering: Whether question-answering models, whose outputs are start and end, are accepted.

    Raises:
        ModelError: For a family without an adapter, no classification head, several labels an example, a
            tokenizer that is missing, slow or of another model, or weights that are not safetensors.
    """
    arithmetic = _dtype(dtype)
    name, config = read_config(source)
    with explained(name):
        drops_tokens = isinstance(config, DroppingConfig)
        family = adapter_of(config.backbone_config() if drops_tokens else config, name)
        names = label_names(config, labels, name)
        auto_class = _head(config, name, answering=answering)
    model = _read_model(name, config, auto_class, arithmetic)
    model.eval().requires_grad_(False).to(usable_device(device))
    with explained(name):
        policy = model.system if isinstance(model, DroppingModel) else None
        encoder = family(model if policy is None else model.backbone)
    tokenizer = read_tokenizer(name, model, encoder.config)
    with explained(name):
        longest = longest_input(encoder.config, tokenizer, max_length, name)
    with explained(name):
        eta = own_eta(model)
    identity = ScoredModel(
        name=name,
        revision=getattr(config, "_commit_hash", None),
        hash=whole_hash(model, tokenizer),
        family=config.model_type,
        layers=encoder.layers,
        max_length=longest,
        system=None if policy is None else policy.name,
        eta=eta,
    )
    outputs = ("start", "end") if encoder.is_qa else names
    return Classifier(model, encoder, tokenizer, outputs, longest, identity, policy)


def _head(config: Any, name: str, *, answering: bool) -> Any:
    """The ``Auto`` class that loads the model.

    Raises:
        ModelError: For a question-answering model, unless ``answering``.
    """
    if not any(architecture.endswith("ForQuestionAnswering") for architecture in config.architectures or ()):
        return AutoModelForSequenceClassification
    if not answering:
        raise ModelError(
            "this model answers questions, expected a classifier",
            where=name,
            remedy="Only `rationale evaluate` supports it.",
        )
    return AutoModelForQuestionAnswering


def _read_model(name: str, config: Any, auto_class: Any, arithmetic: torch.dtype) -> Any:
    """The model with its weights, checked; a head of one output may have two names in the config."""
    model, report = read_weights(name, config, auto_class, arithmetic)
    if labels_of_one_logit(report):  # two names for one output: transformers expects two outputs
        config.num_labels = 1
        model, report = read_weights(name, config, auto_class, arithmetic)
    check_weights(report, model, name)
    return model


def _dtype(name: str) -> torch.dtype:
    if name not in _DTYPES:
        raise ModelError(f"no dtype is called {name!r}", remedy=f"Known: {', '.join(_DTYPES)}.")
    return _DTYPES[name]
