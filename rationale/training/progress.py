"""The progress bar of a training, and its checkpoints every few minutes."""

from __future__ import annotations

import time
from typing import Any

from tqdm.auto import tqdm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

_SAVE_SECONDS = 300.0


class Progress(TrainerCallback):
    """Shows one bar over all steps, with the loss and the last dev accuracy."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._shown: dict[str, str] = {}

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Opens the bar at the step where the run starts or resumes; only a terminal shows it."""
        if state.is_world_process_zero:
            start, total = state.global_step, state.max_steps
            self._bar = tqdm(total=total, initial=start, desc="train", unit="step", disable=None)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Moves the bar to the current step."""
        if self._bar is not None:
            self._bar.update(state.global_step - self._bar.n)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Shows the newest loss and dev accuracy beside the bar."""
        names = {
            "loss": "loss",
            "predictor_loss": "CP loss",
            "expected_length": "length",
            "kept": "kept",
            "eval_accuracy": "dev accuracy",
            "eval_speedup": "speedup",
        }
        shown = {names[key]: f"{value:.4f}" for key, value in (logs or {}).items() if key in names}
        if self._bar is not None and shown:
            self._shown.update(shown)
            self._bar.set_postfix(self._shown)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Closes the bar."""
        self.close()

    def close(self) -> None:
        """Closes the bar, also after an error."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class Saving(TrainerCallback):
    """Saves checkpoints inside long epochs too, and logs with each, so that a resumed run loses no loss.

    Args:
        seconds: Maximum time between checkpoints. Several processes do not share a clock, so they save at
            the end of each epoch only.
    """

    def __init__(self, seconds: float = _SAVE_SECONDS) -> None:
        self._seconds, self._last = seconds, time.monotonic()

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Starts the clock."""
        self._last = time.monotonic()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Requests a checkpoint when the last one is too old.

        Skips the last step of an epoch: its checkpoint follows its evaluation, which a run resumed from an
        earlier checkpoint of that step would skip.
        """
        is_last_of_epoch = state.global_step % round(state.max_steps / state.num_train_epochs) == 0
        if not is_last_of_epoch and args.world_size == 1 and time.monotonic() - self._last >= self._seconds:
            control.should_save = control.should_log = True

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Logs the loss at the last step, so that no log entry spans two epochs."""
        control.should_log = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Restarts the clock."""
        self._last = time.monotonic()
