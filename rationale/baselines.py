"""Scores that never look at a model: what every method is compared with."""

BASELINES = ("random", "position", "length")
