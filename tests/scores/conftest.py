"""A finished score folder, and a copy of it to spoil."""

import shutil

import pytest

from tests.scores.made import run


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished folder that tests must copy before they change it."""
    folder = tmp_path_factory.mktemp("finished") / "scores"
    run(folder)
    return folder


@pytest.fixture
def folder(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "scores")
