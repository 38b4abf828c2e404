"""The benchmark measures equal numbers, and runs."""

import json

import pytest

from tests.children import python
from tests.places import ROOT

pytestmark = pytest.mark.slow

SCRIPT = ROOT / "benchmarks" / "agreement.py"


def test_the_benchmark_runs_on_a_few_documents(tmp_path):
    out = tmp_path / "speed.json"
    done = python(SCRIPT, "--documents", "5", "--words", "40", "--repeats", "2", "--out", out)
    assert "| rationale |" in done.stdout, done.stderr
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert figures["largest_difference"] < 1e-12
    assert [len(values) for values in figures["words_a_second"].values()] == [2, 2]
