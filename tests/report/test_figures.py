"""Figures hold the agreement's numbers, can be told apart without colour, and speak."""

import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import isotonic_regression

from rationale.report.figures import (
    CONFIG,
    alt_text,
    document_distribution,
    faithfulness_plane,
    layer_curves,
    selection_plane,
)
from rationale.report.figures.style import spread_apart
from rationale.report.palette import strokes
from rationale.report.results import Results

HOSTILE = '<a href="javascript:alert(1)">x</a>'


def lines(figure: go.Figure) -> dict[str, go.Scatter]:
    return {trace.name: trace for trace in figure.data if trace.fill is None}


def bands(figure: go.Figure) -> dict[str, go.Scatter]:
    return {trace.name: trace for trace in figure.data if trace.fill == "toself"}


def test_curves_and_bands_are_the_records(agreement) -> None:
    figure = layer_curves(agreement, "fpr", "top_k_gold")
    records = [agreement.record("fpr", "attention.cls", layer, "top_k_gold") for layer in range(6)]
    line, band = lines(figure)["Attention CLS"], bands(figure)["Attention CLS"]
    assert list(line.x) == [0, 1, 2, 3, 4, 5]
    assert list(line.y) == [r.value for r in records]
    assert list(band.y) == [r.high for r in records] + [r.low for r in reversed(records)]


def test_methods_without_layers_are_dashed_levels(agreement) -> None:
    figure = layer_curves(agreement)
    for method in ("Integrated gradients", "Occlusion", "Random", "Position"):
        line = lines(figure)[method]
        assert line.y[0] == line.y[-1]
        assert (line.x[0], line.x[-1]) == (0, 5)
        assert line.line.dash != "solid"


def test_every_curve_is_named_where_it_ends_and_no_names_overlap(agreement) -> None:
    figure = layer_curves(agreement, height=400)
    names = {a.text: a for a in figure.layout.annotations}
    assert set(names) == set(lines(figure))
    low, high = figure.layout.yaxis.range
    pixels = sorted((a.y - low) / (high - low) * 400 - a.ay for a in names.values())
    assert min(np.diff(pixels)) >= 15.9


def test_no_two_curves_look_alike_in_grey(agreement) -> None:
    drawn = lines(layer_curves(agreement)).values()
    looks = [(trace.line.dash, trace.marker.symbol) for trace in drawn]
    assert len(set(looks)) == len(looks)


def test_a_subset_keeps_its_strokes(agreement) -> None:
    whole = lines(layer_curves(agreement))
    part = lines(layer_curves(agreement, methods=["rollout.cls", "random"]))
    assert set(part) == {"Rollout CLS", "Random"}
    assert all(part[name].line == whole[name].line for name in part)


def test_several_metrics_share_the_layers(agreement) -> None:
    figure = layer_curves(agreement, ("fpr", "recall", "selected_share"), "threshold")
    assert [figure.layout[f"yaxis{n}"].title.text for n in ("", 2, 3)] == [
        f"{name} (uniform threshold 1/n)" for name in ("FPR", "Recall", "Selected share")
    ]
    curves = [trace for trace in figure.data if trace.hoverinfo != "skip"]
    assert len(curves) == 3 * len(Results(agreement).methods)


def test_the_planes_hold_the_records(agreement) -> None:
    points = lines(selection_plane(agreement, "threshold"))["Saliency"]
    assert points.x[3] == agreement.record("fpr", "input_x_gradient", 3, "threshold").value
    assert points.y[3] == agreement.record("recall", "input_x_gradient", 3, "threshold").value
    point = lines(faithfulness_plane(agreement))["Saliency"]
    record = agreement.record("comprehensiveness", "input_x_gradient", 5)
    assert (point.x[1], point.y[1]) == (
        agreement.record("ap", "input_x_gradient", 5).value,
        record.value,
    )
    assert point.error_y.array[1] == pytest.approx(record.high - record.value)
    assert point.error_y.arrayminus[1] == pytest.approx(record.value - record.low)


def test_document_names_are_text_and_left_out_documents_have_no_dot(agreement) -> None:
    figure = document_distribution(
        {"input_x_gradient": [0.5, np.nan, 0.7]}, strokes(["input_x_gradient"]), names=[HOSTILE, "b", "c"]
    )
    assert list(figure.data[0].x) == [0.5, 0.7]
    assert "<a" not in figure.data[0].text[0]


def test_every_figure_says_what_it_shows(agreement) -> None:
    text = alt_text(layer_curves(agreement))
    value = agreement.record("ap", "input_x_gradient", 0).value
    assert f"Saliency: {value:.3f} in layer 0" in text
    assert "Random" in alt_text(selection_plane(agreement))
    assert "Comprehensiveness against AP" in alt_text(faithfulness_plane(agreement))


def test_nothing_in_a_figure_can_send_data_away() -> None:
    assert CONFIG["displaylogo"] is False
    assert CONFIG["showSendToCloud"] is False
    assert CONFIG["plotlyServerURL"] == ""
    assert "sendChartToCloud" in CONFIG["modeBarButtonsToRemove"]


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=30))
def test_labels_stay_inside_in_order_and_apart(values: list[float]) -> None:
    placed = spread_apart(values, 0.03, 0, 1)
    assert ((placed >= -1e-9) & (placed <= 1 + 1e-9)).all()
    order = np.argsort(values, kind="stable")
    if len(values) > 1:
        assert np.diff(placed[order]).min() >= 0.03 - 1e-9
    if len(values) and np.diff(np.sort(values)).min(initial=1) > 0.03:
        assert np.allclose(placed, values)


@settings(deadline=None)
@given(st.lists(st.floats(0.2, 0.8), min_size=1, max_size=20))
def test_labels_move_as_scipys_isotonic_regression_says(values: list[float]) -> None:
    steps = 0.01 * np.arange(len(values))
    expected = isotonic_regression(np.sort(values) - steps).x + steps
    assert np.allclose(np.sort(spread_apart(values, 0.01, -1, 2)), expected)
