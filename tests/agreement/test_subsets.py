"""Imported methods where the class that they name is the gold label, and where it is not."""

import json

import numpy as np
import pytest

from rationale.agreement import Agreement, agree
from rationale.corpus import Document, Documents, Span
from rationale.predictions import PredictionOptions, load_predictions
from rationale.report.subsets import subset_table
from rationale.report.write import report, report_markdown
from rationale.scores.sources import Sources

WORDS = tuple("abcdefgh")


@pytest.fixture
def documents():
    rng = np.random.default_rng(3)
    return Documents(
        Document(
            f"{number}",
            f"{number}",
            WORDS,
            label=None if number == 11 else ["NEG", "POS"][number % 2],
            spans=(Span(start := int(rng.integers(0, 5)), start + int(rng.integers(1, 4))),),
        )
        for number in range(12)
    )


def predictions(documents, path, named, *, column="scores", seed=0):
    """What a file predicts; ``named`` gives the row of a document its label and the class it explains."""
    rng = np.random.default_rng(seed)
    with path.open("w") as file:
        for number, document in enumerate(documents):
            values = rng.random(len(WORDS))
            content = values.tolist() if column == "scores" else (values > 0.5).astype(int).tolist()
            file.write(json.dumps({"id": document.id, column: content, **named(number)}) + "\n")
    return load_predictions(path, documents, PredictionOptions(), progress=False)


def wrong_at(*numbers):
    """The classes of documents, of which some are not the gold label."""
    return lambda number: ["NEG", "POS"][(number % 2) ^ (number in numbers)]


LABEL, EXPLAINED = wrong_at(1, 4, 5), wrong_at(2, 4, 6, 9)


def both(number):
    return {"label": LABEL(number), "explained": None if number == 0 else EXPLAINED(number)}


def keys_of(documents, subset):
    """The documents of a subset, found one by one."""
    kind, side = subset.split()
    for number, document in enumerate(documents):
        named = (LABEL if kind == "label" else EXPLAINED)(number)
        if document.label is None or (kind == "explained" and number == 0):
            continue
        if (named == document.label) == (side == "right"):
            yield document


@pytest.mark.parametrize("subset", ["label right", "label wrong", "explained right", "explained wrong"])
@pytest.mark.parametrize("column", ["scores", "mask"])
def test_a_subset_has_the_numbers_of_an_agreement_over_its_documents_alone(
    tmp_path, documents, subset, column
):
    all_of_them = agree(predictions(documents, tmp_path / "llm.jsonl", both, column=column), documents)
    chosen = {document.id for document in keys_of(documents, subset)}
    rows = [json.loads(line) for line in (tmp_path / "llm.jsonl").read_text().splitlines()]
    kept = [json.dumps(row) for row in rows if row["id"] in chosen]
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "llm.jsonl").write_text("\n".join(kept))
    part = Documents([document for document in documents if document.id in chosen])
    alone = agree(load_predictions(tmp_path / "part" / "llm.jsonl", part, progress=False), part)
    found = {(r.metric, r.select): r for r in all_of_them.subsets if r.subset == subset}
    expected = {(r.metric, r.select): r for r in alone.records if r.method == "llm"}
    assert found.keys() == expected.keys()
    assert len(part) in (3, 4, 6, 8)
    for place, record in expected.items():
        one = found[place]
        assert (one.n, one.skipped) == (record.n, record.skipped)
        assert [one.value, one.low, one.high] == pytest.approx([record.value, record.low, record.high])


def test_each_source_has_its_own_classes(tmp_path, documents):
    first = predictions(documents, tmp_path / "a.jsonl", lambda n: {"explained": LABEL(n)})
    second = predictions(documents, tmp_path / "b.jsonl", lambda n: {"label": EXPLAINED(n)}, seed=1)
    third = predictions(documents, tmp_path / "c.jsonl", lambda n: {}, seed=2)
    agreement = agree(Sources((third, first, second)), documents, resamples=100)
    n = {(r.method, r.subset): r.n for r in agreement.subsets if r.metric == "ap"}
    assert n == {
        ("a", "explained right"): 8,
        ("a", "explained wrong"): 3,
        ("b", "label right"): 7,
        ("b", "label wrong"): 4,
    }
    alone = agree(second, documents, resamples=100)
    assert [r for r in agreement.subsets if r.method == "b"] == list(alone.subsets)


def test_a_subset_without_documents_has_no_rows(tmp_path, documents):
    right = predictions(documents, tmp_path / "a.jsonl", lambda n: {"label": wrong_at()(n)})
    assert {r.subset for r in agree(right, documents, resamples=100).subsets} == {"label right"}


def test_it_comes_back_from_the_disk(tmp_path, documents):
    agreement = agree(predictions(documents, tmp_path / "a.jsonl", both), documents, resamples=100)
    agreement.save(tmp_path / "a.json")
    assert Agreement.load(tmp_path / "a.json").subsets == agreement.subsets != ()
    stored = json.loads((tmp_path / "a.json").read_text())["subsets"]
    assert {row["subset"] for row in stored} == {
        "label right", "label wrong", "explained right", "explained wrong",
    }  # fmt: skip
    assert not any("subset" in row for row in json.loads((tmp_path / "a.json").read_text())["records"])


def test_the_table_has_all_and_each_subset_with_its_n(tmp_path, documents):
    first = predictions(documents, tmp_path / "a.jsonl", both)
    second = predictions(documents, tmp_path / "b.jsonl", lambda n: {"label": LABEL(n)}, column="mask")
    agreement = agree(Sources((first, second)), documents, resamples=100)
    table = subset_table(agreement)
    assert [column.key for column in table.columns] == [
        "method", "documents", "ap", "ap_n", "token_f1", "token_f1_n",
    ]  # fmt: skip
    assert [(row[0], row[1], row[3], row[5]) for row in table.rows] == [
        ("a", "all", 12, None),
        ("a", "label right", 8, None),
        ("a", "label wrong", 3, None),
        ("a", "explained right", 6, None),
        ("a", "explained wrong", 4, None),
        ("b", "all", None, 12),
        ("b", "label right", None, 8),
        ("b", "label wrong", None, 3),
    ]
    assert table.rows[0][2].value == agreement.record("ap", "a").value
    assert table.rules == {5}


@pytest.mark.slow
def test_report_and_markdown_show_it(tmp_path, documents):
    sources = Sources((predictions(documents, tmp_path / "a.jsonl", both),))
    agreement = agree(sources, documents, resamples=100)
    assert "explained wrong" in report_markdown(agreement)
    page = report(sources, documents, agreement, tmp_path / "r.html").read_text()
    assert "Right and wrong classes" in page
    plain = agree(predictions(documents, tmp_path / "b.jsonl", lambda n: {}), documents, resamples=100)
    assert "explained" not in report_markdown(plain)
