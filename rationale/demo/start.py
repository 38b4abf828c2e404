"""The start of the demo's training: a small untrained model, and a tokenizer built from the sample."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import ModernBertConfig, ModernBertForSequenceClassification, PreTrainedTokenizerFast

from rationale.corpus import Documents
from rationale.files import atomic_path
from rationale.loading.hub import quiet_transformers

MAX_LENGTH = 192
WHOLE = 4  # a word that occurs at least this often is one token
SHAPE: dict[str, Any] = {
    "hidden_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 128,
    "max_position_embeddings": 256,
    "local_attention": 8,
    "global_attn_every_n_layers": 3,
    "classifier_pooling": "mean",
    "embedding_dropout": 0.1,
    "mlp_dropout": 0.1,
    "classifier_dropout": 0.1,
    "attention_dropout": 0.0,
    "initializer_range": 0.05,
}
_SPECIAL = {
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


def make_start(folder: Path, train: Documents) -> None:
    """Writes the untrained model and a WordPiece tokenizer built from ``train``."""
    tokenizer = _tokenizer(train)
    ids: dict[str, Any] = {f"{name}_id": tokenizer.convert_tokens_to_ids(t) for name, t in _SPECIAL.items()}
    settings: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "pad_token_id": ids["pad_token_id"],
        "cls_token_id": ids["cls_token_id"],
        "sep_token_id": ids["sep_token_id"],
        "bos_token_id": ids["cls_token_id"],
        "eos_token_id": ids["sep_token_id"],
        "id2label": dict(enumerate(train.labels)),
        "label2id": {label: i for i, label in enumerate(train.labels)},
    }
    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = ModernBertConfig(**SHAPE, **settings)
        model = ModernBertForSequenceClassification(config)
    with quiet_transformers(), atomic_path(folder, overwrite=True) as temporary:
        model.save_pretrained(temporary)
        tokenizer.save_pretrained(temporary)


def _tokenizer(train: Documents) -> PreTrainedTokenizerFast:
    backend = Tokenizer(models.WordPiece(_vocabulary(train), unk_token=_SPECIAL["unk_token"]))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    pair = [("[CLS]", backend.token_to_id("[CLS]")), ("[SEP]", backend.token_to_id("[SEP]"))]
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=pair
    )
    return PreTrainedTokenizerFast(tokenizer_object=backend, model_max_length=MAX_LENGTH, **_SPECIAL)


def _vocabulary(train: Documents) -> dict[str, int]:
    """Frequent words whole, the others in pieces of three letters, and every letter alone.

    The library's trainer breaks ties at random; here every machine gets the same ids.
    """
    pre_tokenize = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    counts = Counter(w.lower() for document in train for w, _ in pre_tokenize(" ".join(document.words)))
    frequent = {word for word, count in counts.items() if count >= WHOLE}
    rare = counts.keys() - frequent
    pieces = {f"{'##' * bool(i)}{word[i : i + 3]}" for word in rare for i in range(0, len(word), 3)}
    letters = {f"{prefix}{letter}" for word in counts for letter in word for prefix in ("", "##")}
    return {token: i for i, token in enumerate([*_SPECIAL.values(), *sorted(frequent | pieces | letters)])}
