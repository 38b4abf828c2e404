"""The choices of a randomisation check."""

from typing import Literal

Mode = Literal["cascade", "independent"]
Draw = Literal["init", "shuffle"]
