"""Hues stay apart for colour-uninformed readers, and nothing is told by hue alone."""

from itertools import combinations

import numpy as np
import pytest

from rationale.report.palette import AMBER_INK, BLUE, GREY, INK, SOFT, strokes, tint
from rationale.scores.families import family_of

METHODS = [
    "input_x_gradient", "input_x_gradient.l1", "input_x_gradient.sum", "gradient_norm", "attention.all",
    "attention.cls", "rollout.all", "rollout.cls", "policy_score", "integrated_gradients", "gradient_shap",
    "deep_lift", "occlusion", "lime",
    "kernel_shap", "random", "lead", "word_length",
]  # fmt: skip

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
DEFICIENCIES = {
    "none": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}


def linear(colour: str) -> np.ndarray:
    c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast_on_white(colour: str) -> float:
    return 1.05 / (float(np.array([0.2126, 0.7152, 0.0722]) @ linear(colour)) + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ rgb / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_families_and_the_human_blue_stay_apart(deficiency: str) -> None:
    hues = {family_of(m): s.colour for m, s in strokes(METHODS).items()} | {"human": BLUE}
    seen = {name: lab(np.clip(DEFICIENCIES[deficiency] @ linear(hue), 0, 1)) for name, hue in hues.items()}
    for a, b in combinations(seen, 2):
        assert np.linalg.norm(seen[a] - seen[b]) > 20, (a, b)


def test_lines_have_3_to_1_and_text_has_4_5_to_1_on_white() -> None:
    assert all(
        contrast_on_white(s.colour) >= 3 for s in strokes([*METHODS, "own", "other.x", "third"]).values()
    )
    assert all(contrast_on_white(colour) >= 4.5 for colour in (INK, SOFT, AMBER_INK, BLUE))
    assert contrast_on_white(GREY) >= 3


def test_no_two_methods_share_dash_and_marker() -> None:
    drawn = strokes([*METHODS, "own", "own.variant", "another"])
    marks = [(s.dash, s.symbol) for s in drawn.values()]
    assert len(set(marks)) == len(marks)


def test_a_method_keeps_its_colour_whatever_else_is_drawn() -> None:
    alone, together = strokes(["rollout.all"])["rollout.all"], strokes(METHODS)["rollout.all"]
    assert alone.colour == together.colour
    assert alone.symbol == together.symbol


def test_tint_is_css() -> None:
    assert tint("#000000", 0.5) == "rgba(0,0,0,0.5)"
