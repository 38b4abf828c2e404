"""A small invented run: documents with rationales, scores of every kind of method, and their agreement."""

import pytest

from rationale.agreement import Agreement, agree
from rationale.corpus.document import Documents
from rationale.scores.store import MemoryScores
from tests.report.making import make_run


@pytest.fixture(scope="session")
def run() -> tuple[MemoryScores, Documents]:
    return make_run()


@pytest.fixture(scope="session")
def scores(run) -> MemoryScores:
    return run[0]


@pytest.fixture(scope="session")
def documents(run) -> Documents:
    return run[1]


@pytest.fixture(scope="session")
def agreement(run) -> Agreement:
    return agree(*run, resamples=200)
