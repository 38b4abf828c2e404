"""A classifier and its tokenizer from a hub id or a local folder, checked before anything runs."""

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
from rationale.loading.labels import is_regression, label_names, labels_of_one_logit, naming
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
    """A model ready to be read: dropout off, parameters frozen.

    Attributes:
        model: The Hugging Face model; the backbone and its policy, where it drops tokens.
        encoder: The family's adapter over the model, or over the backbone of one that drops tokens.
        tokenizer: Its fast tokenizer.
        labels: Class names, in the order of the logits; of one logit the class where it is low, then the
            one where it is high; one name where the model says a number.
        max_length: The longest input, special tokens included.
        identity: What the provenance of a result says of it.
        policy: Who is dropped where; None for a plain model, which keeps all.
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
        """Where the parameters are."""
        return next(self.model.parameters()).device  # type: ignore[no-any-return]

    def required_policy(self) -> System:
        """Its policy.

        Raises:
            ModelError: Where it drops no tokens.
        """
        if self.policy is None:
            raise ModelError(
                "this model drops no tokens",
                where=self.identity.name,
                remedy="Pass the folder that `rationale train adapler`, or another system, wrote.",
            )
        return self.policy

    def hard(self, packed: Packed) -> Run:
        """What the model does: rows that are dropped are really gone; of a plain model, all of it."""
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
        """The same decisions with all rows still there, as gradients and readers of attention need them.

        Args:
            packed: The batch.
            attend: The attention to run, which respects a bias.
            hidden: What enters layer 0, (N, d); None embeds the batch.
            states: Is given what enters each layer, L tensors (N, d).
        """
        if self.policy is None:
            return run_full(self.encoder, packed, attend, hidden, states)
        return mask(self.encoder, self.policy, packed, attend, hidden, states)

    def forward_from(self, layer: int, hidden: Tensor, packed: Packed) -> Tensor:
        """Logits from what enters ``layer``, (N, d), all rows still there.

        Raises:
            ModelError: For a later layer of a dropping model: what was dropped before it is not known.
        """
        if self.policy is None:
            return self.encoder.forward_from(layer, hidden, packed, plain_attention)
        if layer > 0:
            raise ModelError(
                f"layer {layer} of a dropping model cannot run alone: who is left was decided before",
                remedy="Ask for layer 0, or for a one-pass method.",
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
        """Whether it says a number."""
        return is_regression(self.model.config)

    @property
    def one_logit(self) -> bool:
        """Whether a single logit tells two classes apart."""
        return not self.regression and int(self.model.config.num_labels) == 1

    def per_class(self, logits: Tensor) -> Tensor:
        """Logits (B, C), one a class: a single logit z is the log-odds of its class, -z that of the other."""
        if self.one_logit and logits.shape[-1] == 1:
            return torch.cat([-logits, logits], dim=-1)
        return logits

    def probabilities(self, logits: Tensor) -> Tensor:
        """float64 (B, C): softmax, both sides of a single logit's sigmoid, or the number of a regression."""
        logits = self.per_class(logits.detach().double())
        if self.regression:
            return logits
        return logits.sigmoid() if self.one_logit else logits.softmax(dim=-1)

    def check_labels(self, documents: Documents) -> None:
        """Makes sure that the model knows every label of the data.

        Raises:
            DataError: Naming both sets of labels.
        """
        unknown = [label for label in documents.labels if label not in self.labels]
        if unknown and not self.regression:
            raise DataError(
                f"label {unknown[0]!r} is unknown to the model, which predicts {', '.join(self.labels)}",
                where=documents.source,
                remedy=f"Name the model's outputs in their order, as its documentation gives it: "
                f"{naming(self.labels, one_logit=self.one_logit)}. Or use a model trained on these labels.",
            )

    def check_queries(self, documents: Documents) -> None:
        """Makes sure that the model can read two texts where documents bring a query.

        Raises:
            ModelError: Where the tokenizer gives the second text a type the model has no embedding for.
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
        max_length: The longest input; default what positions and tokenizer allow.
        answering: Whether it may be a model that answers questions, whose outputs are start and end.

    Raises:
        ModelError: For a family without an adapter, no classification head, several labels an example,
            a tokenizer that is missing, slow or another model's, or weights that are not safetensors.
    """
    arithmetic = _dtype(dtype)
    name, config = read_config(source)
    with explained(name):
        dropping = isinstance(config, DroppingConfig)
        family = adapter_of(config.backbone_config() if dropping else config, name)
        names = label_names(config, labels, name)
        head = _head(config, name, answering=answering)
    model, report = read_weights(name, config, head, arithmetic)
    if labels_of_one_logit(report):  # two names for one output: transformers expects two outputs
        config.num_labels = 1
        model, report = read_weights(name, config, head, arithmetic)
    check_weights(report, model, name)
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
    """The class to load with.

    Raises:
        ModelError: For a model that answers questions, where none is wanted.
    """
    if not any(one.endswith("ForQuestionAnswering") for one in config.architectures or ()):
        return AutoModelForSequenceClassification
    if not answering:
        raise ModelError(
            "this model answers questions, and a classifier is wanted",
            where=name,
            remedy="`rationale evaluate` takes it; scores are of classifiers.",
        )
    return AutoModelForQuestionAnswering


def _dtype(name: str) -> torch.dtype:
    if name not in _DTYPES:
        raise ModelError(f"no arithmetic is called {name!r}", remedy=f"Known: {', '.join(_DTYPES)}.")
    return _DTYPES[name]
