"""How people reach the tool: ``python -m``, ``~`` in paths, and terminals that take less than UTF-8."""

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import rationale
from rationale.agreement import Agreement
from rationale.cli import COMMANDS, app
from rationale.errors import ModelError, RationaleError
from rationale.files import home
from rationale.loading.classifier import load_classifier
from rationale.scores import StoredScores
from tests import children
from tests.children import environment, python
from tests.toys import toy_folder

pytestmark = pytest.mark.slow  # every test starts a process


@pytest.fixture
def at_home(tmp_path, monkeypatch):
    """A home folder and, elsewhere, a working folder."""
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "home"


@pytest.fixture
def data(at_home):
    rows = [{"text": f"a film {n}", "label": ("NEG", "POS")[n % 2], "rationale": [[0, 1]]} for n in range(4)]
    (at_home / "d.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (at_home / "clf").symlink_to(toy_folder("bert"))
    return "~/d.jsonl"


def run(*arguments):
    return CliRunner().invoke(app, [str(one) for one in arguments], catch_exceptions=False)


def test_every_path_of_the_command_line_takes_a_tilde(data, at_home):
    """In the form that no shell expands, from data to score to agreement to report."""
    run("score", "--model=~/clf", f"--data={data}", "--out=~/s/scores", "--method=random", "--device=cpu")
    assert (at_home / "s" / "scores" / "recipe.json").is_file()
    run("agree", "--scores=~/s/scores", f"--data={data}", "--out=~/a.json", "--resamples=100")
    run("report", "--scores=~/s/scores", f"--data={data}", "--agreement=~/a.json", "--out=~/r.html",
        "--csv=~/r.csv", "--markdown=~/r.md", "--parquet=~/r.parquet")  # fmt: skip
    run("export", "--scores=~/s/scores", f"--data={data}", "--out=~/e.jsonl")
    run("data", "convert", data, "--out=~/converted")
    made = {path.name for path in at_home.iterdir()}
    assert {"a.json", "r.html", "r.csv", "r.md", "r.parquet", "e.jsonl", "converted"} <= made
    assert list(Path.cwd().iterdir()) == []


def test_python_takes_a_tilde_too(data, at_home):
    documents = rationale.load_documents(data)
    model = load_classifier("~/clf", device="cpu")
    scores = rationale.score(model, documents, out="~/scores", progress=False)
    assert len(scores) == len(documents) == len(StoredScores("~/scores")) == 4
    found = rationale.agree(scores, documents, resamples=100)
    found.save("~/a.json")
    rationale.report(scores, documents, Agreement.load("~/a.json"), "~/r.html")
    assert (at_home / "r.html").is_file()
    assert (at_home / "scores" / "recipe.json").is_file()
    with pytest.raises(ModelError, match="a model is a folder, and this is not there") as caught:
        load_classifier("~/nothing")
    assert caught.value.where == str(at_home / "nothing")


def test_the_home_of_nobody_is_an_error_and_no_folder(at_home):
    with pytest.raises(RationaleError, match="a user who does not exist"):
        home("~nobody-of-that-name/scores")
    assert home("a~b") == Path("a~b")


def test_text_that_begins_with_a_tilde_stays_text(data):
    found = run("explain", "--model=~/clf", "--text=~ a film", "--device=cpu", "--method=random")
    assert "~ " in found.output


def command(*arguments, encoding=None, **more):
    variables = {} if encoding is None else {"PYTHONIOENCODING": encoding}
    return python("-m", "rationale", *arguments, env=environment(**variables), **more)


def shell(line):
    return children.run("bash", "-c", f"{sys.executable} -m rationale {line}")


def test_python_m_rationale():
    found = command("--version")
    assert (found.returncode, found.stdout.strip()) == (0, "0.1.0")
    help_ = command("--help")
    assert all(name in help_.stdout for name in COMMANDS)


def one_line(found):
    lines = [line for line in found.stderr.splitlines() if line]
    assert len(lines) == 1, found.stderr
    assert lines[0].startswith("error: ")
    assert found.returncode == 2
    return lines[0]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("arguments", [("--version",), ("--help",), ("data", "list")])
def test_a_full_disk_behind_standard_output_is_one_line(arguments):
    with Path("/dev/full").open("w") as full:
        assert "No space left on device" in one_line(command(*arguments, stdout=full))


def test_a_terminal_that_is_not_utf8_is_one_line(tmp_path):
    (tmp_path / "d.jsonl").write_text(
        '{"text": "a b", "label": "gut \\u00fc"}\n{"text": "c", "label": "x"}\n'
    )
    assert "PYTHONIOENCODING=utf-8" in one_line(
        command("data", "check", str(tmp_path / "d.jsonl"), encoding="ascii")
    )
    assert command("data", "check", str(tmp_path / "d.jsonl"), encoding="utf-8").returncode == 0


def test_a_reader_that_has_seen_enough_is_no_error():
    found = shell("data list | true")
    assert found.stderr == ""


def test_closed_standard_output_is_no_traceback():
    found = shell("data list >&-")
    assert "Traceback" not in found.stderr
