"""A resumed run takes up what it wrote and nothing else; scores from before there were seals still open."""

import json
import logging
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rationale.artifacts.lock import locked
from rationale.artifacts.scores import seal_unsealed
from rationale.errors import OutputError, ScoresError
from rationale.scores import StoredScores
from rationale.scores.documents import DocumentScorer
from tests.scores.made import add_a_file, content, run, swap_parts, unseal

pytestmark = pytest.mark.slow  # every test scores anew


@pytest.fixture
def killed(folder):
    """A run that was killed after its last part."""
    (folder / "COMPLETE").unlink()
    return folder


def change_a_value(path, column="words"):
    """Writes a table again with one column reversed inside each row, valid Parquet in every respect."""
    table = pq.read_table(path)
    values = [row[::-1] for row in table[column].to_pylist()]
    place = table.column_names.index(column)
    pq.write_table(
        table.set_column(place, table.schema.field(column), pa.array(values, table[column].type)), path
    )


def edit(folder):
    change_a_value(folder / "part-00000" / "scores.parquet")


def cut(folder):
    path = folder / "part-00001" / "scores.parquet"
    path.write_bytes(path.read_bytes()[:-100])


def copy_a_part(folder):
    shutil.copytree(folder / "part-00000", folder / "part-00002")


def copy_over(folder):
    shutil.rmtree(folder / "part-00001")
    shutil.copytree(folder / "part-00000", folder / "part-00001")


def take_another_run_s(folder):
    other = folder.parent / "other"
    run(other, seed=1)
    shutil.rmtree(folder / "part-00001")
    shutil.copytree(other / "part-00001", folder / "part-00001")


def odd_name(folder):
    (folder / "part-1").mkdir()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (edit, r"part-00000/scores\.parquet: it was changed after it was written"),
        (cut, r"part-00001/scores\.parquet: it was changed after it was written"),
        (copy_a_part, r"part-00002: this part does not belong to the scores.*Move it away"),
        (copy_over, r"part-00001: .*belongs to another run, or to another position"),
        (take_another_run_s, r"part-00001: .*belongs to another run"),
        (swap_parts, r"part-00000: .*belongs to another run, or to another position"),
        (add_a_file, r"part-00001/notes\.txt: this file does not belong"),
        (odd_name, "part-1: this part does not belong to the scores"),
    ],
)
def test_a_resumed_run_refuses_what_it_did_not_write_before_it_scores(killed, monkeypatch, damage, message):
    damage(killed)
    before = content(killed)
    monkeypatch.setattr(DocumentScorer, "__call__", lambda *_: pytest.fail("it scored first"))
    with pytest.raises(ScoresError, match=message):
        run(killed)
    assert content(killed) == before


def test_the_remedy_for_a_changed_part_of_an_interrupted_run_works(killed, finished):
    edit(killed)
    shutil.rmtree(killed / "part-00000")
    run(killed)
    assert content(killed) == content(finished)


def test_overwriting_starts_a_damaged_run_anew(killed, finished):
    edit(killed)
    run(killed, overwrite=True)
    assert content(killed) == content(finished)


def test_two_writers_in_one_folder_are_told_apart(folder, tmp_path):
    with locked(tmp_path / "new", "scoring"), pytest.raises(OutputError, match="another process is scoring"):
        run(tmp_path / "new")
    with locked(folder, "scoring"), pytest.raises(OutputError, match="another process is scoring"):
        run(folder, overwrite=True)
    assert len(run(tmp_path / "new")) == 6
    assert not list(tmp_path.rglob(".lock"))


def test_a_failed_run_leaves_no_folder_and_no_lock(tmp_path, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(DocumentScorer, "__call__", fail)
    with pytest.raises(ZeroDivisionError):
        run(tmp_path / "new")
    assert not list(tmp_path.iterdir())


def test_unsealed_scores_open_with_a_note_and_verify_their_digests(folder, finished, caplog):
    unseal(folder)
    with caplog.at_level(logging.WARNING, "rationale"):
        assert len(list(StoredScores(folder))) == 6
    assert f"rationale verify --seal {folder}" in caplog.text
    edit(folder)
    with pytest.raises(ScoresError, match=r"part-00000: .*changed after it was written"):
        list(StoredScores(folder))


def test_unsealed_scores_whose_recipe_names_other_layers_are_refused(folder):
    """The parts carry the layer of every row."""
    unseal(folder)
    recipe = json.loads((folder / "recipe.json").read_text())
    recipe["methods"]["input_x_gradient"]["layers"].reverse()
    (folder / "recipe.json").write_text(json.dumps(recipe))
    with pytest.raises(ScoresError, match=r"rows of 'input_x_gradient' are of layers \[0, 1, 2\], and the"):
        list(StoredScores(folder))


def test_unsealed_scores_whose_words_are_not_the_sums_of_their_tokens_are_refused(folder):
    """What a resume of an earlier version signed: a part that somebody had edited."""
    edit(folder)
    unseal(folder)
    with pytest.raises(ScoresError, match="word scores of 'input_x_gradient' are not the sums of its tokens"):
        list(StoredScores(folder))


@pytest.mark.parametrize("done", [True, False])
def test_sealing_gives_what_is_written_today(folder, finished, done):
    if not done:
        (folder / "COMPLETE").unlink()
    unseal(folder)
    if not done:
        with pytest.raises(ScoresError, match=r"has no seal.*`rationale verify --seal .*--overwrite"):
            run(folder)
    assert list(seal_unsealed(folder))
    if not done:
        run(folder)
    assert content(folder) == content(finished)


def test_sealing_can_be_interrupted_anywhere(folder, finished):
    unseal(folder)
    before = content(folder)
    for steps in range(4):
        for name, data in before.items():
            (folder / name).write_bytes(data)
        for seal in folder.glob("part-*/seal.json"):
            seal.unlink()
        writing = seal_unsealed(folder)
        for _ in range(steps):
            next(writing)
        writing.close()
        assert len(list(StoredScores(folder))) == 6
        list(seal_unsealed(folder))
        assert content(folder) == content(finished)
