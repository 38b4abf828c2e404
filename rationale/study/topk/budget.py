"""How many words a condition may keep of a document."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from rationale.errors import RationaleError


@dataclass(frozen=True)
class Budget:
    """As many as the human rationale has, a share of the words, or a fixed number.

    Attributes:
        kind: Which of them.
        amount: The share, or the number; 0 for the rationale's.
    """

    kind: Literal["rationale", "share", "count"] = "rationale"
    amount: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Budget:
        """From ``rationale``, ``20%`` or ``30``.

        Raises:
            RationaleError: On anything else, a share outside (0, 100], a number below 1.

        >>> Budget.parse("20%").of(words=41, rationale=3), Budget.parse("rationale").of(words=41, rationale=3)
        (9, 3)
        """
        if text == "rationale":
            return cls()
        try:
            made = cls("share", float(text[:-1]) / 100) if text.endswith("%") else cls("count", int(text))
        except ValueError:
            made = cls("count", 0)
        ends = (0 < made.amount <= 1) if made.kind == "share" else made.amount >= 1
        if not ends:
            raise RationaleError(
                f"the budget is {text!r}",
                remedy="Give rationale, a share such as 20%, or a number such as 30.",
            )
        return made

    def of(self, *, words: int, rationale: int) -> int:
        """K of a document with so many words and rationale words in its window: at most all, at least 1."""
        wanted = {
            "rationale": rationale,
            "share": math.ceil(round(self.amount * words, 9)),
            "count": self.amount,
        }
        return max(1, min(words, int(wanted[self.kind])))
