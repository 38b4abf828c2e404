from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from rationale.errors import RationaleError
from rationale.training import TrainingOptions


def test_options_are_frozen_and_every_field_explains_itself():
    options = TrainingOptions()
    with pytest.raises(FrozenInstanceError):
        options.epochs = 3  # type: ignore[misc]
    assert all(field.metadata["help"].endswith(".") for field in fields(options))


def test_the_help_of_attention_dropout_warns_of_the_slow_path():
    [entry] = [field for field in fields(TrainingOptions) if field.name == "attention_dropout"]
    assert "several times faster" in entry.metadata["help"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("batch_size", 0),
        ("grad_accumulation", -1),
        ("max_length", 0),
        ("patience", 0),
        ("learning_rate", 0.0),
        ("weight_decay", -0.1),
        ("warmup", 1.0),
        ("label_smoothing", 1.5),
        ("attention_dropout", -0.5),
        ("device", "abacus"),
        ("dtype", "float16"),
        ("checkpoint", "first"),
    ],
)
def test_a_value_out_of_range_names_its_option(name, value):
    with pytest.raises(RationaleError, match=f"^--{name.replace('_', '-')} is {value!r}. It must be "):
        TrainingOptions(**{name: value})


def test_the_last_epoch_is_not_kept_by_a_run_that_stops_by_dev():
    with pytest.raises(RationaleError, match=r"--patience is 2\. It must be left out with --checkpoint last"):
        TrainingOptions(patience=2, checkpoint="last")
