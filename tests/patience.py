"""How long tests wait before they call something dead: one place, because a loaded machine is only slow.

No assertion is about seconds; these are for what would otherwise hang. Tests wait for states and
never sleep. RATIONALE_TEST_PATIENCE multiplies all of them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest

_FACTOR = float(os.environ.get("RATIONALE_TEST_PATIENCE", "1"))

PAGE = 300 * _FACTOR
"""Seconds for one event in a browser or in the app's own runner."""
CHILD = 1200 * _FACTOR
"""Seconds for a child process: it imports torch, and may train."""
PAGE_MS = 1000 * PAGE
"""The same in Playwright's unit."""


def until(holds: Callable[[], bool], what: str, pause: Callable[[], Any] = lambda: time.sleep(0.2)) -> None:
    """Polls until something holds; the test fails, naming what was waited for, where it never does.

    Args:
        holds: Asked again and again.
        what: What is waited for, for the message.
        pause: Called in between; pages of a browser are paused in their own way.
    """
    last = time.monotonic() + PAGE
    while not holds():
        if time.monotonic() > last:
            pytest.fail(f"{what}: not within {PAGE:.0f} s")
        pause()


def drawn(page) -> None:
    """Waits until a browser has laid out and painted what it was told so far."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def patient(holder):
    """A browser context or page that waits that long for each of its actions; returns it."""
    holder.set_default_timeout(PAGE_MS)
    return holder
