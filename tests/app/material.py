"""A small run for the app: invented reviews on disk, a tiny random model, scores made by the library itself.

Run as a script it writes the material to a folder, to look at the app by hand.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from rationale.corpus import Document, Span, load_documents, write_eraser
from rationale.files import atomic_json
from rationale.scores import Faithfulness, ScoreOptions, score
from rationale.study.topk.conditions import Condition
from rationale.study.topk.study import StudyOptions, study_topk
from rationale.training.options import TrainingOptions

LAYERS = 4
METHODS = ("input_x_gradient", "input_x_gradient.sum", "attention.all", "rollout.cls", "random")
PLOT = (
    "the heist is staged with real patience , and for half an hour nobody speaks .",
    "a courier crosses the harbour at night while her brother counts the boats from the roof .",
    "in the second act the family moves inland , and the camera follows them through fields and stations .",
    "an old friend returns with a map that may be false , and nobody asks where he slept .",
)
OPINION = {
    "NEG": ("the script forgets what it was doing", "the ending is tedious , muddled and far too long"),
    "POS": ("every scene earns its place", "the acting is superb and the ending quietly devastating"),
}
HOSTILE = (
    "<script>window.hacked=1</script>",
    '<img/src=x/onerror="window.hacked=1">',
    "x" * 10_000,
    "سلام",
    "שלום",
    "👩‍👩‍👧‍👦",
    "\u202eevil\u202c",
    "e\u0301\u0323",
    "{{7*7}}",
    "**bold**",
    "$x$",
    ":red[z]",
    "&lt;b&gt;",
)
"""Words that must stay text on every page."""


def comparison() -> dict[str, Any]:
    """What a comparison of three systems could say; the numbers are made up."""
    records = [_cell("plain", 0.0, 0.9, 1.0)]
    records += [_cell("ltp", 0.1, 0.89, 2.0), _cell("ltp", 0.3, 0.86, 3.1), _cell("random", 0.5, 0.7, 2.0)]
    recipe = {"model": "toy", "reported": {"source": "reviews", "split": "test"}, "common": {"epochs": 3}}
    return {"records": records, "recipe": recipe}


def _cell(system: str, value: float, accuracy: float, speedup: float) -> dict[str, Any]:
    left, gap = 1 / speedup, accuracy - 0.9
    cell = {"cell": f"{system}-{value}-seed0", "system": system, "title": system.upper(), "seed": 0}
    cell |= {"setting": {"lambda_": value}, "steps": 100, "seconds": 12.0, "n": 200, "flops_speedup": speedup}
    cell |= {"metric": "accuracy", "value": accuracy, "low": accuracy - 0.05, "high": accuracy + 0.05}
    cell |= {"metrics": {"accuracy": accuracy}, "dev": {"value": accuracy, "speedup": speedup}}
    cell |= {
        "tokens_kept": [1.0, (1 + left) / 2, left],
        "measured_speedup": {},
        "rationale": None,
        "uninformed": None,
    }
    if system != "plain":
        ratio = {"median": 0.8 * speedup, "min": 0.7 * speedup, "max": 0.9 * speedup}
        cell |= {"difference": gap, "difference_low": gap - 0.1, "difference_high": gap + 0.1}
        cell["dev"] |= {"difference": gap}
        beaten = {"cell": "random-0.5-seed0", "difference": accuracy - 0.7, "low": 0.1, "high": 0.3}
        cell |= {"uninformed": None if system == "random" else beaten}
        cell |= {"measured_speedup": {"1": ratio, "32": ratio}}
        cell |= {"rationale": {name: [0.9, left] for name in ("ap", "precision", "recall", "fpr")}}
    return cell


def reviews(count: int = 12) -> list[Document]:
    """Reviews of plot and opinion; the opinion is the rationale."""
    made = []
    for number in range(count):
        label = ("NEG", "POS")[number % 2]
        words: list[str] = []
        spans = []
        for part in range(1 + number % 3):
            words += PLOT[(number + part) % len(PLOT)].split()
            opinion = OPINION[label][(number + part) % 2].split()
            spans.append(Span(len(words), len(words) + len(opinion)))
            words += [*opinion, "."]
        made.append(
            Document(
                f"review-{number:02d}", f"review-{number:02d}", tuple(words), label=label, spans=tuple(spans)
            )
        )
    return made


def hostile() -> Document:
    """One review made of the words a page could trip over."""
    words = ("the", *HOSTILE, "ending", "is", "tedious", ".")
    return Document(
        "hostile <b>", "hostile", words, label="NEG", spans=(Span(1, 3), Span(len(words) - 4, len(words) - 1))
    )


def long_review() -> Document:
    """A review of 9,000 words: three parts on the page, several windows for the model."""
    words = tuple((" ".join(PLOT) + " ").split() * 150)[:9000]
    return Document("long", "long", words, label="POS", spans=(Span(8990, 8995),))


def tiny_model(
    folder: Path, *, labels=("NEG", "POS"), layers: int = LAYERS, width: int = 32, length: int = 128
) -> Path:
    """A BERT with random weights and a WordPiece tokenizer over the reviews' words and all their letters."""
    words = sorted({w.lower() for text in (*PLOT, *sum(OPINION.values(), ())) for w in text.split()})
    letters = sorted({c for text in (*words, *map(str, range(10)), "<>=\"'/&;*$:[]{}") for c in text})
    long_ = [w for w in words if len(w) > 7]
    pieces = [f"##{c}" for c in letters] + sorted({f"##{w[4:]}" for w in long_})
    known = [w for w in words if w not in long_] + sorted({w[:4] for w in long_})
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    vocabulary = {t: i for i, t in enumerate(dict.fromkeys([*specials, *letters, *known, *pieces]))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=200))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])],
    )  # fmt: skip
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]", cls_token="[CLS]",
        sep_token="[SEP]", mask_token="[MASK]", model_max_length=length,
    ).save_pretrained(folder)  # fmt: skip
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=width, num_hidden_layers=layers, num_attention_heads=4,
        intermediate_size=2 * width, max_position_embeddings=length, initializer_range=0.2,
        id2label=dict(enumerate(labels)), label2id={name: i for i, name in enumerate(labels)},
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


def make(folder: Path) -> Path:
    """``data/`` (ERASER layout), ``model/``, ``scores/`` and ``compared/`` under ``folder``."""
    write_eraser({"val": reviews(), "hard": [hostile(), long_review(), *reviews(2)]}, folder / "data")
    model = tiny_model(folder / "model")
    for split, methods in (
        ("val", METHODS),
        ("hard", ("input_x_gradient", "input_x_gradient.sum", "random")),
    ):
        faithfulness = Faithfulness(0.2) if split == "val" else None
        score(
            model,
            load_documents(folder / "data", split),
            ScoreOptions(methods=methods, faithfulness=faithfulness, part_size=4),
            out=folder / "scores" / split,
            device="cpu",
            progress=False,
        )
    (folder / "compared").mkdir()
    atomic_json(folder / "compared" / "comparison.json", comparison(), overwrite=True)
    return folder


def make_study(folder: Path) -> Path:
    """``study/`` beside what :func:`make` left in ``folder``; this trains."""
    documents = load_documents(folder / "data", "val")
    training = TrainingOptions(epochs=1, batch_size=4, device="cpu")
    options = StudyOptions(
        [Condition.parse(condition) for condition in ("human", "not-lead")], training=training
    )
    study_topk(folder / "model", documents, None, documents, folder / "study", options)
    return folder / "study"


if __name__ == "__main__":
    make_study(make(Path(sys.argv[1])))
