"""Generated questions in SQuAD's layout: who is where, and some that the paragraph does not say."""

from __future__ import annotations

import json
import random
from pathlib import Path

from transformers import BertConfig, BertModel

from tests.training.toy_training import toy_tokenizer

NAMES = ("anna", "bert", "carl", "dora", "emil", "fay")
PLACES = ("paris", "rome", "new york", "oslo", "berlin", "las vegas")
FILLER = tuple(f"plain{i}" for i in range(12))
_WORDS = {word for place in PLACES for word in place.split()}
VOCABULARY = (
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "where", "is", "in", ".", ",", "?", *NAMES, *sorted(_WORDS), *FILLER,
)  # fmt: skip


def squad(count: int, *, seed: int = 0, filler: int = 4, unanswerable: float = 0.25) -> dict[str, object]:
    """The content of a file: ``count`` paragraphs with a question each."""
    drawn, paragraphs = random.Random(seed), []
    for number in range(count):
        person, place = drawn.choice(NAMES), drawn.choice(PLACES)
        before, after = ([drawn.choice(FILLER) for _ in range(drawn.randint(0, filler))] for _ in "ab")
        impossible = drawn.random() < unanswerable
        text = " ".join([*before, person, "is", *([] if impossible else ["in "])])
        answers = [] if impossible else [{"text": place, "answer_start": len(text)}]
        text += " ".join(["" if impossible else place, *after]) + "."
        question = {"id": f"q{number}", "question": f"Where is {person}?", "answers": answers}
        paragraphs.append({"context": text, "qas": [{**question, "is_impossible": impossible}]})
    return {"version": "v2.0", "data": [{"title": "whereabouts", "paragraphs": paragraphs}]}


def save_squad(folder: Path, **splits: dict[str, object]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in splits.items():
        (folder / f"{name}-v2.0.json").write_text(json.dumps(content))
    return folder


def save_reader(folder: Path, *, layers: int = 4, max_length: int = 48) -> Path:
    """An encoder without a head, and its tokenizer."""
    import torch

    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=64, num_attention_heads=4, intermediate_size=96,
        max_position_embeddings=max_length, num_hidden_layers=layers, hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder)
    toy_tokenizer(max_length, VOCABULARY).save_pretrained(folder)
    return folder
