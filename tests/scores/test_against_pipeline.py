"""Probabilities of ``score`` are those of a plain transformers pipeline: any tokenizer, family and head."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken
from transformers import pipeline

import rationale
from rationale.corpus.document import Document, Documents
from rationale.loading.classifier import load_classifier
from rationale.scores import ScoreOptions
from tests.lanes import first_fast
from tests.tokens.text import PLAIN
from tests.toys import MODELS, save_model, toy_folder, toy_tokenizer

MARKERS = ("<user>", "<e1>", "</e1>", "[ENT1]")
TEXTS = (
    ("a quiet , unforgettable evening !", ""),
    ("<user> says <e1> as pirin </e1> caused the rash", ""),
    ("<e1>reels</e1> were [ENT1][ENT1] scratched", "who watched <e1> it </e1> again ?"),
    ("is the second picture better", "hardly , though it is shorter ."),
)
_folders = TemporaryDirectory(prefix="marked-")
QUICK = ScoreOptions(methods=("random",))


@cache
def marked_folder(name, outputs, tokenizer_name=None):
    """A toy classifier whose tokenizer was given markers, as for relation extraction or tweets."""
    tokenizer = deepcopy(toy_tokenizer(tokenizer_name or MODELS[name][0]))
    before = len(tokenizer)
    tokenizer.add_special_tokens(
        {"additional_special_tokens": [*MARKERS[:2], AddedToken(MARKERS[2], lstrip=True, special=True)]}
    )
    tokenizer.add_tokens([MARKERS[3]])
    assert len(tokenizer) == before + len(MARKERS)
    folder = Path(_folders.name) / f"{name}-{outputs}-{tokenizer_name}"
    save_model(folder, name, outputs=outputs, vocab_size=len(tokenizer))
    tokenizer.save_pretrained(folder)
    return folder


@cache
def both(folder):
    """The same folder as this library and as transformers loads it."""
    plain = pipeline(
        "text-classification", model=str(folder), tokenizer=str(folder), device="cpu", top_k=None
    )
    return load_classifier(folder, device="cpu"), plain


def compare(folder, text, query=""):
    model, plain = both(folder)
    document = Document("a", "a", tuple(text.split()), query=tuple(query.split()), query_first=False)
    (scored,) = rationale.score(model, Documents([document]), QUICK, progress=False)
    inputs = {"text": text, "text_pair": query} if query else {"text": text}
    expected = {one["label"]: one["score"] for one in plain(inputs)}
    found = dict(zip(model.labels, scored.probabilities, strict=True))
    for label, probability in expected.items():
        assert found[label] == pytest.approx(probability, abs=1e-5)
    assert scored.predicted == max(found, key=found.get)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("outputs", [1, 2, 3])
@pytest.mark.parametrize("name", first_fast(MODELS))
def test_every_family_and_head(name, outputs):
    folders = (toy_folder(name, outputs=outputs), marked_folder(name, outputs))
    for folder in folders:
        for text, query in TEXTS:
            compare(folder, text, query)


@pytest.mark.parametrize("tokenizer", ["byte-bpe", "byte-bpe-modern", "unigram", "sentencepiece"])
def test_every_tokenizer(tokenizer):
    for text, query in TEXTS:
        compare(marked_folder("bert", 2, tokenizer), text, query)


words = st.one_of(
    st.sampled_from(PLAIN),
    st.sampled_from(MARKERS),
    st.tuples(st.sampled_from(MARKERS), st.sampled_from(PLAIN)).map("".join),
    st.text(
        st.characters(categories=["L", "N", "P", "S"], exclude_characters="[]<>"), min_size=1, max_size=4
    ),
)


@pytest.mark.parametrize("name", first_fast(MODELS))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=st.lists(words, min_size=1, max_size=6), query=st.lists(words, max_size=3))
def test_any_text(name, text, query):
    compare(marked_folder(name, 2), " ".join(text), " ".join(query))


def test_a_regression_stays_a_number():
    folder = toy_folder("bert", outputs=1, problem_type="regression")
    model, plain = both(folder)
    text = TEXTS[0][0]
    (scored,) = rationale.explain(model, text, options=QUICK)
    assert scored.probabilities == pytest.approx((plain({"text": text})[0]["score"],), abs=1e-5)
    assert model.labels == ("NEG",)


def test_both_probabilities_of_one_logit_sum_to_one_and_its_classes_are_named():
    for folder in (toy_folder("bert", outputs=1), marked_folder("electra", 1)):
        for text, query in TEXTS:
            found = compare(folder, text, query)
            assert list(found) == ["not NEG", "NEG"]
            assert np.isclose(sum(found.values()), 1)
