"""The number of words that a condition may keep of a document."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from rationale.errors import RationaleError


@dataclass(frozen=True)
class Budget:
    """The number of words in the human rationale, a share of the words, or a fixed number.

    Attributes:
        kind: What the budget counts.
        amount: The share or the number; 0 for ``rationale``.
    """

    kind: Literal["rationale", "share", "count"] = "rationale"
    amount: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Parses ``rationale``, ``20%`` or ``30``.

        Raises:
            RationaleError: On other text, a share outside (0, 100] or a number below 1.

        >>> Budget.parse("20%").of(words=41, rationale=3), Budget.parse("rationale").of(words=41, rationale=3)
        (9, 3)
        """
        if text == "rationale":
            return cls()
        try:
            budget = cls("share", float(text[:-1]) / 100) if text.endswith("%") else cls("count", int(text))
        except ValueError:
            budget = cls("count", 0)
        valid = (0 < budget.amount <= 1) if budget.kind == "share" else budget.amount >= 1
        if not valid:
            raise RationaleError(
                f"the budget is {text!r}",
                remedy="Give rationale, a share such as 20%, or a number such as 30.",
            )
        return budget

    def of(self, *, words: int, rationale: int) -> int:
        """The budget of a document, between 1 and ``words``.

        Args:
            words: Number of words in the window.
            rationale: Number of rationale words in the window.
        """
        counts = {
            "rationale": rationale,
            "share": math.ceil(round(self.amount * words, 9)),
            "count": self.amount,
        }
        return max(1, min(words, int(counts[self.kind])))
