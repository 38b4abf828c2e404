"""The benchmark measures equal numbers, and runs."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "agreement.py"


def test_the_benchmark_runs_on_a_few_documents(tmp_path):
    out = tmp_path / "speed.json"
    command = [sys.executable, SCRIPT, "--documents", "5", "--words", "40", "--repeats", "2", "--out", out]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "| rationale |" in shown
    figures = json.loads(out.read_text(encoding="utf-8"))
    assert figures["largest_difference"] < 1e-12
    assert [len(values) for values in figures["words_a_second"].values()] == [2, 2]
