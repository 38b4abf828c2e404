"""What to say of a dropping model that drops next to nothing, and what makes its system drop more."""

from __future__ import annotations

LEAST_SPEEDUP = 1.05
"""Below so many times fewer operations a model drops next to nothing."""

ALMOST_ALL = 0.95
"""Share of words in the last layer from which on a model drops next to nothing."""


def drops_nothing(measured: str, system: str | None) -> str:
    """The finding and the next step.

    Args:
        measured: What shows it.
        system: A name in ``rationale list systems``, or None where it is not known.

    >>> drops_nothing("1.02x fewer operations", "ltp")
    'The model drops next to nothing (1.02x fewer operations): raise --lambda.'
    """
    from rationale.dropping.system import SYSTEMS, System  # imports torch, and few have to be advised

    known = SYSTEMS.get(system) if system is not None and system in SYSTEMS else System
    return f"The model drops next to nothing ({measured}): {known.drop_more}."
