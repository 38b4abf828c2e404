"""A toy checkpoint and documents with a planted rule: trains in a second, downloads nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, BertModel, PreTrainedTokenizerFast

from rationale.corpus import Document, Documents, Span

NEUTRAL = tuple(f"plain{i}" for i in range(20))
VOCABULARY = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad", "cursed", "yes", "no", "##er", *NEUTRAL)


def toy_tokenizer(max_length: int = 32, vocabulary: Sequence[str] = VOCABULARY) -> PreTrainedTokenizerFast:
    ids = {word: i for i, word in enumerate(vocabulary)}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", ids["[CLS]"]), ("[SEP]", ids["[SEP]"])],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="[UNK]",
        pad_token="[PAD]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=max_length,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def toy_config(**settings: object) -> BertConfig:
    return BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=32,
        num_attention_heads=2,
        intermediate_size=48,
        max_position_embeddings=32,
        **{"num_hidden_layers": 2, **settings},
    )


def save_encoder(folder: Path, *, cursed: bool = False, layers: int = 2) -> Path:
    """An encoder without a head; ``cursed`` makes the embedding of that word NaN."""
    torch.manual_seed(3)
    model = BertModel(toy_config(num_hidden_layers=layers))
    if cursed:
        model.embeddings.word_embeddings.weight.data[VOCABULARY.index("cursed")] = float("nan")
    model.save_pretrained(folder)
    toy_tokenizer().save_pretrained(folder)
    return folder


def save_classifier(folder: Path, labels: tuple[str, ...] | int) -> Path:
    """A classifier with a head of these labels, or of so many unnamed ones."""
    torch.manual_seed(4)
    named = {} if isinstance(labels, int) else {"id2label": dict(enumerate(labels))}
    count = labels if isinstance(labels, int) else len(labels)
    config = toy_config(num_labels=count)
    if named:
        config = toy_config(**named, label2id={name: i for i, name in enumerate(labels)})
    BertForSequenceClassification(config).save_pretrained(folder)
    toy_tokenizer().save_pretrained(folder)
    return folder


def planted(count: int = 96, *, seed: int = 0, split: str | None = "train") -> Documents:
    """Documents that are POS where the word ``good`` occurs and NEG where ``bad`` does."""
    draw = random.Random(seed)
    items = []
    for number in range(count):
        words = [draw.choice(NEUTRAL) for _ in range(draw.randint(3, 14))]
        place = draw.randrange(len(words))
        words[place] = "bad" if number % 2 else "good"
        items.append(
            Document(
                f"d{seed}-{number}",
                f"d{seed}-{number}",
                tuple(words),
                label="NEG" if number % 2 else "POS",
                spans=(Span(place, place + 1),),
            )
        )
    return Documents(items, source="planted", split=split)


def asked(count: int = 96, *, query_first: bool = True) -> Documents:
    """Pairs: True where the query is ``yes`` and the document holds ``good``; neither alone tells."""
    items = []
    for number, document in enumerate(planted(count, seed=5)):
        yes = bool(number // 2 % 2)
        items.append(
            Document(
                document.id,
                document.docid,
                document.words,
                label=str(yes and document.label == "POS"),
                query=("yes" if yes else "no",),
                query_first=query_first,
            )
        )
    return Documents(items, source="asked", split="train")
