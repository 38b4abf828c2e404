"""A classifier and its tokenizer from a hub id or a local folder, checked before anything runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import (
    AutoConfig,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoTokenizer,
)

from rationale.corpus.document import Documents
from rationale.encoder.attention import plain
from rationale.encoder.base import FAMILIES, Attend, Encoder
from rationale.encoder.hub import explained, quiet_transformers
from rationale.errors import DataError, ModelError
from rationale.tokens.alignment import require_fast
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
        encoder: The family's adapter over the Hugging Face model.
        tokenizer: Its fast tokenizer.
        labels: Class names, in the order of the logits; a one-logit model has one.
        max_length: The longest input, special tokens included.
        identity: name, revision, hash, family, layers, max_length: what a recipe records.
    """

    encoder: Encoder
    tokenizer: Any = field(repr=False)
    labels: tuple[str, ...]
    max_length: int
    identity: dict[str, Any]

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.encoder.model.parameters()).device  # type: ignore[no-any-return]

    def logits(self, packed: Packed, attend: Attend = plain) -> Tensor:
        """Logits (B, C).

        Raises:
            ModelError: Where one is not a finite number.
        """
        return finite(self.encoder.forward(packed, attend), self.identity["name"])

    @property
    def regression(self) -> bool:
        """Whether it says a number."""
        return bool(self.encoder.model.config.problem_type == "regression")

    def probabilities(self, logits: Tensor) -> Tensor:
        """float64 (B, C): softmax, the sigmoid of a single logit, or the number of a regression."""
        logits = logits.detach().double()
        if self.regression:
            return logits
        return logits.sigmoid() if logits.shape[-1] == 1 else logits.softmax(dim=-1)

    def check_labels(self, documents: Documents) -> None:
        """Makes sure that the model knows every label of the data.

        Raises:
            DataError: Naming both sets of labels.
        """
        unknown = [label for label in documents.labels if label not in self.labels]
        if unknown and len(self.labels) > 1:
            raise DataError(
                f"label {unknown[0]!r} is unknown to the model, which predicts {', '.join(self.labels)}",
                where=documents.source,
                remedy="Pass --labels to name the model's outputs in order, e.g. --labels "
                + ",".join(documents.labels)
                + ", or use a model trained on these labels.",
            )


def finite(values: Tensor, name: str) -> Tensor:
    """``values`` unchanged.

    Raises:
        ModelError: Where one of them is NaN or infinite.
    """
    if not torch.isfinite(values).all():
        raise ModelError(
            "the model yields NaN or infinite numbers",
            where=name,
            remedy="Its weights are damaged or its training diverged; nothing was written for this part.",
        )
    return values


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
    import_module("rationale.dropping")  # a family whose adapter holds another family's: it cannot be below
    name, arithmetic = _source(source), _dtype(dtype)
    with quiet_transformers(), explained(name):
        config = AutoConfig.from_pretrained(name, trust_remote_code=False)
        family = _family(config, name)
        model, report = _head(config, name, answering=answering).from_pretrained(
            name,
            config=config,
            dtype=arithmetic,
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,  # to be told of them, not to go on
            output_loading_info=True,
        )
        _check_weights(report, model, name)
        model.eval().requires_grad_(False).to(_device(device))
        tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    _check_tokenizer(tokenizer, model, name)
    encoder = family(model)
    longest = _max_length(family.max_length(config), tokenizer, max_length, name)
    identity = {
        "name": name,
        "revision": getattr(config, "_commit_hash", None),
        "hash": _whole_hash(model, tokenizer),
        "family": config.model_type,
        "layers": encoder.layers,
        "max_length": longest,
    }
    with explained(name):
        identity |= encoder.identity
    outputs = ("start", "end") if encoder.answers else _labels(config, labels, name)
    return Classifier(encoder, tokenizer, outputs, longest, identity)


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


def weights_hash(model: torch.nn.Module) -> str:
    """16 hex digits of a SHA-256 over the weights by name: the same wherever they were loaded from."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().float().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _whole_hash(model: Any, tokenizer: Any) -> str:
    """16 hex digits over all that decides the numbers: weights, config and tokenizer."""
    passing = ("dtype", "torch_dtype", "transformers_version")
    config = {k: v for k, v in model.config.to_dict().items() if k[0] != "_" and k not in passing}
    parts = (
        weights_hash(model),
        json.dumps(config, sort_keys=True, default=str),
        tokenizer.backend_tokenizer.to_str(),
    )
    return hashlib.sha256("\x1e".join(parts).encode()).hexdigest()[:16]


def _source(source: str | Path) -> str:
    """The hub id or folder; a file or a path to nothing would be taken for something else."""
    path = Path(source)
    looks_local = isinstance(source, Path) or path.is_absolute() or path.parts[:1] in [(".",), ("..",)]
    if path.is_file() or (looks_local and not path.is_dir()):
        raise ModelError(
            "a model is a folder, and this is " + ("a file" if path.is_file() else "not there"),
            where=source,
            remedy="Pass a hub id, or the folder that holds config.json and model.safetensors.",
        )
    return str(source)


def _dtype(name: str) -> torch.dtype:
    if name not in _DTYPES:
        raise ModelError(f"no arithmetic is called {name!r}", remedy=f"Known: {', '.join(_DTYPES)}.")
    return _DTYPES[name]


def _family(config: Any, name: str) -> type[Encoder]:
    if config.model_type not in FAMILIES:
        raise ModelError(
            f"there is no adapter for the encoder family {config.model_type!r}",
            where=name,
            remedy=f"Known families: {', '.join(FAMILIES)}.",
        )
    if getattr(config, "is_decoder", False):
        raise ModelError("this checkpoint is configured as a decoder", where=name)
    if config.problem_type == "multi_label_classification":
        raise ModelError(
            "this model gives several labels to one text, and a score needs one target",
            where=name,
            remedy="Use a single-label or one-logit model.",
        )
    return FAMILIES.get(config.model_type)


def _check_weights(report: Mapping[str, Any], model: Any, name: str) -> None:
    missing = sorted(report["missing_keys"])
    own = [key for key in missing if key.startswith("system.")]
    if own:
        raise ModelError(
            f"the dropping model lacks weights ({', '.join(own[:3])})",
            where=name,
            remedy="The weights were cut short, or config.json is of another system.",
        )
    foreign = sorted(key for key in report["unexpected_keys"] if key.startswith("system."))
    if foreign:
        raise ModelError(
            f"the weights hold what the system of config.json has no place for ({', '.join(foreign[:3])})",
            where=name,
            remedy="They are another system's: take config.json from where the model was saved.",
        )
    if any(not key.startswith(f"{model.base_model_prefix}.") for key in missing):
        raise ModelError(
            f"the checkpoint has no classification head (missing {', '.join(missing[:3])})",
            where=name,
            remedy=f"Fine-tune it first: rationale train classifier --model {name} --data DIR --out DIR.",
        )
    if missing:
        raise ModelError(f"the checkpoint lacks weights ({', '.join(missing[:3])})", where=name)
    for key, stored, expected in sorted(report["mismatched_keys"]):
        raise ModelError(
            f"{key} is stored with shape {tuple(stored)}, and config.json asks for {tuple(expected)}",
            where=name,
            remedy="The number of labels or the sizes in config.json do not belong to these weights.",
        )


def _check_tokenizer(tokenizer: Any, model: Any, name: str) -> None:
    require_fast(tokenizer)
    rows = model.get_input_embeddings().num_embeddings
    if set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
        raise ModelError(
            "there is no tokenizer beside the model: transformers made one without a vocabulary",
            where=name,
            remedy="Save the tokenizer the model was trained with (tokenizer.json) into the folder.",
        )
    if max(tokenizer.get_vocab().values()) >= rows:
        raise ModelError(
            f"the tokenizer knows {len(tokenizer)} tokens, and the model has embeddings for {rows}",
            where=name,
            remedy="Save the tokenizer the model was trained with into the folder.",
        )


def _labels(config: Any, labels: Sequence[str] | None, name: str) -> tuple[str, ...]:
    names = [str(config.id2label[i]) for i in range(config.num_labels)] if labels is None else labels
    if len(names) != config.num_labels or len(set(names)) != len(names):
        raise ModelError(
            f"{len(names)} label names ({', '.join(names)}) for a model with {config.num_labels} outputs",
            where=name,
            remedy="Name each output once, in the order of the logits.",
        )
    return tuple(names)


def _device(device: str) -> torch.device:
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        torch.empty(0, device=device).cpu()
        return torch.device(device)
    except (RuntimeError, AssertionError) as error:
        raise ModelError(
            f"device {device!r} cannot be used", remedy="Pass --device cpu, or one that is there."
        ) from error


def _max_length(positions: int, tokenizer: Any, asked: int | None, name: str) -> int:
    if asked is not None and not 8 <= asked <= positions:
        raise ModelError(
            f"a maximum length of {asked} does not fit",
            where=name,
            remedy=f"Its positions allow 8 to {positions} tokens.",
        )
    return asked or min(positions, int(min(tokenizer.model_max_length, positions)))
