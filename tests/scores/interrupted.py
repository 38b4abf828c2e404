"""Writes scores in children that are killed, or meet a full disk, and tells what is left on the disk.

Started once by test_interrupted.py: everything is imported and the model loaded before the first child is
forked, and nothing is computed in the parent, so that a child costs little and inherits no thread.
"""

import json
import os
import random
import resource
import shutil
import signal
import sys
import time
from pathlib import Path

import pandas  # noqa: F401  (pyarrow would import it, and the next line, in each child)
import pyarrow.compute  # noqa: F401
import torch

from rationale.artifacts.lock import LOCK
from rationale.corpus.document import Document, Documents
from rationale.errors import RationaleError
from rationale.loading.classifier import load_classifier
from rationale.scores import Faithfulness, ScoreOptions, StoredScores, score
from rationale.scores.writer import ScoreWriter
from tests.toys import wordy

ROOT = Path(sys.argv[2])
CLASSIFIER = load_classifier(sys.argv[1], device="cpu", max_length=24)
WHOLE, EARLIER = ROOT / "whole", ROOT / "earlier"


def compute(out, *, seed=0):
    """The one command: six documents in three parts."""
    documents = Documents([Document(str(i), str(i), wordy(5 + 9 * i, i)) for i in range(6)])
    options = ScoreOptions(
        methods=("input_x_gradient", "rollout.cls", "random"),
        faithfulness=Faithfulness(0.2),
        seed=seed,
        part_size=2,
    )
    score(CLASSIFIER, documents, options, out=out, progress=False)


def write(out, *, source=WHOLE, overwrite=False):
    """The same as far as the disk is concerned, with the scores of ``source``."""
    scores = StoredScores(source)
    documents = list(scores)
    writer = ScoreWriter(out, scores.recipe, overwrite=overwrite)
    for number in range(3):
        if number not in writer.done:
            writer.write(number, documents[2 * number : 2 * number + 2])
    writer.finish()


def content(folder):
    """Names and bytes of a folder; the file of the lock means nothing once its process is gone."""
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != LOCK]
    return {str(p.relative_to(folder)): p.read_bytes() for p in files}


def state(folder):
    """What a reader is told: the number of documents, or the error."""
    try:
        return len(list(StoredScores(folder)))
    except RationaleError as error:
        return f"{type(error).__name__}: {error}"


def child(work):
    """Forks, works, and gives what ``work`` returned, or None where it was killed."""
    read, write = os.pipe()
    number = os.fork()
    if not number:
        torch.set_num_threads(1)
        os.fsync = lambda handle: None  # the tests are of killed processes, not of power cuts
        os.close(read)
        os.write(write, json.dumps(work()).encode())
        os._exit(0)
    os.close(write)
    return number, os.fdopen(read)


def finish(process):
    """Waits for a child and reads its answer."""
    number, pipe = process
    with pipe:
        answer = pipe.read()
    os.waitpid(number, 0)
    return json.loads(answer) if answer else None


def counting(work, fatal=None):
    """Works, noting the calls that change the disk; at the fatal one the process kills itself."""
    calls = []

    def watched(call):
        def instead(*args, **kwargs):
            if len(calls) == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            calls.append(f"{call.__name__} {args[-1]}")
            return call(*args, **kwargs)

        return instead

    os.fsync = watched(os.fsync)
    for name in ("mkdir", "rename", "replace", "unlink", "rmdir"):
        setattr(os, name, watched(getattr(os, name)))
    work()
    return calls


def on_a_full_disk(out, **more):
    """Writes where no file may grow beyond 2,000 bytes; gives the error."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
    try:
        write(out, **more)
    except RationaleError as error:
        return f"{type(error).__name__}: {error}"
    return "no error"


def in_child(work, *args, **more):
    """What ``work`` returns, in a child of its own; None where it was killed."""
    return finish(child(lambda: work(*args, **more)))


def repeat(work, out):
    """What a reader is told after a kill, whether the scores were complete, and the same command again."""
    left, marked = state(out), (out / "COMPLETE").exists()
    if not marked:
        work(out)
    return {"left": left, "marked": marked}


def killed_at_steps(told, generator):
    """A fresh run, killed before one of its calls that change the disk, then repeated."""
    calls = in_child(counting, lambda: write(ROOT / "counted"))
    seal = next(step for step, call in enumerate(calls) if call.endswith("part-00001"))  # sealed, unnamed
    last = len(calls) - 1
    for step in [*generator.sample(range(last), 9), seal, last]:
        out = ROOT / f"step-{step}"
        in_child(counting, lambda out=out: write(out), step)
        trial = in_child(repeat, write, out)
        same = content(out) == content(WHOLE) and not list(ROOT.glob(f".{out.name}*"))
        told.append(trial | {"at": step, "same": same})


def killed_after_a_while(told, generator):
    """The command itself, killed at a random moment, then repeated."""
    started = time.perf_counter()
    in_child(compute, ROOT / "timed")
    duration = time.perf_counter() - started
    for number in range(2):
        out, moment = ROOT / f"after-{number}", generator.uniform(0.2, 1) * duration
        process = child(lambda out=out: compute(out))
        time.sleep(moment)
        os.kill(process[0], signal.SIGKILL)
        finish(process)
        trial = in_child(repeat, compute, out)
        told.append(trial | {"at": moment, "same": content(out) == content(WHOLE)})


def killed_while_replacing(told, generator):
    """Finished scores and a file of the user's, overwritten; killed at some calls, then repeated."""
    mine = {"agreement.json": b"mine"}
    shutil.copytree(EARLIER, ROOT / "copied")
    calls = in_child(counting, lambda: write(ROOT / "copied", overwrite=True))
    aside = next(step for step, call in enumerate(calls) if call.endswith(".old"))
    swap = range(aside, aside + 4)  # then follow the files and folders of the old scores
    for step in [*generator.sample(range(aside), 2), *swap, len(calls) - 1]:
        out = shutil.copytree(EARLIER, ROOT / f"replaced-{step}")
        (out / "agreement.json").write_text("mine")
        in_child(counting, lambda out=out: write(out, overwrite=True), step)
        between = {k: v for k, v in content(out).items() if k not in mine}
        readable = between in (content(EARLIER), content(WHOLE))
        in_child(write, out, overwrite=True)
        same = content(out) == content(WHOLE) | mine
        alone = list(ROOT.glob(f"*{out.name}*")) == [out]
        told.append({"at": step, "readable": readable, "gone": not between, "same": same, "alone": alone})


def main():
    """Tells, as one JSON object, what happened."""
    in_child(compute, WHOLE)
    in_child(compute, EARLIER, seed=1)
    told = {"files": sorted(content(WHOLE)), "step": [], "after": [], "replaced": []}
    generator = random.Random(int(sys.argv[3]))
    killed_at_steps(told["step"], generator)
    killed_after_a_while(told["after"], generator)
    killed_while_replacing(told["replaced"], generator)
    told["full"] = in_child(on_a_full_disk, ROOT / "full")
    told["full, state"] = in_child(state, ROOT / "full")
    in_child(write, ROOT / "full")
    told["full, repeated"] = content(ROOT / "full") == content(WHOLE)
    in_child(write, ROOT / "kept", source=EARLIER)
    told["full, overwriting"] = in_child(on_a_full_disk, ROOT / "kept", overwrite=True)
    told["full, kept"] = content(ROOT / "kept") == content(EARLIER)
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
