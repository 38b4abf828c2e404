"""No command runs code that lies beside a model, whatever is typed."""

import ast
import json

import pytest
from typer.testing import CliRunner

from rationale.cli import app
from rationale.errors import RationaleError
from tests.places import ROOT
from tests.toys import save_model

LOADERS = {"from_pretrained", "from_config", "load_dataset", "pipeline"}
AUTOMATIC = ("AutoConfig", "AutoModel", "AutoModelForSequenceClassification", "AutoModelForQuestionAnswering")


def calls(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LOADERS:
            yield node


def is_super(call):
    """``super().from_pretrained(...)`` passes on what its caller was given."""
    return isinstance(call.func.value, ast.Call) and getattr(call.func.value.func, "id", "") == "super"


def test_every_call_that_loads_a_model_turns_remote_code_off():
    found = []
    for folder in ("rationale", "apps", "benchmarks"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for call in calls(path):
                if not is_super(call):
                    given = {word.arg: word.value for word in call.keywords}
                    value = given.get("trust_remote_code")
                    off = isinstance(value, ast.Constant) and value.value is False
                    found.append((f"{path.relative_to(ROOT)}:{call.lineno}", off))
    assert [place for place, off in found if not off] == []
    assert len(found) >= 8


@pytest.fixture
def trap(tmp_path):
    return tmp_path / "ran"


@pytest.fixture(params=["unknown family", "known family", "tokenizer"])
def hostile(request, tmp_path, trap):
    """A folder whose Python file would leave a mark."""
    folder = save_model(tmp_path / "model", "bert")
    (folder / "evil.py").write_text(
        f"open({str(trap)!r}, 'w').close()\n"
        "from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast\n"
        "class C(BertConfig):\n    model_type = 'evil'\n"
        "class M(BertForSequenceClassification):\n    config_class = C\n"
        "class T(PreTrainedTokenizerFast):\n    pass\n"
    )
    config = json.loads((folder / "config.json").read_text())
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    if request.param == "tokenizer":
        settings |= {"tokenizer_class": "T", "auto_map": {"AutoTokenizer": [None, "evil.T"]}}
    else:
        config["auto_map"] = {name: "evil.C" if name == "AutoConfig" else "evil.M" for name in AUTOMATIC}
        if request.param == "unknown family":
            config["model_type"] = "evil"
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return folder


TRAIN = ("--dev", "none", "--limit", "4", "--epochs", "1", "--device", "cpu", "--batch-size", "4")
COMMANDS = {
    "train classifier": ("train", "classifier", *TRAIN),
    "train adapler": ("train", "adapler", *TRAIN),
    "train ltp": ("train", "ltp", *TRAIN),
    "compare": ("compare", "--system", "lead:shares=0.5", "--dev", "none", "--limit", "4",
                "--timing-documents", "0", "--set", "epochs=1", "--set", "device=cpu", "--lengths",
                "--eval-split", "val"),
    "study topk": ("study", "topk", *TRAIN, "--eval-split", "val", "--eval-limit", "2",
                   "--methods", "random"),
    "score": ("score", "--split", "val", "--limit", "2", "--device", "cpu"),
    "sanity": ("sanity", "--split", "val", "--limit", "2", "--seeds", "0", "--device", "cpu"),
    "evaluate": ("evaluate", "--split", "val", "--limit", "2", "--device", "cpu", "--timing-documents", "0"),
    "explain": ("explain", "--text", "a quiet film", "--device", "cpu"),
    "trace": ("trace", "--text", "a quiet film", "--device", "cpu"),
}  # fmt: skip


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for split in ("train", "val"):
        rows = [{"text": f"a quiet film {n}", "label": ("NEG", "POS")[n % 2]} for n in range(8)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


@pytest.mark.training
@pytest.mark.parametrize("command", COMMANDS)
def test_yes_runs_nothing(command, hostile, trap, data, tmp_path, monkeypatch):
    """Whether the command refuses the folder, or reads it without its code."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    arguments = [*COMMANDS[command], "--model", str(hostile)]
    if command not in ("explain", "trace"):
        arguments += ["--data", str(data), "--out", str(tmp_path / "out.json")]
    result = CliRunner().invoke(app, arguments, input="y\n" * 20)
    assert result.exception is None or isinstance(result.exception, RationaleError | SystemExit)
    assert "custom code? [y/N]" not in result.output
    assert not trap.exists()
