"""Toy tokenizers and tiny random models of every kind the library reads; nothing is downloaded."""

import io
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import sentencepiece
import torch
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    DistilBertConfig,
    ElectraConfig,
    ModernBertConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
)
from transformers.utils import sentencepiece_model_pb2_new as sentencepiece_pb

from rationale.loading.classifier import load_classifier

SENTENCES = (
    "the harbour film is a quiet joy to watch , and its ending stays with you .",
    "a dull plot and wooden acting ruin what could have been an unforgettable evening !",
    "nobody believed the projectionist ; the reels were unbelievably scratched .",
    'she called it "charming" - he didn\'t , but they both watched it again in 2019 .',
    "cafe owners near the cinema say the naive heroine reminds them of an old friend .",
    "is the director's second picture better than the first ? hardly , though it is shorter .",
)
BERT_SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
ROBERTA_SPECIALS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]


def _bert_like(tokenizer, **more):
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    named = dict(zip(names, BERT_SPECIALS, strict=True))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **named, **more)


def _roberta_like(tokenizer, **more):
    names = ("bos_token", "pad_token", "eos_token", "unk_token", "mask_token")
    named = dict(zip(names, ROBERTA_SPECIALS, strict=True))
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, cls_token="<s>", sep_token="</s>", **named, **more
    )


def _template(tokenizer, single, pair, *names):
    specials = [(name, tokenizer.token_to_id(name)) for name in names]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=single, pair=pair, special_tokens=specials
    )


def wordpiece():
    """As BERT has it: lower case, punctuation split off, type ids 0 and 1.

    The vocabulary is made and not trained: the library's trainer breaks ties by chance, so that no two runs
    of the tests would see the same pieces.
    """
    words = sorted({word.lower() for word in " ".join(SENTENCES).split()})
    short = {word for word in words if len(word) < 5}
    pieces = {f"{'##' * bool(i)}{word[i : i + 3]}" for word in words for i in range(0, len(word), 3)}
    letters = {f"{mark}{letter}" for letter in "".join(words) for mark in ("", "##")}
    listed = [*BERT_SPECIALS, *sorted(short | pieces | letters)]
    vocabulary = {token: i for i, token in enumerate(listed)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    _template(tokenizer, "[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", "[CLS]", "[SEP]")
    return _bert_like(tokenizer, model_input_names=["input_ids", "token_type_ids", "attention_mask"])


def byte_bpe(*, add_prefix_space, trim_offsets=True):
    """As RoBERTa has it."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=ROBERTA_SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    ends = [(name, tokenizer.token_to_id(name)) for name in ("</s>", "<s>")]
    tokenizer.post_processor = processors.RobertaProcessing(
        *ends, trim_offsets=trim_offsets, add_prefix_space=add_prefix_space
    )
    return _roberta_like(tokenizer)


def byte_bpe_modern():
    """As ModernBERT has it: NFC, no prefix space, [CLS] and [SEP], runs of spaces as added tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=BERT_SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.add_tokens(["   ", "  ", "|||EMAIL|||"])
    _template(tokenizer, "[CLS] $A [SEP]", "[CLS] $A [SEP] $B [SEP]", "[CLS]", "[SEP]")
    return _bert_like(tokenizer)


def unigram():
    """As the newer SentencePiece conversions have it: NFKC and a prefixed ``▁``."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    trainer = trainers.UnigramTrainer(
        vocab_size=150, special_tokens=ROBERTA_SPECIALS, unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    _template(tokenizer, "<s> $A </s>", "<s> $A </s> </s> $B </s>", "<s>", "</s>")
    return _roberta_like(tokenizer)


def sentencepiece_unigram():
    """As XLM-RoBERTa has it: pieces and the compiled character map of a trained SentencePiece model."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 5),
        model_writer=written,
        vocab_size=120,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    trained = sentencepiece_pb.ModelProto.FromString(written.getvalue())
    pieces = [(piece.piece, piece.score) for piece in trained.pieces[3:]]
    vocabulary = [(name, 0.0) for name in ROBERTA_SPECIALS] + pieces
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=ROBERTA_SPECIALS.index("<unk>")))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.Precompiled(trained.normalizer_spec.precompiled_charsmap),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
    )
    _template(tokenizer, "<s> $A </s>", "<s> $A </s> </s> $B </s>", "<s>", "</s>")
    return _roberta_like(tokenizer)


TOKENIZERS = {
    "wordpiece": wordpiece,
    "byte-bpe": lambda: byte_bpe(add_prefix_space=False),
    "byte-bpe-prefix": lambda: byte_bpe(add_prefix_space=True),
    "byte-bpe-untrimmed": lambda: byte_bpe(add_prefix_space=True, trim_offsets=False),
    "byte-bpe-modern": byte_bpe_modern,
    "unigram": unigram,
    "sentencepiece": sentencepiece_unigram,
}


@cache
def toy_tokenizer(name):
    """One toy tokenizer, trained once a test run; tests must leave it as it was."""
    return TOKENIZERS[name]()


_SIZES = {"hidden_size": 24, "num_hidden_layers": 3, "num_attention_heads": 3, "intermediate_size": 40}
MODELS = {
    "bert": ("wordpiece", BertConfig, {**_SIZES, "max_position_embeddings": 64}),
    "roberta": (
        "byte-bpe-prefix",
        RobertaConfig,
        {**_SIZES, "max_position_embeddings": 66, "type_vocab_size": 1, "pad_token_id": 1},
    ),
    "electra": (
        "wordpiece",
        ElectraConfig,
        {**_SIZES, "embedding_size": 16, "max_position_embeddings": 64},
    ),
    "distilbert": (
        "wordpiece",
        DistilBertConfig,
        {"dim": 24, "n_layers": 3, "n_heads": 3, "hidden_dim": 40, "max_position_embeddings": 64},
    ),
    "modernbert-cls": ("byte-bpe-modern", ModernBertConfig, {"classifier_pooling": "cls"}),
    "modernbert-mean": ("byte-bpe-modern", ModernBertConfig, {"classifier_pooling": "mean"}),
}
_MODERN = {
    **_SIZES,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,  # full, local, local, full attention, three neighbours each way
    "local_attention": 6,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "bos_token_id": 2,
    "cls_token_id": 2,
    "eos_token_id": 3,
    "sep_token_id": 3,
}


def save_model(folder, name, *, outputs=2, seed=0, scale=0.3, **settings):
    """Saves a tiny classifier of random weights with its tokenizer; returns the folder.

    Every parameter is random, biases and norms too, so that none can be forgotten unseen, and dropout
    stays at its default, so that it must be switched off.
    """
    tokenizer_name, config_class, sizes = MODELS[name]
    tokenizer = toy_tokenizer(tokenizer_name)
    if config_class is ModernBertConfig:
        sizes = _MODERN | sizes
    labels = {number: label for number, label in enumerate(("NEG", "POS", "MIXED")[:outputs])}
    config = config_class(
        **sizes | {"vocab_size": len(tokenizer), "id2label": labels, "num_labels": outputs} | settings
    )
    model = AutoModelForSequenceClassification.from_config(config)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            drawn = torch.randn(parameter.shape, generator=generator) * scale
            parameter.copy_(1 + drawn if "norm" in key.lower() and key.endswith("weight") else drawn)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


_folders = TemporaryDirectory(prefix="toys-")  # removed when the test run ends


@cache
def toy_folder(name, **settings):
    """The folder of a toy model, saved once a test run; tests must not write to it."""
    called = "-".join([name, *(f"{key}-{value}" for key, value in settings.items())])
    return save_model(Path(_folders.name) / called, name, **settings)


@cache
def toy_classifier(name, *, dtype="float32", max_length=None, **settings):
    """A toy model as the library loads it."""
    return load_classifier(toy_folder(name, **settings), device="cpu", dtype=dtype, max_length=max_length)


@cache
def plain_model(name, *, dtype="float32", attention="eager", **settings):
    """A toy model as transformers loads it: what the library is compared with."""
    model = AutoModelForSequenceClassification.from_pretrained(
        toy_folder(name, **settings), dtype=getattr(torch, dtype), attn_implementation=attention
    )
    return model.eval()


def wordy(length, seed=0):
    """So many words of the toy sentences, in an order of their own."""
    generator = torch.Generator().manual_seed(seed)
    words = " ".join(SENTENCES).split()
    return tuple(words[i] for i in torch.randint(len(words), (length,), generator=generator).tolist())
