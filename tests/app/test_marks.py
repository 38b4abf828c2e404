"""Marks, numbers, export and agreement of one scored corpus say one thing, whatever the rule."""

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from rationale.agreement import Agreement, agree
from rationale.corpus import Document, Documents, Span
from rationale.loading.classifier import load_classifier
from rationale.report.eraser import export_eraser
from rationale.report.examples import galleries
from rationale.report.exports import Choice
from rationale.report.flat import records_table
from rationale.report.html import report_html
from rationale.report.tables import selection_table
from rationale.scores import ScoreOptions, score
from tests.agreement.making import above, best
from tests.dropping.models import dropping_model
from tests.toys import toy_tokenizer, wordy

pytestmark = pytest.mark.slow

METHODS = (
    "policy_score",
    "kept",
    "input_x_gradient",
    "input_x_gradient.sum",
    "attention.all",
    "rollout.cls",
    "random",
)
SIGNED = ("input_x_gradient.sum",)
OWN = ("policy_score", "kept")
ETA = (0.9, 0.6, 0.3)


@pytest.fixture(scope="module")
def documents():
    """One of them is longer than a window."""
    lengths = (18, 25, 90)
    return Documents(
        [
            Document(str(n), str(n), wordy(n, n), label="POS", spans=(Span(2, 6), Span(n - 2, n)))
            for n in lengths
        ]
    )


@pytest.fixture(scope="module")
def scores(documents, tmp_path_factory):
    """By a dropping model whose eta differs from layer to layer."""
    folder, model = tmp_path_factory.mktemp("marks"), dropping_model("bert")
    for layer, value in enumerate(ETA):
        model.system.eta.data[layer] = value
    model.save_pretrained(folder)
    toy_tokenizer("wordpiece").save_pretrained(folder)
    classifier = load_classifier(folder, device="cpu")
    return score(classifier, documents, ScoreOptions(METHODS), progress=False)


@pytest.fixture(scope="module", params=[False, True], ids=["evidence", "absolute"])
def absolute(request):
    return request.param


@pytest.fixture(scope="module")
def collection(scores, documents, absolute):
    from workbench.collection import Collection

    return Collection("toy", scores, documents, agree(scores, documents, absolute=absolute, resamples=20))


def expected(document, scored, method, row, select, absolute):
    """The chosen words, token by token or word by word."""
    absolute = absolute and method in SIGNED
    if method in OWN:  # the page shows what the model keeps, whatever the rule
        kept = scored.kept[row]
        return np.array([(kept & (scored.token_word == word)).any() for word in range(len(document.words))])
    if select == "top_k_gold":
        return best(scored, method, row, int(document.rationale.sum()), absolute)
    return above(scored, method, row, ETA[scored.layers[method][row]], absolute)


@pytest.mark.parametrize("select", ["threshold", "top_k_gold"])
@pytest.mark.parametrize("method", METHODS)
def test_marks_and_numbers_are_of_the_same_words(collection, absolute, method, select):
    from workbench.panels import CHOSEN

    for key in collection.keys:
        document, scored = collection.open(key)
        layered, truth = collection.layered(document, scored, method, select), document.rationale
        for row, numbers in enumerate(layered.numbers):
            chosen = expected(document, scored, method, row, select, absolute)
            assert (layered.marks[row] == CHOSEN).tolist() == chosen.tolist()
            hits = (chosen & truth).sum()
            assert numbers["precision"] == pytest.approx(hits / max(1, chosen.sum()))
            assert numbers["recall"] == pytest.approx(hits / truth.sum())
            assert numbers["fpr"] == pytest.approx((chosen & ~truth).sum() / (~truth).sum())
            assert numbers["selected_share"] == pytest.approx(chosen.mean())
            values = scored.words[method][row]
            values = np.abs(values) if absolute and method in SIGNED else values
            assert numbers["ap"] == pytest.approx(average_precision_score(truth, values))
            assert numbers["roc_auc"] == pytest.approx(roc_auc_score(truth, values))


@pytest.mark.parametrize("method", METHODS)
def test_tokens_chosen_are_those_of_the_chosen_words(collection, absolute, method):
    """And the precision over tokens counts them."""
    from workbench.drawing import words_data
    from workbench.panels import CHOSEN

    for key in collection.keys:
        document, scored = collection.open(key)
        layered = collection.layered(document, scored, method, "threshold")
        (panel,) = words_data(document, scored, [layered], ("NEG", "POS"), units="tokens")["panels"]
        for row, marks in enumerate(np.array(panel["marks"])):
            chosen = marks == CHOSEN
            words = np.unique(scored.token_word[chosen])
            assert words.tolist() == np.flatnonzero(layered.marks[row] == CHOSEN).tolist()
            mine = document.rationale[scored.token_word[chosen]]
            precision = layered.token_precision[row]
            assert precision == (pytest.approx(mine.mean()) if mine.size else None)


def test_a_card_has_the_ranking_of_its_method_beside_the_kept_words(collection):
    """AP and ROC-AUC are the method's own; words kept in part are counted and told apart."""
    from workbench.drawing import words_data

    document, scored = collection.open(collection.keys[0])
    layered = [collection.layered(document, scored, method, "threshold") for method in OWN]
    panels = words_data(document, scored, layered, ("NEG", "POS"))["panels"]
    for method, panel in zip(OWN, panels, strict=True):
        for row, (ranking, kept) in enumerate(panel["facts"]):
            assert (ranking["title"], kept["title"]) == ("ranking", "kept words")
            ap = average_precision_score(document.rationale, scored.words[method][row])
            assert dict(ranking["rows"])["average precision"] == f"{ap:.2f}"
            owner = scored.token_word
            shares = [scored.kept[row][owner == word].mean() for word in range(len(document.words))]
            partly = [int(0 < share < 1) for share in shares]
            assert panel["parts"][row] == partly
            assert dict(kept["rows"])["of them only in part"] == str(sum(partly))
            assert {"precision", "precision over tokens", "recall"} <= dict(kept["rows"]).keys()
    assert any(map(any, panels[0]["parts"]))
    assert ["chosen partly", "kept in part"] in panels[0]["legend"]


def test_one_name_has_one_number(scores, documents, tmp_path):
    """agreement.json, tables, report, Compare, Explore and the ERASER export, without any option."""
    from workbench.collection import Collection, agreement_of

    agreement = agree(scores, documents, resamples=20)
    saved = Agreement.load(agreement.save(tmp_path / "agreement.json")).records
    wanted = {(r.method, r.layer): r.value for r in saved if (r.metric, r.select) == ("fpr", "threshold")}
    assert {r.rule for r in saved if r.method == "input_x_gradient" and r.select == "threshold"} == {
        "model's own threshold eta/n, n = tokens kept before the layer"
    }
    opened = Collection("toy", scores, documents)
    compared = {(r.method, r.layer, r.metric, r.select): r.value for r in agreement.records}
    for r in agreement_of("one-name", opened).records:
        assert r.value == compared[r.method, r.layer, r.metric, r.select]
    page = report_html(scores, documents, Agreement.load(tmp_path / "agreement.json"))
    assert "model&#39;s own threshold eta/n, n = tokens kept before the layer" in page
    table = selection_table(agreement, "threshold")
    for method in METHODS:
        for layer in scores.layers(method):
            export_eraser(scores, documents, tmp_path / "lines", Choice(method, layer), overwrite=True)
            exported, explored = [], []
            for line in map(json.loads, (tmp_path / "lines").read_text().splitlines()):
                document = documents.get((line["annotation_id"], line["rationales"][0]["docid"]))
                chosen = np.zeros(len(document.words), dtype=bool)
                for span in line["rationales"][0]["hard_rationale_predictions"]:
                    chosen[span["start_token"] : span["end_token"]] = True
                exported.append((chosen & ~document.rationale).sum() / (~document.rationale).sum())
            for key in opened.keys:
                document, scored = opened.open(key)
                layered = opened.layered(document, scored, method, "threshold")
                explored.append(layered.numbers[scored.layers[method].index(layer)]["fpr"])
            assert np.mean(exported) == pytest.approx(wanted[method, layer])
            assert np.mean(explored) == pytest.approx(wanted[method, layer])
            title = scores.recipe.methods[method].title
            row = [r for r in table.rows if r[0] == title and r[1] in (layer, None)]
            shown = {c.key: cell for r in row for c, cell in zip(table.columns, r, strict=True)}
            assert not row or shown["fpr"].value == wanted[method, layer]
    records = records_table(agreement)
    keys = [column.key for column in records.columns]
    rows = [dict(zip(keys, row, strict=True)) for row in records.rows]
    rules = {row["rule"] for row in rows if row["select"] == "threshold"}
    assert rules == {
        "model's own threshold eta/n, n = tokens kept before the layer",
        "the tokens that the model keeps",
    }


def test_examples_of_the_report_select_by_the_provenance(scores, documents, absolute):
    """Signed methods by absolute value where asked, also where no word of the document is negative."""
    agreement = agree(scores, documents, absolute=absolute, resamples=20)
    for gallery in galleries(scores, documents, agreement, methods=METHODS, count=2):
        for example in gallery.examples:
            row = example.scored.layers[gallery.method].index(gallery.layer)
            signed = absolute and gallery.method in SIGNED
            k = int(example.document.rationale.sum())
            chosen = best(example.scored, gallery.method, row, k, signed)
            assert example.selected.tolist() == chosen.tolist()
