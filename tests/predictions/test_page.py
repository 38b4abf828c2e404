"""The examples of docs/predictions.md run and print what the page shows."""

import contextlib
import io
import re
from pathlib import Path

from rationale.predictions.kinds import KINDS

PAGE = Path(__file__).parents[2] / "docs" / "predictions.md"


def blocks():
    return re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = iter(("reviews.jsonl", "gpt.jsonl"))
    names: dict[str, object] = {}
    printed = io.StringIO()
    for language, text in blocks():
        if language == "json":
            Path(next(files)).write_text(text, encoding="utf-8")
        elif language == "python":
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(text, names)
        elif language != "sh":  # commands are parsed in test_docs
            assert language == "text"
            assert printed.getvalue() == text


def test_the_table_has_every_kind():
    table = PAGE.read_text(encoding="utf-8")
    assert all(f"| `{kind}`" in table for kind in KINDS if kind != "sentence_scores")
