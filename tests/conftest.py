"""What several folders of tests share: lanes, one Chromium, and the model trained on the sample."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from tests.patience import PAGE_MS, patient

# One thread a worker, whatever is set outside: two workers of two threads each wait for each other on two
# cores, for minutes, and sums that threads share would make other trainings of other machines.
os.environ |= {name: "1" for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS")}

collect_ignore = ["scores/interrupted.py", "study/killed.py"]  # scripts that tests run in a child

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]


# Generated inputs are checked by what comes out, not by how long it takes: a loaded machine is only slow.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


_LANE_OF = {"browser": "browser", "trains": "training"}


@pytest.fixture(scope="session")
def trains() -> None:
    """Asked for by every fixture that trains a model, so that all tests that use it are in that lane."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests whose fixtures, or whose fixtures' fixtures, train or open a browser are in those lanes.

    The files that take longest come first, so that no worker is left alone with them in the end.
    """
    first: dict[Path, int] = {}
    for item in items:
        asked = getattr(item, "fixturenames", ())
        for fixture, lane in _LANE_OF.items():
            if fixture in asked:
                item.add_marker(lane)
        long = any(item.get_closest_marker(lane) for lane in ("training", "browser", "slow"))
        rank = 0 if "dropping_on_sample" in asked else 1 if long else 2
        first[item.path] = min(rank, first.get(item.path, rank))
    items.sort(key=lambda item: first[item.path])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item):
    """Outside its lane nothing trains: neither a test nor a fixture that is made for it."""
    with pytest.MonkeyPatch.context() as patched:
        transformers = sys.modules.get("transformers.trainer")
        if transformers is not None and item.get_closest_marker("training") is None:
            patched.setattr(transformers.Trainer, "train", _refuse)
        return (yield)


def _refuse(*_: object, **__: object) -> None:
    pytest.fail("this trains: mark the test `training`, or let its fixture ask for `trains`")


class Browser:
    """A Chromium whose contexts and pages wait as long as tests/patience.py says."""

    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium

    def new_context(self, **settings: Any) -> Any:
        return patient(self._chromium.new_context(**settings))

    def new_page(self, **settings: Any) -> Any:
        return patient(self._chromium.new_page(**settings))


@pytest.fixture(scope="session")
def browser():
    """One headless Chromium a session: Playwright's sync API runs once in a process."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("there is no Chromium here")
    playwright.expect.set_options(timeout=PAGE_MS)
    with playwright.sync_playwright() as running:
        chromium = running.chromium.launch(executable_path=found, args=ARGUMENTS, timeout=PAGE_MS)
        yield Browser(chromium)
        chromium.close()


@pytest.fixture(scope="session")
def trained_on_sample(trains, pytestconfig) -> Path:
    """The demo's classifier; trained once, then kept in pytest's cache by the hash of all that made it."""
    from rationale.demo import sample_classifier

    return _once(pytestconfig, sample_classifier)


@pytest.fixture(scope="session")
def dropping_on_sample(trains, pytestconfig) -> Path:
    """The demo's AdapLeR; its phase 1 is the classifier above."""
    from rationale.demo import sample_adapler

    return _once(pytestconfig, sample_adapler)


def _once(config: pytest.Config, make: Callable[[Path], Path]) -> Path:
    """What ``make`` leaves in pytest's cache; of several workers one makes it and the others wait."""
    folder = Path(config.cache.mkdir("sample-classifier"))
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        return make(folder)
