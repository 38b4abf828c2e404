"""A sealed result is read as it was written, or not at all."""

import json

import pytest

from rationale.artifacts.seal import (
    SEAL,
    beside,
    check_file,
    check_files,
    check_folder,
    digest,
    read_sealed,
    seal_file,
    seal_folder,
    sealed,
)
from rationale.errors import OutputError, ScoresError
from rationale.files import atomic_json


@pytest.fixture
def result(tmp_path):
    path = tmp_path / "result.json"
    atomic_json(
        path, sealed({"accuracy": 0.5, "rows": [1, 2]}, "evaluation", {"model": "ab"}), overwrite=True
    )
    return path


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "made"
    (made / "below").mkdir(parents=True)
    (made / "a.bin").write_bytes(b"a")
    (made / "below" / "b.bin").write_bytes(b"b")
    seal_folder(made, "training", {"data": "cd"})
    return made


def test_what_was_written_is_read_without_its_seal(result):
    content, seal = read_sealed(result, "evaluation")
    assert content == {"accuracy": 0.5, "rows": [1, 2]}
    assert (seal.kind, seal.inputs) == ("evaluation", {"model": "ab"})


def test_indentation_and_order_are_no_change(result):
    content = json.loads(result.read_text())
    result.write_text(json.dumps(dict(reversed(content.items()))))
    assert read_sealed(result)[0]["accuracy"] == 0.5


@pytest.mark.parametrize("change", [{"accuracy": 0.9}, {"rows": [2, 1]}, {"more": 1}, {"rows": [1.0, 2]}])
def test_another_value_is_a_change(result, change):
    result.write_text(json.dumps({**json.loads(result.read_text()), **change}))
    with pytest.raises(ScoresError, match="changed after it was written"):
        read_sealed(result, error=ScoresError)


@pytest.mark.parametrize("part", ["kind", "inputs", "files"])
def test_an_edited_seal_is_a_change(result, part):
    content = json.loads(result.read_text())
    content["seal"][part] = "agreement" if part == "kind" else {"a": "b"}
    result.write_text(json.dumps(content))
    with pytest.raises(OutputError, match="changed after it was written"):
        read_sealed(result)


@pytest.mark.parametrize("seal", [None, [], {}, {"kind": 1, "inputs": {}, "files": {}, "sha256": ""}])
def test_a_seal_of_another_shape_is_damaged(result, seal):
    result.write_text(json.dumps({**json.loads(result.read_text()), "seal": seal}))
    with pytest.raises(OutputError, match="the seal is damaged"):
        read_sealed(result)


def test_a_seal_names_no_file_outside(tmp_path):
    path = tmp_path / "result.json"
    atomic_json(path, sealed({}, "x", files={"../other": "00"}), overwrite=True)
    with pytest.raises(OutputError, match="the seal is damaged"):
        read_sealed(path)


def test_another_kind_is_refused(result):
    with pytest.raises(OutputError, match="expected a result of kind 'agreement', found 'evaluation'"):
        read_sealed(result, "agreement")


def test_one_without_a_seal_is_read_with_a_note(tmp_path, caplog):
    path = tmp_path / "old.json"
    path.write_text('{"a": 1}')
    assert read_sealed(path) == ({"a": 1}, None)
    assert "rationale verify --seal" in caplog.text


def test_a_whole_folder_passes_and_hidden_files_do_not_matter(folder):
    (folder / ".lock").touch()
    assert check_folder(folder, "training").inputs == {"data": "cd"}


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda f: (f / "below" / "b.bin").write_bytes(b"c"), r"b\.bin: it was changed"),
        (lambda f: (f / "a.bin").unlink(), r"a\.bin: a file of this result cannot be read"),
        (lambda f: (f / "stray.bin").write_bytes(b""), r"stray\.bin: this file does not belong"),
        (lambda f: (f / SEAL).write_text("{"), "damaged"),
        (lambda f: (f / SEAL).write_text("{}"), "the seal is damaged"),
    ],
)
def test_a_damaged_folder_is_named(folder, damage, said):
    damage(folder)
    with pytest.raises(OutputError, match=said):
        check_folder(folder)


def test_a_file_has_its_seal_beside_it(tmp_path):
    path = tmp_path / "table.parquet"
    path.write_bytes(b"1")
    assert check_file(path) is None
    seal_file(path, "predictions", {"model": "ab"})
    assert check_file(path, "predictions").files == {"table.parquet": digest(path)}
    path.write_bytes(b"2")
    with pytest.raises(OutputError, match=r"table\.parquet: it was changed"):
        check_file(path)
    beside(path).write_text(json.dumps(sealed({}, "predictions")))
    with pytest.raises(OutputError, match="the seal is damaged"):
        check_file(path)


def test_only_the_files_asked_for_are_looked_at(folder):
    (folder / "a.bin").write_bytes(b"z")
    _, seal = read_sealed(folder / SEAL)
    check_files(seal, folder, ["below/b.bin"])
    with pytest.raises(OutputError):
        check_files(seal, folder)
