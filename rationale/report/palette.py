"""The palette and line styles of report and app: amber for the model, blue for the human, ink for the rest.

A method's hue and marker shape show its family, its dash and marker filling show the variant: no two methods
differ by colour alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rationale.artifacts.provenance import Provenance
from rationale.scores.families import BASELINE, family_of

INK = "#1b1e25"
SOFT = "#5b6270"  # second voice; 6:1 on white
LINE = "#e3e5ea"
GROUND = "#f6f7f9"
PAPER = "#ffffff"
AMBER = "#e78a00"
AMBER_INK = "#8a4b00"  # amber as a line or as text; 6:1 on white
BLUE = "#1f5fbf"
GREY = "#767c88"
ANNOTATORS = ("#be074d", "#0e4827", "#6d28d9", "#7c4a1e", "#0e7490", "#86297d", "#4d7c0f", "#6b5801")
"""The lines of a document's annotators, in their order; contrast at least 4.5:1 on white."""

SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'
SERIF = 'Charter, "Bitstream Charter", "Iowan Old Style", "Source Serif 4", Cambria, Georgia, serif'

_HUES = {
    "gradient": "#be074d",
    "attention": "#6b1be1",
    "rollout": "#0e4827",
    "policy_score": "#c97800",
    "path": "#86297d",
    "perturbation": "#6b5801",
    BASELINE: GREY,
}
_SPARE_HUES = ("#0e7490", "#7c4a1e", "#4d7c0f", "#6d28d9")
_SHAPES = (
    *("circle", "square", "triangle-up", "diamond", "pentagon", "star", "hexagon", "triangle-down"),
    *("cross", "x", "hexagram", "diamond-tall", "hourglass", "bowtie"),
)
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
_FILLS = ("", "-open", "-open-dot", "-dot")
_FIRST_DASH = {BASELINE: 2, "path": 1, "perturbation": 1}  # levels, drawn dashed


@dataclass(frozen=True, slots=True)
class Stroke:
    """The line style of one method.

    Attributes:
        colour: A CSS colour with a contrast of at least 3:1 on white; shared by a family.
        dash: A plotly dash; it distinguishes variants of a family.
        symbol: A plotly marker symbol; its shape shows the family, its filling the variant.
    """

    colour: str
    dash: str
    symbol: str


def strokes(methods: Iterable[str], recipe: Provenance | None = None) -> dict[str, Stroke]:
    """Gives each method its own stroke; pass all methods of a run, so that a subset keeps its strokes.

    Args:
        methods: Method names, in the order they were requested.
        recipe: Provenance of their scores, which names the families; None uses the registered methods.

    >>> strokes(["input_x_gradient", "input_x_gradient.l1"])["input_x_gradient.l1"]
    Stroke(colour='#be074d', dash='dash', symbol='circle-open')
    """
    hues, spare = dict(_HUES), list(_SPARE_HUES)
    seen: dict[str, int] = {}
    result = {}
    for method in dict.fromkeys(methods):
        group = family_of(method, recipe)
        if group not in hues:
            hues[group] = spare[(len(hues) - len(_HUES)) % len(spare)]
        variant = seen[group] = seen.get(group, -1) + 1
        shape = _SHAPES[list(hues).index(group) % len(_SHAPES)]
        dash = _DASHES[(variant + _FIRST_DASH.get(group, 0)) % len(_DASHES)]
        result[method] = Stroke(hues[group], dash, shape + _FILLS[variant % len(_FILLS)])
    return result


def tint(colour: str, alpha: float) -> str:
    """Converts a ``#rrggbb`` colour to CSS ``rgba`` with this opacity.

    >>> tint("#e78a00", 0.25)
    'rgba(231,138,0,0.25)'
    """
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha:g})"
