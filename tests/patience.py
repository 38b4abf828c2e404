"""How long tests wait before they call something dead: one place, because a loaded machine is only slow.

No assertion is about seconds; these are for what would otherwise hang.
RATIONALE_TEST_PATIENCE multiplies all of them.
"""

from __future__ import annotations

import os

_FACTOR = float(os.environ.get("RATIONALE_TEST_PATIENCE", "1"))

PAGE = 300 * _FACTOR
"""Seconds for one event in a browser or in the app's own runner."""
CHILD = 1200 * _FACTOR
"""Seconds for a child process: it imports torch, and may train."""
PAGE_MS = 1000 * PAGE
"""The same in Playwright's unit."""


def patient(holder):
    """A browser context or page that waits that long for each of its actions; returns it."""
    holder.set_default_timeout(PAGE_MS)
    return holder
