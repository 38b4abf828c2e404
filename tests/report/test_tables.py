"""The tables say what the agreement says, beside the baselines, and warn where they flatter."""

import csv
import io

import pytest

from rationale.agreement import Agreement
from rationale.report.flat import comparisons_table, records_table
from rationale.report.results import Results
from rationale.report.table import AT_MOST, AtMost, Interval
from rationale.report.tables import (
    agreement_table,
    comparison_table,
    confusion_table,
    faithfulness_table,
    layer_table,
    selection_table,
)


def interval(agreement: Agreement, *place) -> Interval:
    record = agreement.record(*place)
    return Interval(record.value, record.low, record.high)


def test_the_headline_shows_first_last_and_best_layer(agreement) -> None:
    table = agreement_table(agreement)
    row = next(r for r in table.rows if r[0] == "Saliency")
    best = max(agreement.record("ap", "input_x_gradient", layer).value for layer in range(6))
    assert row[1] == interval(agreement, "ap", "input_x_gradient", 0)
    assert row[2] == interval(agreement, "ap", "input_x_gradient", 5)
    assert row[3].value == best == agreement.record("ap", "input_x_gradient", row[4]).value
    assert row[5:] == (30, 1)  # one pair is all rationale; the one nobody annotated is not asked
    assert any("optimistic" in note for note in table.notes)


def test_baselines_come_last_under_a_rule_and_are_never_stressed(agreement) -> None:
    table = agreement_table(agreement)
    assert [row[0] for row in table.rows][-2:] == ["Random", "Position"]
    assert table.rules == {len(table.rows) - 2}
    assert all(number < len(table.rows) - 2 for number, _ in table.strong)
    for number, column in table.strong:
        values = [r[column].value for r in table.rows[:-2] if isinstance(r[column], Interval)]
        assert table.rows[number][column].value == max(values)


def test_bold_is_what_a_test_puts_ahead_of_all_others_of_its_column(agreement) -> None:
    """In the last layer attention.cls (0.6) is far ahead; in the first saliency and its L1 form are alike."""
    results = Results(agreement)
    table = agreement_table(agreement)
    for column, layer in ((1, 0), (2, 5)):
        own = [m for m in results.methods if not results.is_reference(m) and layer in results.layers(m)]
        tested = {(c.method, c.other): c for c in agreement.comparisons if c.metric == "ap"
                  and c.layer == c.other_layer == layer}  # fmt: skip
        bold = [table.rows[number][0] for number, place in table.strong if place == column]
        expected = []
        for one in own:
            wins = []
            for other in own:
                c = tested.get((one, other)) or tested.get((other, one))
                if other != one:
                    sign = 1 if (one, other) in tested else -1
                    wins.append(sign * c.difference > 0 and c.p < 0.05)
            expected += [results.title(one)] if all(wins) else []
        assert bold == expected
    assert not any(column == 3 for _, column in table.strong)  # best layers are chosen after the fact


def test_low_is_best_where_low_is_good(agreement) -> None:
    results = Results(agreement)
    best = results.best_layer("input_x_gradient", "fpr", "threshold")
    rates = [agreement.record("fpr", "input_x_gradient", layer, "threshold").value for layer in range(6)]
    assert rates[best] == min(rates)


@pytest.mark.parametrize("select", ["threshold", "top_k_gold"])
def test_fpr_never_stands_alone(agreement, select) -> None:
    table = selection_table(agreement, select)
    keys = [column.key for column in table.columns]
    assert keys[2:] == ["fpr", "precision", "recall", "selected_share", "token_f1", "iou_f1"]
    row = next(r for r in table.rows if r[:2] == ("Attention CLS", 5))
    for key, cell in zip(keys[2:], row[2:], strict=True):
        assert cell == interval(agreement, key, "attention.cls", 5, select)


def test_the_layer_table_has_every_layer_of_every_method(agreement) -> None:
    table = layer_table(agreement, "ap")
    for row, method in zip(table.rows, Results(agreement).methods, strict=True):
        for layer, cell in enumerate(row[1:]):
            there = layer in Results(agreement).layers(method)
            assert cell == (interval(agreement, "ap", method, layer) if there else None)


def test_comparisons_are_those_of_the_agreement(agreement) -> None:
    table = comparison_table(agreement, "ap")
    wanted = [c for c in agreement.comparisons if c.metric == "ap"]
    assert [(r[4].value, r[5]) for r in table.rows] == [(c.difference, c.p) for c in wanted]
    assert len(wanted) > 40


def test_faithfulness_is_shown_where_it_was_measured(agreement) -> None:
    table = faithfulness_table(agreement)
    layers = [row[1] for row in table.rows if row[0] == "Saliency"]
    assert layers == [0, 5]
    assert table.rows[0][2] == interval(agreement, "comprehensiveness", "input_x_gradient", 0)


def test_the_csv_holds_every_record_at_full_precision(agreement) -> None:
    rows = list(csv.DictReader(io.StringIO(records_table(agreement).to_csv())))
    assert len(rows) == len(agreement.records)
    for row, record in zip(rows, agreement.records, strict=True):
        assert row["method"] == record.method
        assert row["select"] == (record.select or "")
        assert (float(row["value"]) if row["value"] else None) == record.value
        assert row["layer"] == (
            "" if record.method in ("random", "lead", "word_length") else str(record.layer)
        )
        assert row["eta"] == ("1.0" if record.select == "threshold" else "")
        assert (row["model"], row["split"], row["confidence"]) == ("models/movies <tiny>", "val", "0.95")


def test_the_csv_of_comparisons_says_which_p_values_are_the_least_possible(agreement) -> None:
    rows = list(csv.DictReader(io.StringIO(comparisons_table(agreement).to_csv())))
    assert len(rows) == len(agreement.comparisons)
    shown = comparison_table(agreement, "ap")
    for row, c in zip(rows, agreement.comparisons, strict=True):
        assert float(row["p"]) == c.p
        permutations = max(9_999, 100 * sum(o.metric == c.metric and o.select == c.select
                                            for o in agreement.comparisons) - 1)  # fmt: skip
        least = 2 / (permutations + 1)
        assert row["p_sign"] == ("<=" if c.p_single == pytest.approx(least) else "=")
    signs = [row["p_sign"] for row in rows if row["metric"] == "ap"]
    assert {"<=", "="} == set(signs)
    assert [isinstance(row[-2], AtMost) for row in shown.rows] == [sign == "<=" for sign in signs]
    assert "≤ " in shown.to_html()
    assert AT_MOST in shown.to_html()
    assert AT_MOST in shown.to_markdown()


def test_the_confusion_table_adds_up(agreement) -> None:
    table = confusion_table(agreement)
    assert sum(cell for row in table.rows for cell in row[1:]) == agreement.classification.n


def test_one_record_is_enough_for_a_table(agreement) -> None:
    little = Agreement(agreement.recipe, agreement.records[:1], (), agreement.classification)
    assert len(agreement_table(little).rows) == 1
    assert layer_table(little, "ap").rows[0][1].value == agreement.records[0].value
