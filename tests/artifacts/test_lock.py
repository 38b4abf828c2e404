"""Two processes never write to one folder."""

import signal

import pytest

from rationale.artifacts.lock import LOCK, locked
from rationale.errors import OutputError
from tests.children import holder


def test_a_second_writer_is_told_who_holds_it(tmp_path):
    with (
        holder(tmp_path / "out", "scoring"),
        pytest.raises(OutputError, match="another process is scoring there"),
        locked(tmp_path / "out", "scoring"),
    ):
        pass


def test_a_kill_frees_it(tmp_path):
    with holder(tmp_path / "out", "scoring") as other:
        other.send_signal(signal.SIGKILL)
    assert (tmp_path / "out" / LOCK).exists()
    with locked(tmp_path / "out", "scoring"):
        pass
    assert not (tmp_path / "out" / LOCK).exists()


def test_it_is_free_afterwards_and_leaves_nothing(tmp_path):
    for _ in range(2):
        with locked(tmp_path / "out", "scoring"):
            assert (tmp_path / "out" / LOCK).exists()
        assert not (tmp_path / "out").exists()


def test_a_folder_that_was_there_or_was_written_to_stays(tmp_path):
    (tmp_path / "there").mkdir()
    with locked(tmp_path / "there", "scoring"), locked(tmp_path / "new", "scoring"):
        (tmp_path / "new" / "result").write_text("whole")
    assert not list((tmp_path / "there").iterdir())
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["result"]


def test_a_folder_renamed_while_held_is_no_error(tmp_path):
    with locked(tmp_path / "work", "scoring"):
        (tmp_path / "work").rename(tmp_path / "out")
    with locked(tmp_path / "out", "scoring"):
        pass
