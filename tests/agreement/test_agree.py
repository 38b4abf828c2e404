"""``agree`` against a slow reading of the definitions, and everything it leaves out or refuses."""

import hashlib
import json
import logging
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, roc_auc_score

from rationale.agreement import Agreement, Estimate, agree, metrics, read_eta
from rationale.artifacts.seal import sealed
from rationale.corpus.document import Documents
from rationale.errors import ModelError, OutputError, ScoresError
from rationale.scores.store import MemoryScores
from tests.agreement.making import above, document, random_corpus
from tests.handmade import BINS, scored, scores_of


def slow(scores, documents, method, layer, select, eta=1.0):
    """AP, ROC-AUC, FPR, precision, recall, F1 and share of each document, in plain Python."""
    rows = []
    for one in scores:
        own = documents.get(one.key)
        truth, values = own.rationale, one.words[method][layer]
        if select == "threshold":
            picked = above(one, method, layer, eta)
        else:
            picked = np.zeros(len(truth), dtype=bool)
            picked[np.argsort(-values, kind="stable")[: truth.sum()]] = True
        tp, both = (picked & truth).sum(), 0 < truth.sum() < len(truth)
        keyed = picked.any() or truth.any()
        rows.append(
            {
                "ap": average_precision_score(truth, values) if both else np.nan,
                "roc_auc": roc_auc_score(truth, values) if both else np.nan,
                "fpr": (picked & ~truth).sum() / (~truth).sum() if both else np.nan,
                "precision": tp / max(picked.sum(), 1) if keyed else np.nan,
                "recall": tp / max(truth.sum(), 1) if keyed else np.nan,
                "token_f1": 2 * tp / (picked.sum() + truth.sum()) if keyed else np.nan,
                "selected_share": picked.mean(),
            }
        )
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


@pytest.fixture(scope="module")
def corpus():
    return random_corpus()


@pytest.fixture(scope="module")
def agreement(corpus):
    return agree(*corpus, resamples=200)


def test_every_record_is_the_mean_of_what_its_documents_give(corpus, agreement):
    scores, documents = corpus
    seen = 0
    for method in scores.methods:
        for layer in scores.layers(method):
            for select in ("threshold", "top_k_gold"):
                for name, values in slow(scores, documents, method, layer, select).items():
                    shown = select if metrics.get(name).needs_selection else None
                    record = agreement.record(name, method, layer, shown)
                    assert record.value == pytest.approx(np.nanmean(values), rel=1e-12)
                    assert record.low <= record.value <= record.high
                    assert (record.n, record.skipped) == (
                        np.isfinite(values).sum(),
                        np.isnan(values).sum(),
                    )
                    seen += 1
    assert seen == 5 * 2 * 7


def test_records_come_by_method_layer_metric_and_selection(agreement):
    assert len(agreement.records) == 5 * (3 + 2 * 6)
    first = [
        (r.metric, r.select) for r in agreement.records if r.method == "input_x_gradient" and not r.layer
    ]
    assert first[:5] == [
        ("ap", None),
        ("auprc", None),
        ("roc_auc", None),
        ("fpr", "threshold"),
        ("fpr", "top_k_gold"),
    ]
    assert list(dict.fromkeys(r.method for r in agreement.records)) == [
        "input_x_gradient",
        "attention.all",
        "random",
    ]


def test_values_of_documents_are_found_by_their_key(corpus, agreement):
    scores, documents = corpus
    expected = slow(scores, documents, "input_x_gradient", 1, "top_k_gold")
    for name, select in (("ap", None), ("fpr", "top_k_gold")):
        values = agreement.document_values(name, "input_x_gradient", 1, select)
        pairs = zip(scores.keys, expected[name], strict=True)
        assert values == {key: pytest.approx(value) for key, value in pairs if np.isfinite(value)}
    assert agreement.per_document.num_rows == len(agreement.records) * len(scores)
    assert agreement.per_document.column_names == [
        "id",
        "docid",
        "method",
        "layer",
        "metric",
        "select",
        "value",
    ]


def test_one_selection_can_be_asked_for(corpus, agreement):
    for select in ("threshold", "top_k_gold"):
        some = agree(*corpus, select=select, resamples=200)
        assert some.records == tuple(r for r in agreement.records if r.select in (None, select))
        assert some.recipe.agreement.select == (select,)


def test_eta_moves_the_threshold_layer_by_layer(corpus):
    scores, documents = corpus
    found = agree(scores, documents, select="threshold", eta=[1.5, 0.25], resamples=10)
    for layer, eta in enumerate([1.5, 0.25]):
        expected = slow(scores, documents, "input_x_gradient", layer, "threshold", eta)
        for name in ("fpr", "recall"):
            record = found.record(name, "input_x_gradient", layer, "threshold")
            assert record.value == pytest.approx(np.nanmean(expected[name]))
    assert found.recipe.agreement.eta == (1.5, 0.25)


def test_the_order_of_the_documents_does_not_matter(corpus, agreement):
    scores, documents = corpus
    order = np.random.default_rng(0).permutation(len(documents))
    moved = Documents([documents[int(i)] for i in order], source=documents.source, split=documents.split)
    assert agree(scores, moved, resamples=200).records == agreement.records
    shuffled = MemoryScores(scores.recipe, [scores.documents[i] for i in order])
    for one, other in zip(agree(shuffled, documents, resamples=200).records, agreement.records, strict=True):
        assert one.value == pytest.approx(other.value, rel=1e-12)
        assert (one.n, one.skipped) == (other.n, other.skipped)


def test_small_blocks_give_the_same(corpus, agreement, monkeypatch):
    monkeypatch.setattr("rationale.agreement.blocks.WORDS", 30)
    assert agree(*corpus, resamples=200) == agreement


def test_equal_seeds_give_equal_numbers_and_others_do_not(corpus, agreement):
    assert agree(*corpus, resamples=200) == agreement
    other = agree(*corpus, resamples=200, seed=1)
    assert [r.value for r in other.records] == [r.value for r in agreement.records]
    assert [r.low for r in other.records] != [r.low for r in agreement.records]


def test_signed_methods_are_evidence_unless_absolute():
    one = document("a", 4, [(0, 1)])
    own = Documents([one])
    values = {"input_x_gradient.sum": [[-0.5, 0.2, 0.1, 0.2]], "input_x_gradient": [[-0.5, 0.2, 0.1, 0.2]]}
    scores = scores_of([scored(one, values)], own, signed=["input_x_gradient.sum"])
    assert agree(scores, own).record("ap", "input_x_gradient.sum").value == 0.25
    absolute = agree(scores, own, absolute=True)
    assert absolute.record("ap", "input_x_gradient.sum").value == 1.0
    assert absolute.record("recall", "input_x_gradient.sum", 0, "threshold").value == 1.0
    assert absolute.record("ap", "input_x_gradient").value == 0.25


def test_words_beyond_the_windows_are_not_evaluated():
    """The last two words are not covered: one span is cut, one is gone, and k is 2."""
    one = document("a", 6, [(0, 1), (3, 6), (4, 6)])
    own = Documents([one])
    values = {"m": [[0.0, 0.1, 0.2, 0.9, 9.0, 9.0]]}
    found = agree(scores_of([scored(one, values, covered=[1, 1, 1, 1, 0, 0])], own), own)
    assert found.record("ap", "m").value == pytest.approx((1 / 1 + 2 / 4) / 2)
    assert found.record("selected_share", "m", 0, "top_k_gold").value == 0.5
    assert found.record("iou_f1", "m", 0, "top_k_gold").value == pytest.approx(2 / 3)  # one of two spans hit
    assert found.record("selected_share", "m", 0, "threshold").value == 0.5
    assert (found.recipe.agreement.words, found.recipe.agreement.uncovered_words) == (6, 2)


def test_spans_and_runs_are_cut_where_words_are_not_covered():
    one = document("a", 5, [(0, 5)])
    own = Documents([one])
    scores = scores_of([scored(one, {"m": [[1.0] * 5]}, covered=[1, 1, 0, 1, 1])], own)
    for name in ("iou_f1", "recall"):
        assert agree(scores, own).record(name, "m", 0, "top_k_gold").value == 1.0
    half = scores_of([scored(one, {"m": [[1.0, 1.0, 9.0, 0.0, 0.0]]}, covered=[1, 1, 0, 1, 1])], own)
    record = agree(half, own, eta=[2.0]).record("iou_f1", "m", 0, "threshold")
    assert record.value == pytest.approx(2 / 3)  # precision 1, one of the span's two pieces


def test_documents_nobody_annotated_count_for_faithfulness_and_accuracy_only():
    asked, unasked = document("a", 4, [(0, 1)]), document("b", 4, annotated=False, label="NEG")
    own = Documents([asked, unasked])
    rows = [("m", 0, share, (0.5, 0.5), (0.0, 1.0)) for share in (0.3, *BINS)]
    items = [scored(d, {"m": [[0.9, 0.1, 0.1, 0.1]]}, perturbed=rows) for d in own]
    found = agree(scores_of(items, own, faithfulness={"share": 0.3, "bins": BINS, "layers": None}), own)
    for record in found.records:
        assert (record.n, record.skipped) == ((1, 0) if record.metric in _NEED_HUMANS else (2, 0))
    assert found.recipe.agreement.unannotated == 1
    assert (found.classification.accuracy, found.classification.n) == (0.5, 2)
    assert len(found.document_values("ap", "m")) == 1


_NEED_HUMANS = {name for name, metric in metrics.items() if metric.source != "perturbation"}


def test_faithfulness_uses_the_predicted_class_and_skips_documents_without_it():
    """Two of three documents were perturbed, in layer 1 alone; the prediction is NEG, the first label."""
    own = Documents([document(name, 4, [(0, 1)]) for name in "abc"])
    rows = [("m", 1, share, (0.1 + share, 0.9 - share), (0.4, 0.6)) for share in (0.25, *BINS)]
    items = [
        scored(
            d,
            {"m": np.ones((2, 4))},
            perturbed=rows * (d.id != "c"),
            predicted="NEG",
            probabilities=(0.75, 0.25),
        )
        for d in own
    ]
    found = agree(scores_of(items, own, faithfulness={"share": 0.25, "bins": BINS, "layers": [1]}), own)
    expected = {
        "comprehensiveness": 0.75 - 0.35,
        "sufficiency": 0.35,
        "aopc_comprehensiveness": 0.75 - 0.1 - np.mean(BINS),
        "aopc_sufficiency": 0.35,
    }
    for name, value in expected.items():
        record = found.record(name, "m", 1)
        assert record.value == pytest.approx(value)
        assert (record.n, record.skipped) == (2, 1)
    with pytest.raises(ScoresError, match="no record of 'sufficiency' for method 'm', layer 0"):
        found.record("sufficiency", "m", 0)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_pairs_give_nulls_and_no_warning(count):
    own = Documents([document(f"d{n}", 3, [(0, 1)] if n < count else []) for n in range(2)])
    found = agree(
        scores_of([scored(d, {"m": [[0.0, 0.0, 1.0]], "random": [[0.5] * 3]}) for d in own], own), own
    )
    record = found.record("ap", "m")
    assert (record.n, record.skipped) == (count, 2 - count)
    assert record.value == (pytest.approx(1 / 3) if count else None)
    assert record.low is record.high is None
    comparison = next(c for c in found.comparisons if c.metric == "ap")
    assert comparison.p is comparison.low is None
    json.dumps(found.to_dict(), allow_nan=False)


def test_accuracy_and_macro_f1_are_scikit_learns(corpus, agreement):
    scores, documents = corpus
    gold, predicted = [d.label for d in documents], [s.predicted for s in scores]
    found = agreement.classification
    assert found.accuracy == accuracy_score(gold, predicted)
    assert found.macro_f1 == f1_score(gold, predicted, average="macro")
    assert found.low <= found.accuracy <= found.high
    assert np.trace(found.confusion) == round(found.accuracy * found.n)


def test_unknown_labels_leave_accuracy_undefined():
    own = Documents([document("a", 3, [(0, 1)], label=None)])
    found = agree(scores_of([scored(own[0], {"m": [[1.0, 0.0, 0.0]]})], own), own).classification
    assert (found.accuracy, found.low, found.macro_f1, found.n) == (None, None, None, 0)


# what does not belong together


def test_scores_of_another_text_are_refused(corpus):
    scores, documents = corpus
    changed = Documents(
        [document(d.id, len(d.words) + 1, label=d.label) if d.id == "d3" else d for d in documents],
        source="reviews",
    )
    with pytest.raises(ScoresError, match=r"^document 'd3' of annotation 'd3' of reviews: .*another text"):
        agree(scores, changed)


def test_scores_of_a_gold_label_that_has_changed_since_are_refused(corpus):
    scores, documents = corpus
    flip = {"NEG": "POS", "POS": "NEG"}
    relabelled = Documents(
        [replace(d, label=flip[d.label]) if d.id == "d3" else d for d in documents], source="reviews"
    )
    of_gold = MemoryScores(replace(scores.recipe, target="gold"), scores.documents)
    agree(of_gold, documents, resamples=5)
    with pytest.raises(ScoresError, match=r"^document 'd3' .* gold label 'POS', which is now 'NEG'"):
        agree(of_gold, relabelled, resamples=5)
    agree(scores, relabelled, resamples=5)  # the predicted label's scores do not depend on it


def test_scores_of_another_split_are_refused(corpus):
    scores, _ = corpus
    other = Documents([document(f"t{n}", 5) for n in range(12)], source="reviews", split="test")
    message = (
        r"the scores hold document 'd0' of annotation 'd0', which reviews \(split test\) does not\. "
        r"They were computed from made by hand \(split val\): pass that data and split\."
    )
    with pytest.raises(ScoresError, match=message):
        agree(scores, other)


def test_documents_without_scores_are_refused_unless_a_limit_left_them_out(corpus):
    scores, documents = corpus
    sampled = replace(scores.recipe, data=replace(scores.recipe.data, documents=5))
    found = agree(MemoryScores(sampled, scores.documents[1:6]), documents, resamples=10)
    assert found.recipe.agreement.unscored == 7
    assert found.record("selected_share", "input_x_gradient", 0, "top_k_gold").n == 5
    holes = MemoryScores(scores.recipe, [*scores.documents[:2], *scores.documents[3:]])
    with pytest.raises(
        ScoresError, match=r"11 documents .* says 12; document 'd2' of annotation 'd2' .* has no scores"
    ):
        agree(holes, documents)
    with pytest.raises(ScoresError, match="no document of made by hand"):
        agree(MemoryScores(scores.recipe, []), documents)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("where", ["words", "token_scores"])
def test_scores_that_are_no_numbers_name_document_and_method(value, where):
    own = Documents([document(name, 3, [(0, 1)]) for name in "ab"])
    items = [scored(d, {"good": [[1.0, 0.0, 0.0]], "bad": [[1.0, 0.0, 0.0]]}) for d in own]
    getattr(items[1], where)["bad"][0, 1] = value
    with pytest.raises(
        ScoresError,
        match=r"^document 'b' of annotation 'b': method 'bad' gave a score that is not a finite number",
    ):
        agree(scores_of(items, own), own)


def test_a_perturbed_probability_that_is_no_number_is_refused():
    own = Documents([document("a", 3, [(0, 1)])])
    items = [scored(own[0], {"m": [[1.0, 0.0, 0.0]]}, perturbed=[("m", 0, 0.1, (0.0, np.nan), (0.5, 0.5))])]
    with pytest.raises(ScoresError, match=r"document 'a' .*perturbed probability that is not a number"):
        agree(scores_of(items, own, faithfulness={"share": 0.1, "bins": BINS, "layers": None}), own)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"select": "kept"}, "no selection is called 'kept'. Use one of threshold, top_k_gold"),
        ({"resamples": 0}, "0 resamples, expected at least 1"),
        ({"eta": [1.0]}, "eta has 1 layers, and the scored model has 2"),
        ({"eta": [1.0, float("nan")]}, "expected one finite number a layer"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(corpus, given, message):
    with pytest.raises(ScoresError, match=message):
        agree(*corpus, **given)


# on disk


def test_an_agreement_is_read_as_it_was_written(agreement, tmp_path):
    path = agreement.save(tmp_path / "out" / "agreement.json")
    again = Agreement.load(path)
    assert again == agreement
    assert again.per_document.equals(agreement.per_document)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert list(content) == ["recipe", "records", "comparisons", "classification", "seal"]
    assert [*content["records"][0], "subset"] == [*Estimate.__dataclass_fields__]
    files = {file.name: file.read_bytes() for file in path.parent.iterdir()}
    assert sorted(files) == ["agreement.json", "agreement.pairs.parquet"]
    again.save(path, overwrite=True)
    assert {file.name: file.read_bytes() for file in path.parent.iterdir()} == files


def test_values_of_another_agreement_are_not_taken_for_this_ones(corpus, agreement, tmp_path):
    path = agreement.save(tmp_path / "agreement.json")
    other = agree(*corpus, select="top_k_gold", resamples=10)
    other.save(tmp_path / "other.json")
    (tmp_path / "other.pairs.parquet").replace(tmp_path / "agreement.pairs.parquet")
    loaded = Agreement.load(path)
    assert loaded.per_document is None
    with pytest.raises(ScoresError, match="without the values of its documents"):
        loaded.document_values("ap", "input_x_gradient")


def test_an_earlier_agreement_stays_unless_overwrite(corpus, agreement, tmp_path):
    path = agreement.save(tmp_path / "agreement.json")
    other = agree(*corpus, select="top_k_gold", resamples=10)
    with pytest.raises(OutputError, match="exists already"):
        other.save(path)
    assert Agreement.load(path) == agreement
    other.save(path, overwrite=True)
    assert Agreement.load(path) == other


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read"),
        ("{", r"agreement\.json:1: the saved result is damaged"),
        ('{"records": []}', "holds no agreement"),
        ("[]", "expected an object, found list"),
    ],
)
def test_files_that_are_no_agreement_are_refused(text, message, tmp_path):
    path = tmp_path / "agreement.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ScoresError, match=message):
        Agreement.load(path)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "{",
        "{}",
        "[1]",
        '{"eta": 1}',
        '{"eta": []}',
        '{"eta": ["a"]}',
        '{"eta": [true]}',
        '{"eta": [NaN]}',
    ],
)
def test_a_model_without_eta_is_refused(text, tmp_path):
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    with pytest.raises(ModelError, match=r"config\.json.*AdapLeR"):
        read_eta(tmp_path)


def test_eta_is_read_from_a_models_config(tmp_path):
    (tmp_path / "config.json").write_text('{"eta": [1, 0.5]}')
    assert read_eta(tmp_path) == (1.0, 0.5)


def test_notebooks_show_escaped_text(agreement):
    hostile = [replace(agreement.records[0], method="<script>alert(1)</script>")]
    shown = Agreement(agreement.recipe, tuple(hostile), (), agreement.classification)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.update(recipe=7), "recipe: expected an object, found 7"),
        (lambda c: c.update(comparisons=[1]), r"comparisons\[0\]: expected an object, found 1"),
        (lambda c: c["records"][3].update(value="x"), r"records\[3\]\.value: expected a number, found 'x'"),
        (lambda c: c["records"][2].update(layer="0"), r"records\[2\]\.layer: expected a whole number"),
        (lambda c: c["records"][2].update(layer=True), r"records\[2\]\.layer: expected a whole number"),
        (lambda c: c["records"][2].update(metric="mean"), r"records\[2\]\.metric: expected one of 'ap'"),
        (lambda c: c["records"][1].pop("value"), r"records\[1\]: 'value' is missing"),
        (lambda c: c.update(classification={}), "classification: 'accuracy' is missing"),
        (lambda c: c["classification"]["confusion"].pop(), "classification: the confusion is not 2 by 2"),
        (
            lambda c: c["classification"].update(confusion=[[1, 2], [3, -1]]),
            r"classification\.confusion\[1\]\[1\]: expected a whole number from 0, found -1",
        ),
    ],
)
def test_an_agreement_changed_by_hand_is_refused(agreement, tmp_path, change, said):
    """With its seal as changed; without one, or with a new one, for what is wrong in it."""
    path = agreement.save(tmp_path / "agreement.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    change(content)
    path.write_text(json.dumps(content))
    with pytest.raises(ScoresError, match=r"agreement\.json: it was changed after it was written"):
        Agreement.load(path)
    for again in (sealed(content, "agreement"), {k: v for k, v in content.items() if k != "seal"}):
        path.write_text(json.dumps(again))
        with pytest.raises(ScoresError, match=f"agreement.json: no agreement as it is written: {said}"):
            Agreement.load(path)


def test_a_value_changed_by_hand_is_refused(agreement, tmp_path):
    path = agreement.save(tmp_path / "agreement.json")
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"value": 0.', '"value": 0.9', 1))
    with pytest.raises(ScoresError, match="it was changed after it was written"):
        Agreement.load(path)
    path.write_text(json.dumps(json.loads(text), indent=4))
    assert Agreement.load(path) == agreement  # a new layout changes nothing


def test_changed_values_of_pairs_are_refused(agreement, tmp_path):
    path = agreement.save(tmp_path / "agreement.json")
    pairs = tmp_path / "agreement.pairs.parquet"
    table = pq.read_table(pairs)
    values = pa.array([None if v is None else 1 - v for v in table["value"].to_pylist()], pa.float64())
    changed = table.set_column(table.column_names.index("value"), "value", values)
    pq.write_table(changed, pairs)
    with pytest.raises(ScoresError, match=r"pairs\.parquet: it was changed after it was written"):
        Agreement.load(path)


def test_an_agreement_without_a_seal_opens_with_a_note(agreement, tmp_path, caplog):
    path = agreement.save(tmp_path / "agreement.json")
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["seal"]
    text = json.dumps(content)
    path.write_text(text)
    pairs = tmp_path / "agreement.pairs.parquet"
    old = hashlib.sha256(text.encode()).hexdigest()[:16]  # as earlier versions named the agreement
    pq.write_table(pq.read_table(pairs).replace_schema_metadata({b"agreement": old}), pairs)
    with caplog.at_level(logging.WARNING, "rationale"):
        assert Agreement.load(path).per_document.equals(agreement.per_document)
    assert f"rationale verify --seal {path}" in caplog.text


def test_two_agreements_of_one_stem_keep_their_own_values(agreement, tmp_path):
    first, second = agreement.save(tmp_path / "one.json"), agreement.save(tmp_path / "one.txt")
    assert Agreement.load(first).per_document is not None
    assert Agreement.load(second).per_document is not None
    assert len(list(tmp_path.iterdir())) == 4
