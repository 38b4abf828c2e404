"""What to say of a dropping model that drops next to nothing, and what makes its system drop more."""

from __future__ import annotations

from rationale.dropping.system import SYSTEMS, System

LEAST_SPEEDUP = 1.05
"""Below so many times fewer operations a model drops next to nothing."""

ALMOST_ALL = 0.95
"""Share of words in the last layer from which on a model drops next to nothing."""

_ANY = System.drop_more


def drops_nothing(measured: str, system: str | None) -> str:
    """The finding and the next step.

    Args:
        measured: What shows it.
        system: A name in ``rationale list systems``, or None where it is not known.

    >>> drops_nothing("1.02x fewer operations", "ltp")
    'The model drops next to nothing (1.02x fewer operations): raise --lam.'
    """
    advice = SYSTEMS.get(system).drop_more if system is not None and system in SYSTEMS else _ANY
    return f"The model drops next to nothing ({measured}): {advice}."
