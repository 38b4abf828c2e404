"""``rationale data``: everything that is in a data set, and everything that is wrong with it."""

import json

import pytest
from typer.testing import CliRunner

from rationale.commands.data import app
from rationale.corpus import Document, Span, load_documents, write_eraser
from rationale.corpus.check import check_data
from rationale.corpus.convert import convert_data
from rationale.errors import DataError, RationaleError

WORDS = tuple("abcdefghij")


def documents(prefix=""):
    spans = (Span(0, 2),)
    return [
        Document(f"{prefix}1", f"{prefix}1", WORDS, label="POS", spans=spans, sentences=((0, 10),)),
        Document(f"{prefix}2", f"{prefix}2", WORDS[:5], label="NEG", sentences=((0, 5),)),
        Document(
            f"{prefix}3", f"{prefix}3", ("x", "y"), label=None, spans=(Span(0, 1),), sentences=((0, 2),)
        ),
    ]


@pytest.fixture
def folder(tmp_path):
    splits = {"train": documents(), "val": documents("v")}
    return write_eraser(splits, tmp_path / "data")


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_counts(folder):
    train, val = check_data(folder)
    assert (train.split, train.annotations, train.documents, train.words, train.longest) == (
        "train",
        3,
        3,
        17,
        10,
    )
    assert train.labels == {"(none)": 1, "NEG": 1, "POS": 1}
    assert train.rationale_share == pytest.approx((0.2 + 0.5) / 2)
    assert train.without_rationale == 1
    assert train.problems == train.notes == ()
    assert val.notes == ("3 of 3 texts also occur in train",)


def test_every_problem_is_found_not_just_the_first(folder):
    lines = (folder / "train.jsonl").read_text().splitlines()
    moved = json.loads(lines[0])
    moved["evidences"][0][0].update(start_token=3, end_token=30)
    (folder / "train.jsonl").write_text("\n".join([json.dumps(moved), lines[1], lines[1], "{", lines[2]]))
    (folder / "docs" / "v2").unlink()
    train, val = check_data(folder)
    assert train.documents == 2
    assert [problem.split(": ")[0] for problem in train.problems] == [
        f"{folder / 'train.jsonl'}:{line}" for line in (1, 3, 4)
    ]
    assert val.problems == (
        f"{folder / 'val.jsonl'}:2: document 'v2' is not in {folder / 'docs'}. "
        "Add the document, or remove the annotation.",
    )


def test_evidence_that_quotes_other_words_is_a_problem(folder):
    lines = (folder / "train.jsonl").read_text().splitlines()
    (folder / "train.jsonl").write_text("\n".join([lines[0].replace('"a b"', '"b c"'), *lines[1:]]))
    (problem,) = check_data(folder)[0].problems
    assert problem.startswith(
        f"{folder / 'train.jsonl'}:1: evidence [0, 2) of document '1' has the text 'b c'"
    )
    assert "the words at its indices are 'a b'" in problem


def test_problems_of_a_table(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("text,label,rationale\na b,x,[0]\nc d,y,[0 1]\ne f,z,f\n")
    (found,) = check_data(path)
    assert found.documents == 1
    assert [problem.split(": ")[0] for problem in found.problems] == [f"{path}:2", f"{path}:3"]


def test_the_command_tells_by_its_exit_code(folder):
    fine = run("check", folder)
    assert fine.exit_code == 0
    assert "train" in fine.output
    assert "labels of train: (none) 1, NEG 1, POS 1" in fine.output
    assert "note on val: 3 of 3 texts also occur in train" in fine.output
    (folder / "train.jsonl").write_text("{}\n" * 30)
    broken = run("check", folder)
    assert broken.exit_code == 1
    assert f"problem: {folder / 'train.jsonl'}:1: the field 'annotation_id' is missing" in broken.output
    assert "… and 20 more in train" in broken.output
    as_json = json.loads(run("check", folder, "--json").output)
    assert [split["split"] for split in as_json] == ["train", "val"]
    assert len(as_json[0]["problems"]) == 30


def test_a_missing_source(tmp_path):
    with pytest.raises(DataError, match="there is no such file or folder"):
        check_data(tmp_path / "gone")
    assert isinstance(run("check", tmp_path / "gone").exception, RationaleError)


def test_an_empty_split(folder):
    (folder / "train.jsonl").write_text("\n")
    assert check_data(folder)[0].problems == ("split train: no documents found.",)


def test_listing():
    table = run("list").output
    assert "multirc" in table
    rows = json.loads(run("list", "--json").output)
    assert rows[0]["name"] == "movies"
    assert rows[0]["labels"] == ["NEG", "POS"]


def test_a_table_becomes_an_eraser_folder(tmp_path):
    rows = [
        {"id": "a/1", "text": "so good", "label": "x", "rationale": "good", "query": "is it ?"},
        {"id": "a/2", "text": "so bad", "label": "y"},
    ]
    (tmp_path / "val.jsonl").write_text("\n".join(map(json.dumps, rows)))
    done = run("convert", tmp_path / "val.jsonl", "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert (tmp_path / "out" / "docs.jsonl").is_file()
    before, after = load_documents(tmp_path / "val.jsonl"), load_documents(tmp_path / "out", "val")
    assert before.fingerprint == after.fingerprint
    assert [d.annotated for d in after] == [True, False]


def test_converting_numbers_duplicate_ids_if_asked(folder, tmp_path):
    line = (folder / "train.jsonl").read_text().splitlines()[0]
    (folder / "train.jsonl").write_text(f"{line}\n{line}\n")
    with pytest.raises(DataError, match="number them: rationale data convert --number-duplicates"):
        convert_data(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert run("convert", folder, "--number-duplicates", "--out", tmp_path / "out").exit_code == 0
    assert [d.id for d in load_documents(tmp_path / "out", "train")] == ["1", "1#2"]
    assert (tmp_path / "out" / "docs" / "1").is_file()


def test_getting_from_an_archive(folder, tmp_path):
    import tarfile

    with tarfile.open(tmp_path / "a.tar.gz", "w:gz") as archive:
        archive.add(folder, "movies")
    done = run("get", "movies", "--archive", tmp_path / "a.tar.gz", "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert "labels of val" in done.output
    assert [c.documents for c in check_data(tmp_path / "out")] == [3, 3]


def test_what_is_odd_is_noted(tmp_path):
    rows = [
        {"text": "good film", "rationale": [1, 1]},
        {"text": "bad", "rationale": [1]},
        {"text": "a b c", "rationale": [1, 0, 0]},
        {"text": "a b d", "rationale": None},
    ]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert check_data(tmp_path / "mine.jsonl")[0].notes == (
        "2 of 4 documents are marked as a whole: no metric can rank their words (the first: '0')",
        "1 of 4 documents have one word (the first: '1')",
        "1 of 4 documents were not annotated (their rationale is null) (the first: '3')",
    )


def test_control_characters_of_labels_do_not_reach_the_terminal(tmp_path):
    (tmp_path / "mine.jsonl").write_text(json.dumps({"text": "a b", "label": "\x1b[31mred\x07"}))
    output = run("check", tmp_path / "mine.jsonl").output
    assert "\x1b" not in output
    assert "labels of mine: \\x1b[31mred\\x07 1" in output


@pytest.mark.parametrize("name", ["x" * 5000, "x" * 300 + "/y", "a\0b"])
def test_names_that_no_file_can_have(name):
    with pytest.raises(DataError) as caught:
        check_data(name)
    assert len(str(caught.value)) < 500


def test_what_no_reader_may_open(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.jsonl")
    (tmp_path / "zero.jsonl").symlink_to("/dev/zero")
    (tmp_path / "gone.jsonl").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop.jsonl").symlink_to(tmp_path / "loop.jsonl")
    (tmp_path / "folder.jsonl").mkdir()
    for name in ("", "pipe.jsonl", "zero.jsonl", "gone.jsonl", "loop.jsonl", "folder.jsonl"):
        with pytest.raises(DataError):
            check_data(tmp_path / name)


def test_ids_that_differ_in_case_alone_become_one_file(tmp_path):
    rows = [{"id": "A", "text": "one"}, {"id": "a", "text": "two"}]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, rows)))
    out = convert_data(tmp_path / "mine.jsonl", tmp_path / "out")
    assert (out / "docs.jsonl").is_file()
    assert [d.words for d in load_documents(out)] == [("one",), ("two",)]


def several(tmp_path):
    """Two documents by three annotators, A and one without a name among them."""
    words = list("abcdef")
    first = [
        {"annotator": "A", "spans": [[0, 2]]},
        {"annotator": "B", "spans": [[0, 3]]},
        {"annotator": None, "spans": [[1, 2], [4, 5]]},
    ]
    second = [
        {"annotator": "A", "spans": [[0, 3]]},
        {"annotator": "B", "spans": []},
        {"annotator": None, "spans": None},
    ]
    path = tmp_path / "several.jsonl"
    rows = [{"id": str(n), "words": words, "annotations": said} for n, said in enumerate((first, second))]
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def test_annotators_are_counted(tmp_path):
    (found,) = check_data(several(tmp_path))
    counts = {one.annotator: (one.marked, one.nothing, one.not_asked) for one in found.annotators}
    assert counts == {"A": (2, 0, 0), "B": (1, 1, 0), None: (1, 0, 1)}
    assert {one.annotator: one.share for one in found.annotators} == {
        "A": pytest.approx((2 / 6 + 3 / 6) / 2),
        "B": pytest.approx(3 / 6),
        None: pytest.approx(2 / 6),
    }


def test_the_command_prints_annotators_and_how_much_they_agree(tmp_path):
    path = several(tmp_path)
    printed = run("check", path).stdout
    assert "(no name)" in printed
    assert "pairwise F1 0.283, Krippendorff's alpha" in printed, "the mean of .5667 and 0"
    (found,) = json.loads(run("check", path, "--json").stdout)
    assert found["annotators"][0]["annotator"] == "A"
    assert found["annotators_agree"]["documents"] == 2


def test_data_without_annotators_has_no_table_of_them(folder):
    assert "Annotators of" not in run("check", folder).stdout
    assert all(
        split["annotators_agree"] is None for split in json.loads(run("check", folder, "--json").stdout)
    )


def test_crowd_workers_are_cut_to_a_table_that_can_be_read(tmp_path):
    said = [{"annotator": f"w{n}", "spans": [[0, 1]]} for n in range(40)]
    path = tmp_path / "crowd.jsonl"
    path.write_text(json.dumps({"id": "1", "words": ["a", "b", "c"], "annotations": said}))
    printed = run("check", path).stdout
    assert "and 28 more annotators" in printed
    assert "pairwise F1 1.000" in printed
