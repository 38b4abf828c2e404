"""The JSON that the JavaScript of the words component reads, key by key.

There are U units (words or tokens), L layers of the slider, and R rows of a panel, one per scored layer.
"""

from __future__ import annotations

from typing import TypedDict

Rounded = list[float | None]
"""Rounded numbers; null where a number is missing."""

Named = list[str | float]
"""A name and its probability."""


class Level(TypedDict):
    """The entry of one layer in the list of layers."""

    share: float
    count: str
    caption: str


class Facts(TypedDict):
    """A group of numbers on the card of a word, each with its name."""

    title: str
    rows: list[list[str]]


class Panel(TypedDict):
    """One method on one document; lists of R rows, each a list of U units.

    ``rows`` holds for each of the L layers the row that it shows, -1 for none; ``legend`` pairs a sign with
    its meaning, ``tallies`` counts the units with that sign.
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
    """The texts of the page and of screen readers."""

    layers: str
    strip: str
    kinds: list[str]
    marks: list[str]
    verdicts: list[str]
    units: str
    text: str


class PredictionData(TypedDict):
    """The classes with their probabilities, highest first, and whether the prediction is right.

    ``wrong`` is a sentence where it is not the gold label, else empty.
    """

    bars: list[Named]
    note: str
    wrong: str


class AnnotatorsData(TypedDict):
    """The lines of a document's annotators, as classes of each unit and of the space before it.

    ``notes`` says of each unit who marked it; ``legend`` pairs the classes of a sample with its meaning.
    """

    kind: str
    lines: list[str]
    spaces: list[str]
    notes: list[str]
    legend: list[list[str]]


class Content(UnitData):
    """All that is drawn; ``human`` is the human rationale, 0 or 1 per unit, null without annotation.

    ``annotators`` is null where a document has fewer than two.
    """

    human: list[int] | None
    annotators: AnnotatorsData | None
    layers: list[int]
    names: list[str]
    labels: Labels
    prediction: PredictionData
    panels: list[Panel]


class WordsData(Content):
    """The content, digests that tell what changed, and the user's position."""

    document: str
    text: str
    version: str
    layer: int
    pins: list[int]
