"""Only annotators who gave the document's label: metrics, chance, ceiling, and what is left out."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import average_precision_score
from typer.testing import CliRunner

from rationale.agreement import Agreement, agree
from rationale.agreement.gold import standard
from rationale.artifacts.provenance import OtherLabels
from rationale.cli import app
from rationale.corpus import Document, Documents, Span, load_documents
from rationale.corpus.document import Mark
from rationale.corpus.named.convert import write_rows
from rationale.errors import DataError
from rationale.predictions import load_predictions
from rationale.report.ceilings import SAME_LABEL, ceiling_table
from rationale.report.examples import galleries
from rationale.report.prose import left_out, measured

WORDS = tuple("abcdefgh")


def mark(rng, who, label, state="marked"):
    start = int(rng.integers(0, 6))
    spans = (Span(start, start + int(rng.integers(1, 3))),) if state == "marked" else ()
    return Mark(who, spans, label, state)


@pytest.fixture
def documents(tmp_path):
    """Six annotators of twenty documents: the first has no label, the second one that nobody gave."""
    rng = np.random.default_rng(8)
    rows = []
    for number in range(20):
        labels = ["POS"] * 6 if number < 2 else rng.choice(["POS", "NEG", "neutral"], 6).tolist()
        states = ["not_asked" if rng.random() < 0.2 else "marked" for _ in labels]
        marks = [mark(rng, who, *said) for who, *said in zip("ABCDEF", labels, states, strict=True)]
        label = [None, "NEG"][number] if number < 2 else "POS"
        rows.append(Document(str(number), str(number), WORDS, label=label, marks=tuple(marks)))
    write_rows(rows, tmp_path / "data.jsonl")
    return load_documents(tmp_path / "data.jsonl")


@pytest.fixture
def scores(documents, tmp_path):
    rng = np.random.default_rng(1)
    with (tmp_path / "mine.jsonl").open("w") as file:
        for document in documents:
            file.write(json.dumps({"id": document.id, "scores": rng.random(len(WORDS)).tolist()}) + "\n")
    return load_predictions(tmp_path / "mine.jsonl", documents, progress=False)


def kept(document):
    """The masks of the annotators who were asked and gave the document's label."""
    asked = [one for one in document.marks if one.state != "not_asked"]
    chosen = [one.label == document.label for one in asked]
    return document.masks[np.array(chosen, dtype=bool)]


def test_metrics_chance_and_ceiling_are_of_those_annotators(documents, scores):
    agreement = agree(scores, documents, same_label=True, resamples=100)
    masks = {one.key: kept(one) for one in documents}
    ap = [
        np.mean([average_precision_score(mask, scores.get(key).words["mine"][0]) for mask in of_document])
        for key, of_document in masks.items()
        if len(of_document)
    ]
    assert 10 < len(ap) < 19
    record = agreement.record("ap", "mine")
    assert (record.value, record.n) == (pytest.approx(np.mean(ap)), len(ap))
    assert agreement.record("ap", "chance").n == len(ap)
    others = [
        np.mean([average_precision_score(m[i], np.delete(m, i, 0).mean(axis=0)) for i in range(len(m))])
        for m in masks.values()
        if len(m) > 1
    ]
    human = agreement.record("ap", "human")
    assert (human.value, human.n) == (pytest.approx(np.mean(others)), len(others))


@pytest.mark.parametrize("gold", ["union", "majority", "any2", "intersection", "soft", "each"])
def test_it_is_as_if_the_others_were_not_in_the_data(documents, scores, gold):
    marks = [tuple(m for m in one.marks if m.label == one.label) for one in documents]
    without = Documents(
        replace(one, marks=of_document, annotated=any(m.state != "not_asked" for m in of_document), spans=())
        for one, of_document in zip(documents, marks, strict=True)
    )
    found = agree(scores, documents, gold=gold, same_label=True, resamples=100)
    expected = agree(scores, without, gold=gold, resamples=100)
    assert found.records == expected.records
    assert found.comparisons == expected.comparisons
    assert found.recipe.agreement.annotators == expected.recipe.agreement.annotators
    assert found.recipe.agreement.unannotated == expected.recipe.agreement.unannotated


def test_the_agreement_says_so(documents, scores, tmp_path):
    agreement = agree(scores, documents, same_label=True, resamples=100)
    settings = agreement.recipe.agreement
    asked = sum(len(one.asked) for one in documents)
    left = sum(len(kept(one)) for one in documents)
    empty = sum(bool(one.asked) and not len(kept(one)) for one in documents)
    assert settings.same_label == OtherLabels(masks=asked - left, documents=empty)
    assert settings.fingerprint == documents.fingerprint  # of the data as given: reports check it
    assert empty >= 2
    assert settings.annotators.masks == left
    agreement.save(tmp_path / "a.json")
    assert Agreement.load(tmp_path / "a.json") == agreement
    assert SAME_LABEL in ceiling_table(agreement).notes
    (fact,) = [fact.text for fact in measured(agreement) if fact.term == "Human rationales"]
    assert "Only annotators who gave the document's label count." in fact
    line = f"{asked - left} masks of annotators who did not give the document's label; {empty} documents have"
    assert f"{line} no other." in left_out(agreement)


def test_without_it_nothing_changes(documents, scores):
    agreement = agree(scores, documents, resamples=100)
    assert agreement.recipe.agreement.same_label is None
    assert "same_label" not in agreement.to_dict()["recipe"]["agreement"]
    assert SAME_LABEL not in ceiling_table(agreement).notes
    assert not any("document's label" in sentence for sentence in left_out(agreement))


def test_a_report_finds_the_same_documents_without_the_stored_values(documents, scores):
    agreement = agree(scores, documents, same_label=True, resamples=100)
    (whole,) = galleries(scores, documents, agreement, methods=["mine"], count=2)
    (again,) = galleries(scores, documents, replace(agreement, per_document=None), methods=["mine"], count=2)
    assert [one.value for one in whole.examples] == [one.value for one in again.examples]


def two(label, *labels):
    marks = [Mark(f"{number}", (Span(0, 2),), said) for number, said in enumerate(labels)]
    return Document("1", "1", WORDS, label=label, marks=tuple(marks))


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            Document("1", "1", WORDS, label="POS"),
            r"no document says who marked what\. Leave --same-label out",
        ),
        (two(None, "POS", "NEG"), "no document with annotators has a label. --same-label compares"),
        (two(None, None, None), "no document with annotators has a label"),
        (two("POS", None, None), "no annotator who was asked for a rationale has a label. --same-label"),
        (
            two("POS", "pos", "neg"),
            "no annotator who was asked for a rationale gave the document's label: documents are POS, "
            "annotators said neg, pos. .* in the same spelling",
        ),
    ],
)
def test_data_in_which_nobody_is_left_are_refused(document, said):
    with pytest.raises(DataError, match=said):
        standard(Documents([document]), same_label=True)


def test_one_annotator_left_is_the_rationale_and_no_ceiling():
    golds = standard(Documents([two("POS", "POS", "NEG")]), same_label=True)
    assert (golds.gold, golds.several, golds.other_labels) == (None, False, OtherLabels(masks=1, documents=0))
    assert golds.documents[0][0].spans == (Span(0, 2),)


@pytest.mark.slow
def test_the_command(documents, scores, tmp_path):
    given = ["--predictions", str(tmp_path / "mine.jsonl"), "--data", str(tmp_path / "data.jsonl")]
    out = tmp_path / "a.json"
    result = CliRunner().invoke(app, ["agree", *given, "--same-label", "--gold", "each", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "Only annotators who gave the document's label count" in " ".join(result.output.split())
    expected = agree(scores, documents, gold="each", same_label=True)
    assert Agreement.load(out).records == expected.records
    page = ["report", *given, "--agreement", str(out), "--out", str(tmp_path / "r.html")]
    result = CliRunner().invoke(app, page)
    assert result.exit_code == 0, result.output
