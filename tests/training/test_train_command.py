from __future__ import annotations

import json
from dataclasses import fields

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from rationale.commands.train import app
from rationale.corpus import split_dev
from rationale.errors import DataError, OutputError
from rationale.training import TrainingOptions
from tests.training.toy_training import planted

QUICK = ("--epochs", "1", "--batch-size", "8", "--learning-rate", "3e-3", "--device", "cpu")


def run(*arguments):
    result = CliRunner().invoke(app, ["classifier", *map(str, arguments)])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_every_training_option_is_an_option_of_the_command_with_its_default_and_help():
    command = get_command(app).commands["classifier"]
    options = {parameter.name: parameter for parameter in command.params}
    for entry in fields(TrainingOptions):
        assert options[entry.name].opts[0] == "--" + entry.name.replace("_", "-")
        assert options[entry.name].default == entry.default
        assert options[entry.name].help == entry.metadata["help"]
    assert {"model", "data", "out", "split", "dev", "limit", "overwrite"} < set(options)


@pytest.mark.training
def test_the_command_trains_on_a_folder_and_tells_what_came_of_it(folder, encoder, tmp_path):
    out = tmp_path / "out"
    result = run("--model", encoder, "--data", folder, "--out", out, "--dev", "0.25", "--seed", "3", *QUICK)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{out}: epoch 1, step 9, loss ")
    assert "dev accuracy" in result.stdout
    recipe = json.loads((out / "training.json").read_text())
    assert recipe["options"]["seed"] == 3
    assert (recipe["train"]["documents"], recipe["dev"]["documents"]) == (72, 24)
    assert recipe["dev"]["fingerprint"] == split_dev(planted(), 0.25)[1].fingerprint


@pytest.mark.training
def test_limit_and_dev_none(folder, encoder, tmp_path):
    arguments = ("--model", encoder, "--data", folder, "--out", tmp_path / "out", *QUICK)
    run(*arguments, "--limit", "16", "--dev", "none")
    recipe = json.loads((tmp_path / "out" / "training.json").read_text())
    assert (recipe["train"]["documents"], recipe["dev"]) == (16, None)


@pytest.mark.training
def test_the_reported_split_cannot_be_read_and_is_not_needed_unless_named(folder, encoder, tmp_path):
    arguments = ("--model", encoder, "--data", folder, "--out", tmp_path / "out", *QUICK)
    with pytest.raises(DataError):
        run(*arguments, "--dev", "val")
    run(*arguments, "--dev", "0.1")


def test_an_output_that_exists_stays(folder, encoder, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(OutputError, match="exists already"):
        run("--model", encoder, "--data", folder, "--out", out, *QUICK)
    assert list(out.iterdir()) == []


def test_a_wrong_dtype_lists_the_right_ones(folder, encoder, tmp_path):
    result = run("--model", encoder, "--data", folder, "--out", tmp_path / "out", "--dtype", "float16")
    assert result.exit_code == 2
    assert "bfloat16" in result.output


def test_the_sub_app_mounts_as_train(folder):
    whole = typer.Typer()
    whole.add_typer(app, name="train")
    result = CliRunner().invoke(whole, ["train", "classifier", "--help"])
    assert result.exit_code == 0
    assert "--learning-rate" in result.stdout
