"""Outputs are whole or absent, whatever stops the writer, and what was there before stays."""

import json
import os
from pathlib import Path

import pytest

from rationale.errors import OutputError
from rationale.files import atomic_json, atomic_path, atomic_text, check_output
from tests.children import python


@pytest.fixture
def earlier(tmp_path):
    """A file that stands already."""
    path = tmp_path / "report.html"
    path.write_text("earlier")
    return path


def only(path):
    """Whether nothing else lies beside ``path``: no temporary was left."""
    return list(path.parent.iterdir()) == [path]


def write_and(then, path):
    """Writes half of an output, then does something."""
    with atomic_path(path, overwrite=True) as temporary:
        temporary.write_text("half")
        then()


def full(*_):
    raise OSError(28, "No space left on device")


def test_text_is_written_as_utf8_with_its_folders(tmp_path):
    path = tmp_path / "a" / "b" / "out.txt"
    assert atomic_text(path, "שלום\nß\n", overwrite=False) == path
    assert path.read_bytes() == "שלום\nß\n".encode()
    assert only(path)


def test_an_existing_output_stands_unless_overwriting_is_asked(earlier):
    with pytest.raises(OutputError, match=r"report\.html: the output exists already.*--overwrite"):
        atomic_text(earlier, "new", overwrite=False)
    assert earlier.read_text() == "earlier"
    atomic_text(earlier, "new", overwrite=True)
    assert earlier.read_text() == "new"
    assert only(earlier)


@pytest.mark.parametrize("where", ["write", "flush", "rename"])
def test_a_full_disk_leaves_the_earlier_output(earlier, monkeypatch, where):
    if where == "flush":
        monkeypatch.setattr(os, "fsync", full)
    if where == "rename":
        monkeypatch.setattr(Path, "replace", full)
    message = r"report\.html: cannot be written \(No space left on device\).*free space"
    with pytest.raises(OutputError, match=message):
        write_and(full if where == "write" else lambda: None, earlier)
    assert earlier.read_text() == "earlier"
    assert only(earlier)


def test_any_other_failure_leaves_the_earlier_output(earlier):
    with pytest.raises(ZeroDivisionError):
        write_and(lambda: 1 // 0, earlier)
    assert earlier.read_text() == "earlier"
    assert only(earlier)


def test_a_limit_of_the_system_on_file_size_is_met(earlier):
    """The kernel refuses the write itself, as a full disk does."""
    code = (
        "import resource, sys\n"
        "from rationale.errors import OutputError\n"
        "from rationale.files import atomic_text\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try:\n"
        "    atomic_text(sys.argv[1], 'x' * 5000, overwrite=True)\n"
        "except OutputError as error:\n"
        "    sys.exit(str(error))\n"
    )
    done = python("-c", code, earlier)
    assert done.returncode == 1
    assert "report.html: cannot be written (File too large)" in done.stderr
    assert earlier.read_text() == "earlier"
    assert only(earlier)


def test_a_kill_in_the_middle_leaves_the_earlier_output(earlier):
    code = (
        "import os, signal, sys\n"
        "from rationale.files import atomic_path\n"
        "with atomic_path(sys.argv[1], overwrite=True) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert python("-c", code, earlier).returncode == -9
    assert earlier.read_text() == "earlier"


def test_a_parent_that_is_a_file_is_refused(earlier):
    with pytest.raises(OutputError, match="cannot be written"):
        check_output(earlier / "inside.txt", overwrite=False)
    with pytest.raises(OutputError, match="cannot be written"):
        atomic_text(earlier / "deep" / "inside.txt", "x", overwrite=True)


def folder(path, **files):
    with atomic_path(path, overwrite=True) as temporary:
        temporary.mkdir()
        for name, text in files.items():
            (temporary / name).write_text(text)


def content(path):
    return {entry.name: entry.read_text() for entry in path.iterdir()}


def test_a_folder_is_replaced_whole(tmp_path):
    path = tmp_path / "model"
    folder(path, config="1")
    folder(path, config="2", tokenizer="2")
    assert content(path) == {"config": "2", "tokenizer": "2"}
    assert only(path)


def test_a_folder_that_cannot_be_put_in_place_leaves_the_earlier_one(tmp_path, monkeypatch):
    path = tmp_path / "model"
    folder(path, config="1")
    rename = Path.rename
    monkeypatch.setattr(Path, "rename", lambda self, to: full() if ".tmp" in self.name else rename(self, to))
    with pytest.raises(OutputError, match="No space left"):
        folder(path, config="2")
    assert content(path) == {"config": "1"}
    assert only(path)


def test_overwriting_deletes_no_folder_named_by_mistake(tmp_path, monkeypatch):
    path = tmp_path / "home"
    path.mkdir()
    (path / "thesis.tex").write_text("years")
    with pytest.raises(
        OutputError, match=r"home: .* more than an earlier output: 'thesis\.tex'\. It is not overw"
    ):
        folder(path, config="1")
    with pytest.raises(OutputError, match="home: the output is a file, and this is a folder"):
        atomic_text(path, "text", overwrite=True)
    monkeypatch.chdir(path)
    with pytest.raises(OutputError, match="the output is a file, and this is a folder"):
        atomic_text(".", "text", overwrite=True)
    assert content(path) == {"thesis.tex": "years"}
    assert only(path)


def test_json_holds_no_nan(tmp_path):
    path = tmp_path / "recipe.json"
    atomic_json(path, {"name": "naïve", "value": 0.1}, overwrite=False)
    assert json.loads(path.read_text(encoding="utf-8")) == {"name": "naïve", "value": 0.1}
    with pytest.raises(ValueError, match="not JSON compliant"):
        atomic_json(path, {"value": float("nan")}, overwrite=True)
    assert json.loads(path.read_text(encoding="utf-8"))["value"] == 0.1
    assert only(path)


def test_overwriting_keeps_what_is_not_ours(tmp_path):
    path = tmp_path / "model"
    folder(path, config="1")
    (path / "notes.txt").write_text("years")
    with pytest.raises(OutputError, match=r"'notes\.txt'.*move that file away"):
        folder(path, config="2")
    assert content(path) == {"config": "1", "notes.txt": "years"}


def test_a_device_is_no_output(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="pipe: this is a device or a pipe"):
        atomic_text(pipe, "text", overwrite=True)
    assert pipe.is_fifo()


def test_what_a_killed_process_left_of_an_output_is_removed(tmp_path):
    """At once where it ran on this machine, after a day where it may run on another."""
    out = tmp_path / "out.json"
    code = (
        "import os, signal, sys\n"
        "from rationale.files import atomic_path\n"
        "with atomic_path(sys.argv[1], overwrite=True) as temporary:\n"
        "    temporary.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    python("-c", code, out)
    (left,) = tmp_path.glob(".out.json.*.tmp")
    machine, _, process = left.name.split(".")[-2].partition("-")
    names = (f"{machine}-{os.getppid()}", f"{machine}x-{process}", process, "notes")
    living, elsewhere, earlier, other = (tmp_path / f".out.json.{name}.tmp" for name in names)
    for path in (living, elsewhere, earlier, other):
        path.write_text("half")
    atomic_json(out, {}, overwrite=False)
    assert not left.exists()
    assert elsewhere.exists()
    assert earlier.exists()
    for path in (living, elsewhere, earlier, other):
        os.utime(path, (0, 0))
    atomic_json(out, {}, overwrite=True)
    assert living.exists()
    assert other.exists()
    assert not elsewhere.exists()
    assert not earlier.exists()
