"""The cells of docs/results/adapler as curves: what is lost against how many times fewer operations.

    python benchmarks/pareto.py --set agnews

draws docs/images/pareto-SET.png in a headless Chromium: one point a cell, the paired difference from the
plain classifier of the same seed with its 95 % interval, against the FLOPs speedup on the reported split.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
from adapler_tables import CELLS, accuracy, difference, matthews, outcomes
from keeping import draw

from rationale.report.figures.style import TICKS, finish
from rationale.report.palette import AMBER, INK, SOFT

IMAGES = Path(__file__).parents[1] / "docs" / "images"


def figure(name: str) -> go.Figure:
    score = matthews if name == "cola" else accuracy
    points = []
    for path in sorted(CELLS.glob(f"{name}-phi*.json")):
        found, right = json.loads(path.read_text()), outcomes(path.stem)
        plain = outcomes(f"{name}-plain-{path.stem.split('-')[-1]}")
        points.append((found["flops_speedup"], *difference(score, right, plain), path.stem))
    points.sort(key=lambda point: point[0])
    x, y = [p[0] for p in points], [100 * p[1] for p in points]
    above = [100 * (p[3] - p[1]) for p in points]
    below = [100 * (p[1] - p[2]) for p in points]
    figure = go.Figure()
    figure.add_scatter(
        x=[1, *x], y=[0, *y], mode="lines+markers+text",
        text=["plain", *(p[4].split("-")[1].replace("phi", "φ ") for p in points)], textposition="top right",
        line={"color": AMBER, "width": 2},
        marker={"size": 9, "color": AMBER, "line": {"color": INK, "width": 1}},
        error_y={
            "type": "data", "array": [0, *above], "arrayminus": [0, *below], "color": SOFT, "thickness": 1,
        },
    )  # fmt: skip
    low, high = min([-2.0, *(np.array(y) - below)]), max([1.5, *(np.array(y) + above)])
    figure.update_xaxes(
        TICKS, title_text="times fewer operations (FLOPs speedup)", range=[0.8, max(x) * 1.15]
    )
    figure.update_yaxes(TICKS, title_text="points lost or won", range=[low - 0.5, high + 0.5])
    figure.add_hline(y=0, line={"color": SOFT, "width": 1, "dash": "dot"})
    return finish(figure, f"Accuracy lost against FLOPs speedup on {name}", height=420)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--set", required=True)
    name = parser.parse_args().set
    draw({IMAGES / f"pareto-{name}.png": figure(name)}, height=440)


if __name__ == "__main__":
    main()
