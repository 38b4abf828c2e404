"""``rationale verify`` tells what lies there, of what, and whether each file is what was written."""

import json
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer
from typer.testing import CliRunner

from rationale.agreement import Agreement
from rationale.artifacts.seal import check_folder, read_sealed, seal_file, seal_folder, sealed
from rationale.artifacts.verify import verify
from rationale.commands.verify import verify as command
from rationale.errors import OutputError
from rationale.scores import StoredScores
from rationale.study.comparison import load_comparison
from rationale.study.topk.stored import StoredStudy
from tests.artifacts.mutants import write
from tests.children import python
from tests.places import RESULTS
from tests.scores.made import unseal


@pytest.fixture
def root(made, tmp_path):
    """Scores with a user's note, an agreement, a comparison and a study, all sealed."""
    folder = Path(shutil.copytree(made[0], tmp_path / "results"))
    (folder / "scores" / "notes.txt").write_text("mine")
    return folder


def run(*arguments):
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=True)


def states(path):
    return {os.path.relpath(result.path, path): result.state for result in verify(path)}


def test_a_folder_of_results_is_told_result_by_result(root):
    told = {os.path.relpath(r.path, root): (r.kind, len(r.files)) for r in verify(root)}
    assert told == {
        "scores": ("scores", 10),
        "agreement.json": ("agreement", 2),
        "comparison.json": ("comparison", 1),
        "predictions.parquet": ("predictions", 1),
        "study.json": ("topk study", 1),
    }
    result = run(root)
    assert result.exit_code == 0
    assert f"{root}/scores: scores of model toy (" in result.output
    assert "4 whole, 1 unsealed" in result.output


@pytest.mark.parametrize(
    ("damage", "state", "name"),
    [
        (
            lambda f: (f / "part-00001/scores.parquet").write_bytes(b"x"),
            "changed",
            "part-00001/scores.parquet",
        ),
        (lambda f: (f / "part-00000/seal.json").write_text("{}"), "changed", "part-00000/seal.json"),
        (lambda f: (f / "part-00000/documents.parquet").unlink(), "missing", "part-00000/documents.parquet"),
        (lambda f: (f / "recipe.json").write_text("{}"), "changed", "recipe.json"),
        (lambda f: shutil.copytree(f / "part-00000", f / "part-00002"), "stray", "part-00002/scores.parquet"),
        (lambda f: (f / "part-00000/notes.txt").write_text("x"), "stray", "part-00000/notes.txt"),
        (lambda f: (f / "COMPLETE").write_text('{"seal": {}}'), "changed", "COMPLETE"),
    ],
)
def test_damaged_scores_end_with_1_and_the_file_is_named(root, damage, state, name):
    damage(root / "scores")
    result = run(root)
    assert result.exit_code == 1
    assert f"{state}: {name}" in result.output
    told = {(os.path.relpath(one.path, root), one.state) for one in verify(root)}
    assert {("scores", "not whole"), ("agreement.json", "whole")} <= told


def test_a_single_file_or_a_folder_s_own_files_are_understood(root, monkeypatch):
    link = root.parent / "link"
    link.symlink_to(root / "scores")
    monkeypatch.chdir(root)
    for path in (
        root / "scores",
        "scores",
        "scores/",
        "./scores",
        link,
        "scores/COMPLETE",
        "scores/recipe.json",
    ):
        (result,) = verify(Path(path))
        assert (result.kind, result.state) == ("scores", "whole"), path
    (result,) = verify(Path("agreement.json"))
    assert (result.kind, result.state) == ("agreement", "whole")
    (root / "agreement.pairs.parquet").unlink()
    assert run("agreement.json").exit_code == 1


def test_each_state_of_each_file_is_told_as_json(root):
    (root / "scores" / "part-00000" / "scores.parquet").unlink()
    result = run(root / "scores", "--json")
    (told,) = json.loads(result.stdout)["results"]
    assert told["kind"] == "scores"
    assert told["state"] == "not whole"
    assert told["files"][str(root / "scores/part-00000/scores.parquet")] == "missing"
    assert told["files"][str(root / "scores/part-00001/scores.parquet")] == "whole"


def test_unfinished_scores_are_told_as_what_they_are(root):
    (root / "scores" / "COMPLETE").unlink()
    (result,) = verify(root / "scores")
    assert (result.kind, result.state, len(result.files)) == ("unfinished scores", "whole", 9)
    assert "scores: unfinished scores of model toy (" in run(root).output
    shutil.rmtree(root / "scores" / "part-00001")
    shutil.copytree(root / "scores" / "part-00000", root / "scores" / "part-00001")
    (result,) = verify(root / "scores")
    assert result.state == "not whole"
    assert "belongs to another run, or to another position" in result.note


def without_seals(root):
    """The results as versions before the seal wrote them."""
    unseal(root / "scores")
    for name in ("comparison.json", "study.json"):
        content = json.loads((root / name).read_text(encoding="utf-8"))
        content.pop("seal")
        write(root / name, content)
    path = root / "agreement.json"
    path.write_text(path.read_text(encoding="utf-8").partition(',\n"seal"')[0] + "\n}\n", encoding="utf-8")


def test_unsealed_results_are_whole_with_a_note_and_sealed_on_request(root):
    without_seals(root)
    before = {path: path.read_text() for path in root.glob("*.json")}
    result = run(root)
    assert result.exit_code == 0
    assert "unsealed" in result.output
    assert "--seal" in result.output
    result = run(root, "--seal")
    assert result.exit_code == 0
    assert "vouches for the results from now on" in result.output
    assert set(states(root).values()) == {"whole"}
    for path, text in before.items():
        after = path.read_text()
        content, seal = read_sealed(path)
        assert (content, seal is not None) == (json.loads(text), True)
        assert after.startswith(text.rstrip().removesuffix("}").rstrip())  # its text stays as it was
    assert len(list(StoredScores(root / "scores"))) == 6
    assert Agreement.load(root / "agreement.json").records
    assert load_comparison(root).records
    assert StoredStudy.load(root).results.records
    files = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    assert run(root, "--seal").exit_code == 0
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == files


def test_nothing_is_sealed_where_something_was_changed(root):
    without_seals(root)
    (root / "scores" / "part-00000" / "scores.parquet").write_bytes(b"x")
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    result = run(root, "--seal")
    assert result.exit_code == 1
    assert "Nothing was sealed" in result.output
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_unsealed_scores_whose_layers_are_reversed_are_not_whole(root):
    without_seals(root)
    recipe = json.loads((root / "scores/recipe.json").read_text())
    recipe["methods"]["input_x_gradient"]["layers"].reverse()
    write(root / "scores/recipe.json", recipe)
    result = run(root / "scores", "--seal")
    assert result.exit_code == 1
    assert "of other layers than the recipe says" in result.output


def test_an_unfinished_training_is_sealed_run_first(tmp_path):
    run_folder = tmp_path / "model.unfinished"
    checkpoint = run_folder / "checkpoint-7"
    checkpoint.mkdir(parents=True)
    write(run_folder / "run.json", {"kind": "classifier", "options": {}, "train": {}, "model": {"name": "m"}})
    for name in ("config.json", "trainer_state.json"):
        write(checkpoint / name, {})
    for name in ("model.safetensors", "optimizer.pt"):
        (checkpoint / name).write_bytes(b"x")
    assert {r.kind for r in verify(tmp_path)} == {"run", "checkpoint"}
    assert run(tmp_path, "--seal").exit_code == 0
    _, seal = read_sealed(run_folder / "run.json", "run")
    assert check_folder(checkpoint, "checkpoint").inputs == {"run": seal.sha256}
    (checkpoint / "extra.bin").write_bytes(b"x")
    result = run(tmp_path)
    assert result.exit_code == 1
    assert "stray: extra.bin" in result.output


def test_a_model_is_of_the_files_it_is_read_from(tmp_path):
    write(tmp_path / "config.json", {})
    (tmp_path / "model.safetensors").write_bytes(b"x")
    (tmp_path / "README.md").write_text("made by me")
    seal_folder(tmp_path, "model", {"data": "abc"})
    (tmp_path / "README.md").write_text("made by us")
    (tmp_path / "plot.png").write_bytes(b"x")
    (result,) = verify(tmp_path)
    assert (result.kind, result.state, result.about) == ("model", "whole", "data abc")
    (tmp_path / "model-2.safetensors").write_bytes(b"x")
    assert ("model-2.safetensors", "stray") in verify(tmp_path)[0].wrong()


def test_sealed_files_that_are_no_json(tmp_path):
    path = tmp_path / "traces.parquet"
    pq.write_table(pa.table({"id": ["a"]}), path)
    seal_file(path, "traces", {"model": "abc"})
    for given in (tmp_path, path, tmp_path / "traces.parquet.seal.json"):
        (result,) = verify(given)
        assert (result.path, result.kind, result.state) == (path, "traces", "whole")
    pq.write_table(pa.table({"id": ["b"]}), path)
    assert run(path).exit_code == 1


def test_control_characters_of_a_result_do_not_reach_the_terminal(tmp_path):
    recipe = {"model": {"name": "\x1b[31mred"}, "data": {"source": "d", "split": None}}
    write(tmp_path / "x.json", sealed({"model": recipe["model"], "traces": []}, "traces"))
    output = run(tmp_path).output
    assert "\x1b" not in output
    assert "\\x1b[31mred" in output


def test_what_cannot_be_verified_is_an_error(tmp_path):
    with pytest.raises(OutputError, match="there is no such file or folder"):
        command([tmp_path / "none"])
    (tmp_path / "notes.json").write_text("[1]")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="not a saved result of rationale"):
        command([tmp_path])


def test_a_pipe_in_the_place_of_a_file_does_not_hang(root):
    path = root / "scores" / "part-00000" / "scores.parquet"
    path.unlink()
    os.mkfifo(path)
    assert run(root / "scores").exit_code == 1


def test_no_model_library_is_loaded(root):
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from rationale.commands.verify import verify\n"
        "verify([Path(sys.argv[1])])\n"
        "assert not {'torch', 'transformers'} & sys.modules.keys()\n"
    )
    done = python("-c", code, root)
    assert done.returncode == 0, done.stderr


def test_published_results_are_whole():
    """What docs/results holds is what was sealed: a merge or an edit by hand breaks a seal."""
    results = verify(RESULTS)
    assert {result.state for result in results} == {"whole"}
    assert len(results) > 100
