"""What a run shows and when it saves: one bar, and a checkpoint every few minutes."""

from __future__ import annotations

import time
from typing import Any

from tqdm.auto import tqdm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

_SAVE_SECONDS = 300.0


class Progress(TrainerCallback):
    """One bar over all steps with the loss and the last dev accuracy; nothing else is printed."""

    def __init__(self) -> None:
        self._bar: tqdm[Any] | None = None
        self._shown: dict[str, str] = {}

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Opens the bar where the run starts or resumes; a terminal shows it, a log file does not."""
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
        news = {names[key]: f"{value:.4f}" for key, value in (logs or {}).items() if key in names}
        if self._bar is not None and news:
            self._shown.update(news)
            self._bar.set_postfix(self._shown)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Closes the bar."""
        self.close()

    def close(self) -> None:
        """Closes the bar, also where training broke off."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


class Saving(TrainerCallback):
    """Saves inside long epochs too; whenever it saves it logs, so that no loss is lost between two runs.

    Args:
        seconds: The longest time without a checkpoint. Several processes would not agree on the clock, and
            save at the end of each epoch only.
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
        """Asks for a checkpoint when the last one is old.

        Not at the last step of an epoch: the epoch's own follows its evaluation, which a run that is
        continued from one before it would never make up for.
        """
        ends = state.global_step % round(state.max_steps / state.num_train_epochs) == 0
        if not ends and args.world_size == 1 and time.monotonic() - self._last >= self._seconds:
            control.should_save = control.should_log = True

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Has the loss logged up to the epoch's last step: epochs do not share a record."""
        control.should_log = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Starts the clock anew."""
        self._last = time.monotonic()
