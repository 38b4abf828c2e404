"""What the command line opens, and what it says when it cannot."""

from pathlib import Path

import pytest

from rationale.errors import ScoresError


def settings(*arguments):
    from workbench.settings import AppSettings

    return AppSettings.parse(arguments)


def test_every_option_arrives():
    found = settings(
        "--scores", "a", "--scores", "b", "--data", "d", "--split", "s", "--agreement", "j.json",
        "--model", "m", "--device", "cuda", "--dtype", "float64", "--batch-size", "3", "--seed", "7",
    )  # fmt: skip
    assert (found.scores, found.data, found.split) == ((Path("a"), Path("b")), "d", "s")
    assert (found.agreement, found.model) == (Path("j.json"), "m")
    assert (found.device, found.dtype, found.batch_size, found.seed) == ("cuda", "float64", 3, 7)


def test_what_belongs_to_streamlit_is_left_alone():
    assert settings("--server.port", "1", "--scores", "a").scores == (Path("a"),)


def test_a_folder_of_score_folders_is_each_of_them(material):
    assert list(settings("--scores", str(material / "scores")).folders()) == ["hard", "val"]
    one = settings("--scores", str(material / "scores" / "val")).folders()
    assert one == {"val": material / "scores" / "val"}


def test_equal_names_are_told_apart(tmp_path):
    for run in ("a", "b", "x/a"):
        (tmp_path / run / "val").mkdir(parents=True)
        (tmp_path / run / "val" / "recipe.json").write_text("{}")
    found = settings(
        "--scores", str(tmp_path / "b" / "val"), "--scores", str(tmp_path / "a" / "val"),
        "--scores", str(tmp_path / "x" / "a" / "val"),
    ).folders()  # fmt: skip
    assert list(found) == ["val", "a/val", "x/a/val"]


def test_a_folder_without_scores_is_an_error(tmp_path):
    with pytest.raises(ScoresError, match=r"there are no scores here.*rationale score --out"):
        settings("--scores", str(tmp_path)).folders()
