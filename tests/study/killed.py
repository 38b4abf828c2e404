"""Trains, compares and studies in children that are killed, and tells what the same command makes of it.

Started once by test_killed.py: everything is imported before the first child is forked, and nothing is
computed in the parent, so that a child costs little and inherits no thread.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from pathlib import Path

import pandas  # noqa: F401  (pyarrow would import it, and the next line, in each child)
import pyarrow.compute  # noqa: F401
import torch

from rationale.evaluation.evaluate import Timing
from rationale.study.compare import compare_systems
from rationale.study.grid import Setting
from rationale.study.topk.conditions import Condition
from rationale.study.topk.study import StudyOptions, study_topk
from rationale.training import TrainingOptions, progress, train_classifier, trainer
from tests.training.toy_training import planted, save_encoder

ROOT = Path(sys.argv[1]).resolve()
TRAIN, DEV, REPORTED = planted(16), planted(8, seed=1), planted(8, seed=2, split="test")
OPTIONS = TrainingOptions(epochs=2, batch_size=8, learning_rate=1e-3, device="cpu")
COMMON = {"epochs": 1, "fine_tune_epochs": 1, "batch_size": 8, "learning_rate": 2e-3, "device": "cpu"}
ENCODER = "../encoder"


def training():
    """A classifier, with a checkpoint after every step."""
    train_classifier(ENCODER, TRAIN, DEV, "out", OPTIONS)


def comparing():
    """A plain fine-tuning, LTP in two stages, and the uninformed baseline."""
    settings = [Setting.parse("ltp:reference=12,final_threshold=0.06"), Setting.parse("lead:shares=0.5")]
    compare_systems(ENCODER, TRAIN, DEV, REPORTED, "out", settings, common=COMMON, timing=Timing(0))


def studying():
    """The full input, the human rationale and a condition of scores."""
    conditions = [Condition.parse("human"), Condition.parse("input_x_gradient")]
    study_topk(ENCODER, TRAIN, None, REPORTED, "out", StudyOptions(conditions, training=OPTIONS))


WORK = {"train": training, "compare": comparing, "study": studying}


def content(folder):
    """Names and bytes of all that follows from the inputs: how long it took does not."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.name == "comparison.json":
            told = json.loads(path.read_text())
            del told["seal"]
            for record in told["records"]:
                del record["seconds"]
            found["comparison.json"] = json.dumps(told)
        elif path.name not in ("seconds.json", ".lock"):
            found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def child(work, folder, fatal=None):
    """Forks, and works there; at the fatal one of the calls that change the disk the child kills itself."""
    predict_parts, write = os.pipe()
    number = os.fork()
    if not number:
        os.close(predict_parts)
        torch.set_num_threads(1)
        os.chdir(folder)
        trainer.Saving = lambda: progress.Saving(0.0)
        os.write(write, json.dumps(counting(work, fatal)).encode())
        os._exit(0)
    os.close(write)
    return number, os.fdopen(predict_parts)


def counting(work, fatal):
    count = 0

    def watched(call):
        def instead(*args, **kwargs):
            nonlocal count
            if count == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1
            return call(*args, **kwargs)

        return instead

    os.fsync = watched(lambda handle: None)  # the tests are of killed processes, not of power cuts
    for name in ("mkdir", "rename", "replace", "unlink", "rmdir"):
        setattr(os, name, watched(getattr(os, name)))
    work()
    return count


def finish(process):
    """Waits for a child; the number of its calls, None where it was killed or failed."""
    number, pipe = process
    with pipe:
        answer = pipe.read()
    os.waitpid(number, 0)
    return json.loads(answer) if answer else None


def trial(name, number, kill, whole):
    """A run that is killed, and the same command again until it ends."""
    folder = ROOT / f"{name}-{number}"
    folder.mkdir()
    process = child(WORK[name], folder, kill if isinstance(kill, int) else None)
    if isinstance(kill, float):
        time.sleep(kill)
        os.kill(process[0], signal.SIGKILL)
    killed = finish(process) is None
    ended = finish(child(WORK[name], folder)) is not None if killed else True
    found = content(folder)
    left = [path for path in found if path.endswith(".tmp") or ".unfinished" in path]
    told = {"of": name, "at": kill, "killed": killed, "ended": ended, "same": found == whole, "left": left}
    if not told["same"]:
        told["other"] = sorted(k for k in found.keys() | whole.keys() if found.get(k) != whole.get(k))
    else:
        shutil.rmtree(folder)
    return told


def main():
    """Tells, as one JSON object, what happened in so many trials of each."""
    trials, generator = json.loads(sys.argv[2]), random.Random(int(sys.argv[3]))
    save_encoder(ROOT / "encoder")
    told = []
    for name, many in trials.items():
        folder = ROOT / f"{name}-whole"
        folder.mkdir()
        started = time.perf_counter()
        steps = finish(child(WORK[name], folder))
        duration = time.perf_counter() - started
        whole = content(folder)
        for number in range(many):
            late = number % 3 == 2
            kill = generator.uniform(0.1, 1.0) * duration if late else generator.randrange(steps)
            told.append(trial(name, number, kill, whole) | {"steps": steps})
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
