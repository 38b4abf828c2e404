"""Answering questions in SQuAD's layout: reading, spans, every system, and dropped tokens restored."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from transformers import AutoModelForQuestionAnswering, AutoTokenizer
from typer.testing import CliRunner

import rationale.dropping.model  # noqa: F401  (tells transformers the architecture)
from rationale.cli import app
from rationale.corpus import Document, Documents, Span, list_splits, load_documents
from rationale.dropping import run
from rationale.dropping.model import wrap
from rationale.errors import DataError, ModelError, RationaleError
from rationale.evaluation.evaluate import Timing, evaluate
from rationale.loading.classifier import load_classifier
from rationale.metrics.question_answering import exact_match, f1, normalised
from rationale.study.compare import compare_systems
from rationale.study.grid import Setting
from rationale.tokens import Window, pack
from rationale.training import TrainingOptions, train_dropping
from rationale.training.answering import QuestionWindows, answers, ask, references
from rationale.training.prepare import prepare
from rationale.training.recipes import RECIPES
from rationale.training.task import losses, soft_targets
from tests.systems import TOYS, having, options
from tests.training.toy_questions import PLACES, VOCABULARY, save_reader, save_squad, squad

COMMON = {"batch_size": 16, "learning_rate": 3e-3, "device": "cpu", "metric": "f1"}
BRIEF = {**COMMON, "epochs": 1, "fine_tune_epochs": 4, "fine_tune_rate": 3e-3}
LTP = options("ltp", "answering", **COMMON, epochs=2, fine_tune_epochs=4)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return save_squad(
        tmp_path_factory.mktemp("squad") / "data",
        train=squad(200),
        dev=squad(40, seed=1),
        test=squad(60, seed=2),
    )


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_reader(tmp_path_factory.mktemp("reader") / "encoder")


@pytest.fixture(scope="module")
def trained(trains, data, encoder, tmp_path_factory):
    out = tmp_path_factory.mktemp("ltp") / "ltp"
    return train_dropping(
        "ltp", encoder, load_documents(data, "train"), load_documents(data, "dev"), out, LTP
    )


# reading


def test_a_question_is_a_document_whose_rationale_is_its_answers(tmp_path):
    context = "In 1945 the U.S. Army, based in New York, left."
    texts = ("New York", "in New York", "1945")
    answers = [{"text": text, "answer_start": context.index(text)} for text in texts]
    question = {"id": "a", "question": "Where was it based?", "answers": answers, "is_impossible": False}
    other = {"id": "b", "question": "Who won?", "answers": [], "is_impossible": True}
    content = {"data": [{"title": "Army", "paragraphs": [{"context": context, "qas": [question, other]}]}]}
    (tmp_path / "dev-v2.0.json").write_text(json.dumps(content))
    assert list_splits(tmp_path) == ["dev"]
    one, none = load_documents(tmp_path / "dev-v2.0.json")
    assert one.words[-5:] == ("New", "York", ",", "left", ".")
    assert references(one) == ["New York", "in New York", "1945"]
    assert one.query == ("Where", "was", "it", "based", "?")
    assert (one.label, none.label) == ("answerable", "unanswerable")
    assert references(none) == []


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ({"text": "Rome", "answer_start": 0}, "the answer 'Rome' is not at character 0 of the context"),
        ({"text": "Paris", "answer_start": -5}, "is not at character -5"),
        ({"text": "Paris"}, "the field 'answer_start' is missing"),
        ({"text": " ", "answer_start": 5}, "is not at character 5"),
    ],
)
def test_an_answer_that_is_not_there_is_named(tmp_path, answer, message):
    qas = [{"id": "q7", "question": "Where?", "answers": [answer]}]
    content = {"data": [{"title": "t", "paragraphs": [{"context": "Paris is big", "qas": qas}]}]}
    (tmp_path / "train.json").write_text(json.dumps(content))
    with pytest.raises(DataError, match=message) as raised:
        load_documents(tmp_path / "train.json")
    assert "(id 'q7')" in str(raised.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"data": [{"paragraphs": [{"qas": []', "not JSON"),
        ('{"data": [{"paragraphs": [{"qas": [{"id": 1}]}]}]}', "the field 'context' is missing"),
        ('{"data": {"paragraphs": 3}}', "'data' must be a list, got dict"),
        ('{"data": [{"paragraphs": [7]}]}', "not in SQuAD's layout"),
    ],
)
def test_a_file_of_another_layout_is_named(tmp_path, content, message):
    (tmp_path / "train.json").write_text(content)
    with pytest.raises(DataError, match=message):
        load_documents(tmp_path / "train.json")


def test_one_split_in_two_versions_is_refused(tmp_path):
    for version in ("v1.1", "v2.0"):
        (tmp_path / f"train-{version}.json").write_text(json.dumps(squad(3)))
    with pytest.raises(DataError, match=r"'train' has two files, train-v1.1.json and train-v2.0.json"):
        list_splits(tmp_path)


def test_smoothing_over_tokens_is_refused():
    with pytest.raises(RationaleError, match="label-smoothing"):
        TrainingOptions(metric="f1", label_smoothing=0.1)


def test_a_table_is_still_a_table(tmp_path):
    (tmp_path / "train.json").write_text('[{"id": "1", "text": "a b", "label": "x"}]')
    assert load_documents(tmp_path / "train.json")[0].label == "x"


# figures and spans


@pytest.mark.parametrize(
    ("gold", "said", "figures"),
    [
        (["Denver Broncos"], "the Denver Broncos!", (1.0, 1.0)),
        (["Denver Broncos", "The Broncos"], "Broncos", (1.0, 1.0)),
        (["in the city of Paris"], "Paris", (0.0, 0.4)),
        ([], "", (1.0, 1.0)),
        ([], "Paris", (0.0, 0.0)),
        (["Paris"], "", (0.0, 0.0)),
        (["a b b"], "b b b", (0.0, 0.8)),
    ],
)
def test_figures_are_those_of_squads_script(gold, said, figures):
    assert (exact_match(gold, said), f1(gold, said)) == pytest.approx(figures)


def test_articles_and_signs_are_nothing():
    assert normalised("An  apple; the pear -- a fig.") == "apple pear fig"


def _window(words):
    return Window(
        ids=np.arange(len(words), dtype=np.int32), types=np.zeros(len(words), np.int32),
        word=np.array(words, np.int32), weight=1.0,
    )  # fmt: skip


def test_the_best_span_of_all_windows_counts_against_the_least_chance_of_none():
    document = Document("1", "1", ("a", "b", "c", "d", "e"), query=("q",))
    windows = [_window([-1, -1, 0, 1, 2]), _window([-1, -1, 2, 3, 4])]
    rows = QuestionWindows(windows, [(0, 0)] * 2, [0, 0], Documents([document]), typed=False)
    early, late = np.zeros((5, 2)), np.zeros((5, 2))
    early[3, 0], early[2, 1], early[4, 1] = 5, 5.5, 1  # the end before the beginning does not count
    late[3, 0], late[4, 1] = 3, 4
    assert answers(rows, [early, late]) == ["d e"]
    late[0] = 4
    assert answers(rows, [early, late]) == ["d e"]  # one window that sees none is no proof
    early[0] = 4
    assert answers(rows, [early, late]) == [""]


def test_the_best_span_is_what_trying_all_pairs_finds():
    drawn = np.random.default_rng(0)
    document = Document("1", "1", tuple(f"w{i}" for i in range(40)), query=("q",))
    window = _window([-1, -1, *range(40), -1])
    for _ in range(20):
        scores = drawn.normal(size=(43, 2))
        scores[0] = -99
        pairs = [(scores[i, 0] + scores[j, 1], i, j) for i in range(2, 42) for j in range(i, min(i + 30, 42))]
        _, first, last = max(pairs)
        rows = QuestionWindows([window], [(0, 0)], [0], Documents([document]), typed=False)
        assert answers(rows, [scores]) == [" ".join(document.words[first - 2 : last - 1])]


def test_windows_overlap_and_know_where_the_answer_is(encoder):
    tokenizer = AutoTokenizer.from_pretrained(encoder)
    words = tuple(["plain1"] * 50 + ["paris"] + ["plain2"] * 9)
    document = Document("1", "1", words, query=("where", "?"), spans=(Span(50, 51),))
    rows = ask(tokenizer, Documents([document]), 24)
    seen = [set(window.word[window.word >= 0].tolist()) for window in rows.windows]
    assert set.union(*seen) == set(range(60))
    assert all(len(one & other) >= 6 for one, other in pairwise(seen))
    for window, (first, last) in zip(rows.windows, rows.labels, strict=True):
        inside = 50 in window.word
        assert (first > 0) == inside
        if inside:
            assert first == last
            assert window.word[first] == 50


def test_the_loss_is_that_of_transformers(encoder):
    model = AutoModelForQuestionAnswering.from_pretrained(encoder).eval()
    ids = torch.randint(4, len(VOCABULARY), (3, 12), generator=torch.Generator().manual_seed(0))
    places = torch.tensor([[1, 2], [0, 0], [5, 9]])
    out = model(input_ids=ids, start_positions=places[:, 0], end_positions=places[:, 1])
    logits = torch.stack([out.start_logits, out.end_logits], dim=-1)
    torch.testing.assert_close(losses(logits, places).mean(), out.loss)
    chances = torch.cat([out.start_logits.softmax(-1), out.end_logits.softmax(-1)])
    entropy = -(chances * chances.log()).sum(-1).mean()
    torch.testing.assert_close(losses(logits, soft_targets(logits)).mean(), entropy)


# systems


def batch():
    drawn = np.random.default_rng(0)
    ids = [drawn.integers(4, len(VOCABULARY), n).astype(np.int32) for n in (9, 14, 20, 3)]
    return pack(ids, [np.zeros_like(one) for one in ids])


@pytest.mark.parametrize("system", having("answering_policy"))
def test_hard_is_mask_and_every_token_gets_its_logits(encoder, system):
    backbone = AutoModelForQuestionAnswering.from_pretrained(encoder)
    model = wrap(backbone, system, TOYS[system].answering_policy).eval()
    with torch.no_grad():
        if TOYS[system].learnt:
            for parameter in getattr(model.system, TOYS[system].learnt).parameters():
                parameter.normal_(std=0.5, generator=torch.Generator().manual_seed(1))
        hard, mask = (way(model.encoder, model.system, batch()) for way in (run.hard, run.mask))
    assert hard.logits.shape == (4, 20, 2)
    assert hard.tokens_kept[-1].sum() < sum(batch().lengths)
    torch.testing.assert_close(hard.logits, mask.logits, atol=1e-5, rtol=1e-5)


def test_what_left_has_the_logits_of_its_last_state(encoder):
    """First tokens: who stays is known, so the states can be followed through transformers' own layers."""
    backbone = AutoModelForQuestionAnswering.from_pretrained(encoder, attn_implementation="eager").eval()
    model = wrap(backbone, "lead", {"shares": [0.5, 0.5, 0.3, 0.3]}).eval()
    ids = torch.arange(4, 14)[None]
    with torch.no_grad():
        states = backbone.bert.embeddings(ids)[0]
        for layer, stay in zip(backbone.bert.encoder.layer, (4, 4, 2, 2), strict=True):
            rows = [*range(stay), 9]  # the beginning, and the token that ends the input
            states[rows] = layer(states[None, rows]).reshape(len(rows), -1)
        expected = backbone.qa_outputs(states)
        found = model(input_ids=ids)
    assert found.tokens_kept[0].tolist() == [10, 5, 5, 3, 3]
    torch.testing.assert_close(found.start_logits[0], expected[:, 0], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found.end_logits[0], expected[:, 1], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("left", [False, True])
def test_padding_is_nowhere_on_either_side(encoder, left):
    model = wrap(AutoModelForQuestionAnswering.from_pretrained(encoder), "spatten", {"ratio": 0.5}).eval()
    ids = torch.randint(4, 20, (1, 8), generator=torch.Generator().manual_seed(0))
    filled, there = torch.zeros(1, 12, dtype=torch.long), torch.zeros(1, 12, dtype=torch.long)
    place = slice(4, 12) if left else slice(0, 8)
    filled[:, place], there[:, place] = ids, 1
    with torch.no_grad():
        alone, padded = model(input_ids=ids), model(input_ids=filled, attention_mask=there)
    torch.testing.assert_close(padded.start_logits[:, place], alone.start_logits, atol=1e-5, rtol=1e-5)
    assert (padded.end_logits[there == 0] < -1e3).all()


def by_heart(documents):
    """F1 of the best answer that is the same for every question, none among them."""
    return max(np.mean([f1(references(one), said) for one in documents]) for said in ("", *PLACES))


def test_ltp_learns_to_answer_and_drops(trained, data):
    documents = load_documents(data, "test")
    found = evaluate(load_classifier(trained.path, device="cpu", answering=True), documents, Timing(4, 1))
    assert found.metrics["f1"] > by_heart(documents)
    assert found.metrics["exact_match"] <= found.metrics["f1"]
    assert found.metrics["f1"] == pytest.approx(np.mean([row.f1 for row in found.predictions]))
    assert found.flops_speedup > 1.1
    assert set(found.measured_speedup) == {"1", "32"}
    for row, document in zip(found.predictions, documents, strict=True):
        assert row.f1 == f1(references(document), row.answer)
    model = AutoModelForQuestionAnswering.from_pretrained(trained.path)
    assert type(model).__name__ == "DroppingForQuestionAnswering"
    assert "dev_f1" in trained.best
    assert "AutoModelForQuestionAnswering" in (trained.path / "README.md").read_text()


@pytest.mark.training
@pytest.mark.parametrize("system", [name for name in having("answering") if name != "ltp"])
def test_every_other_system_learns_to_answer(trained, data, encoder, tmp_path, system):
    made = train_dropping(system,
        encoder, load_documents(data, "train"), load_documents(data, "dev"), tmp_path / "out",
        options(system, "answering", **BRIEF), finetuned_dir=trained.finetuned_dir,
    )  # fmt: skip
    classifier = load_classifier(made.path, device="cpu", answering=True)
    documents = load_documents(data, "test")
    found = evaluate(classifier, documents, Timing(0))
    assert found.metrics["f1"] > by_heart(documents)
    assert found.flops_speedup > 1
    if system == "lat":
        assert classifier.model.config.settings["protect_cls"] is False


def test_dev_figures_are_of_the_documents_in_their_order(trained, data):
    """Evaluated again from the saved weights: batches of like length must not mix documents up."""
    found = evaluate(
        load_classifier(trained.finetuned_dir / "1", device="cpu", answering=True),
        load_documents(data, "dev"),
        Timing(0),
    )
    told = json.loads((trained.finetuned_dir / "training.json").read_text())["best"]
    assert found.metrics["f1"] == pytest.approx(told["dev_f1"], abs=1e-4)


def test_losses_are_means_over_documents_though_each_has_two_labels(trained, data, encoder):
    prepared = prepare(encoder, load_documents(data, "train"), load_documents(data, "dev"), LTP)
    rows, each = prepared.dev_rows, []
    model = AutoModelForQuestionAnswering.from_pretrained(trained.path).eval()
    for window, label in zip(rows.windows, rows.labels, strict=True):
        with torch.no_grad():
            found = run.hard(model.encoder, model.system, pack([window.ids], [window.types]))
        each.append(losses(found.logits, torch.tensor([label])).item())
    assert trained.best["dev_loss"] == pytest.approx(np.mean(each), rel=1e-3)


# what cannot be


@pytest.mark.training
def test_adapler_and_comparisons_say_that_they_cannot(data, encoder, tmp_path):
    train, dev = (load_documents(data, split) for split in ("train", "dev"))
    with pytest.raises(RationaleError, match="AdapLeR does not train question answering"):
        RECIPES.get("adapler").options(**COMMON)
    with pytest.raises(RationaleError, match="question-answering models are not compared"):
        compare_systems(
            encoder, train, dev, dev, tmp_path / "grid", [Setting.parse("ltp")], common={"metric": "f1"}
        )


def test_scores_want_a_classifier(trained):
    with pytest.raises(ModelError, match="this model answers questions, expected a classifier"):
        load_classifier(trained.path, device="cpu")


def test_documents_without_questions_are_refused(encoder):
    plain = Documents([replace(Document("1", "1", ("a",)), label="x")], source="here")
    with pytest.raises(DataError, match="the document has no question"):
        ask(AutoTokenizer.from_pretrained(encoder), plain, 24)


@pytest.mark.training
def test_the_commands_answer(trained, data, encoder, tmp_path):
    given = [
        "train",
        "spatten",
        "--model",
        encoder,
        "--data",
        data,
        "--dev",
        "dev",
        "--out",
        tmp_path / "out",
    ]
    given += ["--metric", "f1", "--epochs", 1, "--learning-rate", 3e-3, "--device", "cpu", "--ratio", 0.6]
    result = CliRunner().invoke(app, [str(a) for a in given], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    given = [
        "evaluate",
        "--model",
        tmp_path / "out",
        "--data",
        data,
        "--split",
        "test",
        "--timing-documents",
        0,
    ]
    given += ["--out", tmp_path / "evaluation.json", "--device", "cpu"]
    result = CliRunner().invoke(app, [str(a) for a in given], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "Exact match" in result.output
    assert "F1, unanswerable" in result.output
