"""The warning about a dropping model that drops next to nothing, with advice for its system."""

from __future__ import annotations

LEAST_SPEEDUP = 1.05
"""The speedup below which a model drops next to nothing."""

ALMOST_ALL = 0.95
"""The share of words kept in the last layer from which a model drops next to nothing."""


def drops_nothing(measured: str, system: str | None) -> str:
    """The warning, and the option to change.

    Args:
        measured: The measurement that shows it, as text.
        system: A name in ``rationale list systems``, or None where it is unknown.

    >>> drops_nothing("1.02x fewer operations", "ltp")
    'The model drops next to nothing (1.02x fewer operations): raise --lambda.'
    """
    from rationale.dropping.system import SYSTEMS, System  # imports torch, which few callers need

    known = SYSTEMS.get(system) if system is not None and system in SYSTEMS else System
    return f"The model drops next to nothing ({measured}): {known.drop_more}."
