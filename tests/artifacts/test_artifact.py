"""One protocol: what was written is read back as its type; the rest is refused with file and remedy."""

import json
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rationale.artifacts.artifact import Artifact, require_made_of
from rationale.artifacts.record import Json
from rationale.artifacts.seal import SEAL, digest
from rationale.artifacts.table import TableArtifact
from rationale.errors import DataError, ModelError, OutputError


@dataclass(frozen=True)
class Measured:
    """A record."""

    metric: str
    values: tuple[float | None, ...]


MEASURED = Artifact("measured", Measured, "Measure again.", "no measurement", DataError)
NOTES = Artifact("note", Json)
ONE = Measured("ap", (0.25, None))


@pytest.fixture
def path(tmp_path):
    MEASURED.write(tmp_path / "measured.json", ONE, inputs={"model": "ab"})
    return tmp_path / "measured.json"


def edit(path, **changes):
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, **changes}))


def test_it_is_read_as_it_was_written(path):
    result, seal = MEASURED.open(path)
    assert (result, seal.kind, seal.inputs) == (ONE, "measured", {"model": "ab"})
    assert MEASURED.read(path) == MEASURED.resume(path) == ONE


def test_nothing_is_replaced_unasked(path):
    with pytest.raises(OutputError, match=r"measured\.json"):
        MEASURED.write(path, ONE)
    MEASURED.write(path, Measured("fpr", ()), overwrite=True)
    assert MEASURED.read(path).metric == "fpr"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"metric": "fpr"}, "SHA-256 differs"),
        ({"values": [1]}, "SHA-256 differs"),
        ({"seal": {}}, "seal is damaged"),
    ],
)
def test_an_edited_one_is_refused(path, changes, message):
    edit(path, **changes)
    with pytest.raises(DataError, match=rf"measured\.json: .*{message}.* Measure again"):
        MEASURED.read(path)


def test_another_kind_is_refused(path):
    with pytest.raises(OutputError, match="expected a result of kind 'note', found 'measured'"):
        NOTES.read(path)


def test_what_does_not_fit_its_type_is_named(path):
    NOTES.write(path, {"metric": "ap", "values": [0.5, "high"]}, overwrite=True)
    wrong = Artifact("note", Measured, "Measure again.", "no measurement", DataError)
    with pytest.raises(DataError, match=r"no measurement: values\[1\]: expected a number, found 'high'"):
        wrong.read(path)


def test_one_from_before_the_seals_is_read_and_not_taken_up(path):
    content = json.loads(path.read_text())
    del content["seal"]
    path.write_text(json.dumps(content))
    assert MEASURED.read(path) == ONE
    with pytest.raises(OutputError, match=r"it has no seal.*rationale verify --seal"):
        MEASURED.resume(path)


def test_the_files_it_names_are_checked(tmp_path):
    beside = tmp_path / "table.txt"
    beside.write_text("1")
    MEASURED.write(tmp_path / "m.json", ONE, files={"table.txt": digest(beside)})
    assert MEASURED.read(tmp_path / "m.json") == ONE
    beside.write_text("2")
    with pytest.raises(DataError, match=r"table\.txt: it was changed"):
        MEASURED.read(tmp_path / "m.json")


TABLE = TableArtifact("table", "Make it again.", ModelError)


def test_a_table_without_its_seal_is_unfinished(tmp_path):
    path, table = tmp_path / "a.parquet", pa.table({"x": [1, 2]})
    assert not TABLE.is_finished(path)
    TABLE.write(path, table, {"data": "cd"})
    assert TABLE.is_finished(path)
    assert TABLE.check(path).inputs == {"data": "cd"}
    path.with_name(f"{path.name}.{SEAL}").unlink()
    assert not TABLE.is_finished(path)
    TABLE.write(path, table)
    TABLE.remove(path)
    assert not list(tmp_path.iterdir())


def test_a_kill_while_a_table_is_replaced_leaves_the_old_one_unsealed(tmp_path):
    path = tmp_path / "a.parquet"
    TABLE.write(path, pa.table({"x": [1]}))
    with pytest.raises(KeyboardInterrupt), TABLE.writing(path):
        raise KeyboardInterrupt
    assert pq.read_table(path)["x"].to_pylist() == [1]
    assert not TABLE.is_finished(path)


def test_a_changed_table_is_refused(tmp_path):
    path = tmp_path / "a.parquet"
    TABLE.write(path, pa.table({"x": [1]}))
    pq.write_table(pa.table({"x": [2]}), path)
    with pytest.raises(ModelError, match=r"a\.parquet: it was changed.* Make it again"):
        TABLE.check(path)


def made_of(path, now, **how):
    earlier, seal = NOTES.open(path, note=False)
    require_made_of(path, earlier, seal, now, what="other settings", remedy="Start anew.", **how)


def test_work_is_taken_up_by_content_and_not_by_name(tmp_path):
    path = tmp_path / "n.json"
    NOTES.write(
        path, {"data": {"source": "a", "fingerprint": "f"}, "seed": 0, "versions": 1}, inputs={"model": "m"}
    )
    same = {"data": {"source": "/b/a/", "fingerprint": "f"}, "seed": 0, "versions": 1}
    made_of(path, same)
    made_of(path, {**same, "versions": 2}, without=("versions",))
    made_of(path, same, inputs={"model": "m"})
    with pytest.raises(OutputError, match=r"other settings \(seed: 0, now 1\)\. Start anew"):
        made_of(path, {**same, "seed": 1})
    with pytest.raises(OutputError, match=r"other settings \(seed: 0, now 1\)"):
        made_of(path, {**same, "seed": 1, "versions": 2}, without=("versions",))
    with pytest.raises(OutputError, match=r"made from another model\. Start anew"):
        made_of(path, same, inputs={"model": "n"})
