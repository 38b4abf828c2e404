"""What the words component is told: the JSON that its JavaScript reads, key by key.

U units (words or tokens) on show, L layers of the slider, R rows of a panel: one a layer that was scored.
"""

from __future__ import annotations

from typing import TypedDict

Rounded = list[float | None]
"""Rounded numbers; null where there is none."""

Named = list[str | float]
"""A name and its probability."""


class Level(TypedDict):
    """What the list of layers says about one layer."""

    share: float
    count: str
    caption: str


class Facts(TypedDict):
    """A group of numbers on the card, each with its name."""

    title: str
    rows: list[list[str]]


class Panel(TypedDict):
    """One method on one document; lists of R, of U inside.

    ``rows`` says for each of the L layers which row it shows, -1 for none; ``legend`` pairs a look with its
    meaning, ``tallies`` counts the units that wear it.
    """

    title: str
    headings: list[str]
    rows: list[int]
    scores: list[Rounded]
    marks: list[list[int]]
    parts: list[list[int]] | None
    levels: list[Level]
    facts: list[list[Facts]]
    rule: str
    alarms: bool
    legend: list[list[str]]
    tallies: list[list[str]]
    perturbed: list[list[Named]]
    thresholds: list[Rounded] | None
    best: list[Rounded] | None


class UnitData(TypedDict):
    """The units of the part on show; ``offset`` is the first one's number."""

    units: list[str]
    kinds: list[int] | None
    joins: list[int] | None
    words: list[int] | None
    windows: list[int] | None
    notes: list[str]
    offset: int


class Labels(TypedDict):
    """What is written on the page, or read to those who cannot see it."""

    layers: str
    strip: str
    kinds: list[str]
    marks: list[str]
    verdicts: list[str]
    units: str
    text: str


class PredictionData(TypedDict):
    """The classes with their probabilities, the likeliest first, and whether the prediction is right."""

    bars: list[Named]
    note: str


class Content(UnitData):
    """All that is drawn; ``human`` is the human rationale, 0 or 1 a unit, null where nobody was asked."""

    human: list[int] | None
    layers: list[int]
    names: list[str]
    labels: Labels
    prediction: PredictionData
    panels: list[Panel]


class WordsData(Content):
    """The content, digests that tell what changed, and where the reader is."""

    document: str
    text: str
    version: str
    layer: int
    pins: list[int]
