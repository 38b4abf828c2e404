"""A training of twelve steps, broken off where a test wants it, and what has to be the same in the end."""

from __future__ import annotations

import pytest

from rationale.training import TrainingOptions, train_classifier
from rationale.training import progress as progress_module
from rationale.training import trainer as trainer_module
from tests.training.toy_training import planted

OPTIONS = TrainingOptions(
    epochs=3, batch_size=4, grad_accumulation=2, learning_rate=1e-3, device="cpu", patience=3
)
TRAIN, DEV = planted(32), planted(8, seed=1)  # 4 steps an epoch
FILES = ("model.safetensors", "config.json", "training.json", "tokenizer.json")


def train(encoder, out, options=OPTIONS, **settings):
    return train_classifier(encoder, TRAIN, DEV, out, options, **settings)


def assert_same(path, whole):
    for name in FILES:
        assert (path / name).read_bytes() == (whole / name).read_bytes(), name


def interrupt(monkeypatch, encoder, out, step, options=OPTIONS, *, seconds, **settings):
    """Breaks off after ``step``, having saved at least every ``seconds``."""

    class Interrupt(progress_module.Progress):
        def on_step_end(self, args, state, control, **_):
            if state.global_step == step:
                raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(trainer_module, "Progress", Interrupt)
        patched.setattr(trainer_module, "Saving", lambda: progress_module.Saving(seconds))
        with pytest.raises(KeyboardInterrupt):
            train(encoder, out, options, **settings)
