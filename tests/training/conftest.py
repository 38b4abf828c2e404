from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rationale.corpus import write_eraser
from tests.training.resuming import train
from tests.training.toy_training import planted, save_encoder


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_encoder(tmp_path_factory.mktemp("toy") / "encoder")


@pytest.fixture(scope="session")
def whole(trains: None, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of a run that nobody disturbed; tests must copy it before they change it."""
    return train(encoder, tmp_path_factory.mktemp("whole") / "out").path


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An ERASER folder with a train split, and a val split that no reader could open."""
    folder = write_eraser({"train": planted()}, tmp_path_factory.mktemp("toy") / "data")
    (folder / "val.jsonl").write_bytes(b"\xff\xfe not a line of JSON")
    return folder


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Equal weights need equal sums; fixtures of a module train before a test's own would say so."""
    torch.set_num_threads(1)
