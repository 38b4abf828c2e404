"""What docs/extending.md tells people to write works as it stands there."""

from __future__ import annotations

import re

import pytest

from tests.children import python
from tests.places import ROOT

pytestmark = pytest.mark.training

PAGE = ROOT / "docs" / "extending.md"
USE = """
import sys

from typer.testing import CliRunner

from tests.children import python
from rationale.agreement import agree
from rationale.commands.train import app
from rationale.corpus import load_documents
from rationale.loading.classifier import load_classifier
from rationale.scores import ScoreOptions, score
from rationale.evaluation.evaluate import Timing, evaluate

data, encoder, out = sys.argv[1:]
given = ["norm", "--model", encoder, "--data", data, "--out", out, "--epochs", "1", "--device", "cpu"]
result = CliRunner().invoke(app, [*given, "--share", "0.6"], catch_exceptions=False)
assert result.exit_code == 0, result.output
classifier, documents = load_classifier(out, device="cpu"), load_documents(data, "train")
scores = score(classifier, documents, ScoreOptions(methods=("input_x_gradient.max", "kept")), progress=False)
agreement = agree(scores, documents, resamples=5)
assert {r.method for r in agreement.records} == {"kept", "input_x_gradient.max"}
assert evaluate(classifier, documents, Timing(0)).flops_speedup > 1
"""


def test_the_examples_of_the_page_run_together(folder, encoder, tmp_path):
    """A process of its own: what the page registers must not reach other tests."""
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(examples) == 3
    script = "\n".join([*examples, USE])
    done = python("-c", script, folder, encoder, tmp_path / "norm")
    assert done.returncode == 0, done.stderr
