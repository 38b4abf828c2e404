"""`rationale data convert --reader`: what it writes is read back equal, and what it left out is printed."""

import json

import pytest
from typer.testing import CliRunner

from rationale.cli import app
from rationale.corpus import list_splits, load_documents
from rationale.corpus.annotators import aggregate
from rationale.corpus.named.convert import convert_named
from rationale.corpus.named.reader import NAMED, read_named
from rationale.corpus.same_label import of_same_label
from rationale.errors import DataError, OutputError
from tests.corpus.named import corpora

CASES = {
    "hatexplain": (corpora.hatexplain, "val"),
    "toxic-spans": (corpora.toxic_raw, "raw"),
    "cose": (corpora.cose, "train"),
    "evidence-inference": (corpora.evidence_inference, "train"),
    "fair-rationales": (corpora.fair_sst, "SST"),
    "expmrc": (corpora.expmrc, "squad-dev"),
    "vihos": (corpora.vihos, "dev"),
}


def run(*arguments):
    return CliRunner().invoke(app, ["data", "convert", *map(str, arguments)])


def test_every_reader_has_a_case():
    assert sorted(CASES) == sorted(NAMED)


@pytest.mark.parametrize("name", CASES)
def test_the_ordinary_reader_gives_equal_documents(tmp_path, name):
    make, split = CASES[name]
    source, out = make(tmp_path), tmp_path / "out.jsonl"
    convert_named(name, source, out, split=split)
    expected = read_named(name, source, split).documents
    assert list(load_documents(out)) == list(expected)
    assert load_documents(out).fingerprint == expected.fingerprint


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("rule", ["union", "majority"])
def test_an_eraser_folder_holds_the_rationale_that_was_chosen(tmp_path, name, rule):
    make, split = CASES[name]
    source, out = make(tmp_path), tmp_path / "out"
    convert_named(name, source, out, split=split, gold=rule)
    expected = aggregate(read_named(name, source, split).documents, rule)
    documents = load_documents(out, split)
    assert [(d.id, d.words, d.label, d.query, d.annotated) for d in documents] == [
        (d.id, d.words, d.label, d.query, d.annotated) for d in expected
    ]
    assert [d.rationale.tolist() for d in documents] == [d.rationale.tolist() for d in expected]


def test_a_line_has_every_annotator(tmp_path):
    out = tmp_path / "out.jsonl"
    result = run(corpora.hatexplain(tmp_path), "--reader", "hatexplain", "--out", out)
    assert result.exit_code == 0, result.output
    assert (
        "val: 4 documents (3 with a label), 9 annotations: 6 marked, 0 nothing, 3 not_asked" in result.output
    )
    assert "note on val: 3 labels other than normal have no mask in the file and are left out" in " ".join(
        result.output.split()
    )
    first = json.loads(out.read_text(encoding="utf-8").splitlines()[0])
    assert first == {
        "id": "two_masks",
        "words": ["red", "big", "dog", "ran"],
        "label": "offensive",
        "query": None,
        "annotations": [
            {"annotator": None, "state": "marked", "label": None, "spans": [[1, 3]]},
            {"annotator": None, "state": "marked", "label": None, "spans": [[2, 3]]},
        ],
    }


def test_a_rationale_beside_the_annotations(tmp_path):
    out = tmp_path / "out.jsonl"
    convert_named("fair-rationales", corpora.fair_sst(tmp_path), out, gold="intersection", same_label=True)
    expected = aggregate(of_same_label(read_named("fair-rationales", tmp_path).documents), "intersection")
    assert list(load_documents(out)) == list(expected)
    assert json.loads(out.read_text(encoding="utf-8").splitlines()[1])["rationale"] == [[1, 2]]


def test_masks_without_labels_are_none_of_the_documents_label(tmp_path):
    source, out = corpora.hatexplain(tmp_path), tmp_path / "out.jsonl"
    with pytest.raises(DataError, match="no annotator who was asked for a rationale has a label"):
        convert_named("hatexplain", source, out, gold="union", same_label=True)
    assert not out.exists()


def test_a_folder_holds_every_split(tmp_path):
    source, out = corpora.toxic_spans(tmp_path), tmp_path / "out"
    assert run(source, "--reader", "toxic-spans", "--gold", "union", "--out", out).exit_code == 0
    assert list_splits(out) == ["train", "trial"]
    assert load_documents(out, "trial")[0].id == "trial_0"


def test_true_and_false_rows(tmp_path):
    out = tmp_path / "out.jsonl"
    result = run(corpora.cose(tmp_path), "--reader", "cose", "--true-false", "--out", out)
    assert result.exit_code == 0, result.output
    assert list(load_documents(out)) == list(read_named("cose", tmp_path, true_false=True).documents)


def test_a_file_holds_one_split(tmp_path):
    with pytest.raises(DataError, match=r"a split must be named\. Splits found: train, trial"):
        convert_named("toxic-spans", corpora.toxic_spans(tmp_path), tmp_path / "out.jsonl")


def test_a_folder_needs_a_rule(tmp_path):
    with pytest.raises(DataError, match=r"Choose one: --gold union, majority, any2 or intersection; or name"):
        convert_named("vihos", corpora.vihos(tmp_path), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_output_that_exists_stays(tmp_path):
    out = tmp_path / "out.jsonl"
    out.write_text("mine")
    source = corpora.vihos(tmp_path)
    with pytest.raises(OutputError, match="pass --overwrite"):
        convert_named("vihos", source, out)
    assert out.read_text() == "mine"
    convert_named("vihos", source, out, overwrite=True)
    assert len(load_documents(out)) == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--split", "dev"], "--split and --true-false need --reader"),
        (["--true-false"], "--split and --true-false need --reader"),
        (["--same-label"], "--same-label has no effect without --gold"),
        (["--reader", "vihos", "--words", "characters"], "--words have no effect with --reader"),
        (["--reader", "vihos", "--number-duplicates"], "--number-duplicates and --words have no effect"),
    ],
)
def test_options_that_have_no_effect_are_refused(tmp_path, options, said):
    result = run(corpora.vihos(tmp_path), "--out", tmp_path / "out.jsonl", *options)
    assert result.exit_code != 0
    assert said in str(result.exception) or said in result.output


def test_the_help_lists_every_reader():
    text = " ".join(
        CliRunner().invoke(app, ["data", "convert", "--help"], env={"COLUMNS": "200"}).output.split()
    )
    assert all(name in text for name in NAMED)
