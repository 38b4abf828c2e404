"""Exported predictions follow the rules of the ERASER format, and say what the scores say."""

import json
from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest
from sklearn.metrics import average_precision_score
from typer.testing import CliRunner

from rationale.agreement import agree
from rationale.commands.export import export
from rationale.corpus import Document, Documents, write_eraser
from rationale.errors import OutputError, RationaleError, ScoresError
from rationale.report.eraser import export_eraser
from rationale.report.exports import EXPORTS, Choice
from rationale.scores.store import MemoryScores
from rationale.scores.writer import ScoreWriter
from tests.agreement.making import above
from tests.exporting import LABELS, SHARES, corpus, recipe, score


@pytest.fixture(scope="module")
def documents():
    return corpus()


@pytest.fixture(scope="module")
def scores(documents):
    rng = np.random.default_rng(1)
    return MemoryScores(recipe(documents), [score(document, rng) for document in documents])


def written(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def check_format(lines, documents):
    """The rules the benchmark states for its prediction format."""
    lengths = {d.docid: len(d.words) for d in documents}
    identifiers = [line["annotation_id"] for line in lines]
    assert len(set(identifiers)) == len(identifiers)
    optional = {key for line in lines for key in line if key not in ("annotation_id", "rationales")}
    for line in lines:
        assert optional <= set(line), "an optional field is given for every instance or for none"
        docids = [rationale["docid"] for rationale in line["rationales"]]
        assert len(set(docids)) == len(docids) > 0
        for rationale in line["rationales"]:
            length = lengths[rationale["docid"]]
            taken = [
                word
                for span in rationale["hard_rationale_predictions"]
                for word in range(span["start_token"], span["end_token"])
            ]
            assert len(set(taken)) == len(taken), "spans do not overlap"
            assert all(0 <= word < length for word in taken)
            assert all(s["start_token"] < s["end_token"] for s in rationale["hard_rationale_predictions"])
            assert len(rationale["soft_rationale_predictions"]) == length
            assert all(isinstance(value, float) for value in rationale["soft_rationale_predictions"])
        distributions = [line[key] for key in line if key.endswith("classification_scores")]
        for entry in line.get("thresholded_scores", []):
            assert set(entry) == {
                "threshold",
                "comprehensiveness_classification_scores",
                "sufficiency_classification_scores",
            }
            distributions += [entry[key] for key in entry if key != "threshold"]
        for distribution in distributions:
            assert set(distribution) == set(LABELS)
            assert sum(distribution.values()) == pytest.approx(1)
        if "classification" in line:
            best = max(line["classification_scores"], key=line["classification_scores"].get)
            assert line["classification"] == best
    thresholds = {tuple(t["threshold"] for t in line.get("thresholded_scores", ())) for line in lines}
    assert len(thresholds) == 1


def selected(line, documents):
    """Each document's selected words, as masks."""
    masks = {}
    for rationale in line["rationales"]:
        mask = np.zeros(len(documents.get((line["annotation_id"], rationale["docid"])).words), dtype=bool)
        for span in rationale["hard_rationale_predictions"]:
            mask[span["start_token"] : span["end_token"]] = True
        masks[line["annotation_id"], rationale["docid"]] = mask
    return masks


@pytest.mark.parametrize("select", ["threshold", "top_k_gold"])
@pytest.mark.parametrize(
    ("method", "layer"), [("input_x_gradient", 0), ("input_x_gradient", 1), ("signed", 0)]
)
def test_the_format_and_what_it_says(tmp_path, scores, documents, method, layer, select):
    done = export_eraser(scores, documents, tmp_path / "p.jsonl", Choice(method, layer, select))
    lines = written(tmp_path / "p.jsonl")
    check_format(lines, documents)
    assert done.lines == len(lines) == 20
    assert sum(len(line["rationales"]) for line in lines) == len(documents)
    masks = {key: mask for line in lines for key, mask in selected(line, documents).items()}
    soft = {
        (line["annotation_id"], r["docid"]): np.array(r["soft_rationale_predictions"], dtype=np.float32)
        for line in lines
        for r in line["rationales"]
    }
    for scored in scores:
        row = scored.layers[method].index(layer)
        assert np.array_equal(soft[scored.key], scored.words[method][row])
        if select == "threshold":
            assert np.array_equal(masks[scored.key], above(scored, method, row))
        else:
            k = int(documents.get(scored.key).rationale.sum())
            best = np.argsort(-scored.words[method][row], kind="stable")[:k]
            assert np.array_equal(np.flatnonzero(masks[scored.key]), np.sort(best))


def test_numbers_from_the_file_are_those_of_the_agreement(tmp_path, scores, documents):
    """What a scorer reads from the file equals what `agree` computed from the scores."""
    export_eraser(scores, documents, tmp_path / "p.jsonl", Choice("input_x_gradient", 0, "threshold"))
    agreement = agree(scores, documents, select="threshold", resamples=1)
    precisions, averages, faithful = [], [], {"comprehensiveness": [], "sufficiency": []}
    lines = written(tmp_path / "p.jsonl")
    for line in lines:
        for rationale, mask in zip(line["rationales"], selected(line, documents).values(), strict=True):
            truth = documents.get((line["annotation_id"], rationale["docid"])).rationale
            if mask.any() or truth.any():
                precisions.append(float((mask & truth).sum() / max(mask.sum(), 1)))
            if 0 < truth.sum() < len(truth):
                averages.append(average_precision_score(truth, rationale["soft_rationale_predictions"]))
    assert agreement.record("precision", "input_x_gradient", 0, "threshold").value == pytest.approx(
        np.mean(precisions)
    )
    assert agreement.record("ap", "input_x_gradient", 0).value == pytest.approx(np.mean(averages))
    single = {d.id for d in documents if int(d.id[1:]) % 5}
    alone = Documents([d for d in documents if d.id in single], source="made", split="val")
    kept = [s for s in scores if s.id in single]
    agreement = agree(MemoryScores(recipe(alone), kept), alone, select="threshold", resamples=1)
    for line in (line for line in lines if line["annotation_id"] in single):
        best, full = line["classification"], line["classification_scores"]
        for name, values in faithful.items():
            values.append(full[best] - line[f"{name}_classification_scores"][best])
    for name, values in faithful.items():
        assert agreement.record(name, "input_x_gradient", 0).value == pytest.approx(np.mean(values))


def test_documents_of_one_annotation_share_a_line_averaged_by_words(tmp_path, scores, documents):
    export_eraser(scores, documents, tmp_path / "p.jsonl", Choice("input_x_gradient", 0))
    lines = {line["annotation_id"]: line for line in written(tmp_path / "p.jsonl")}
    for identifier, group in groupby(scores, key=lambda s: s.id):
        pieces = list(group)
        line, total = lines[identifier], sum(len(p.covered) for p in pieces)
        for index, label in enumerate(LABELS):
            expected = sum(p.probabilities[index] * len(p.covered) for p in pieces) / total
            assert line["classification_scores"][label] == pytest.approx(expected)
            without = sum(p.perturbed[0].without[index] * len(p.covered) for p in pieces) / total
            only = sum(p.perturbed[5].only[index] * len(p.covered) for p in pieces) / total
            assert line["comprehensiveness_classification_scores"][label] == pytest.approx(without)
            last = line["thresholded_scores"][-1]
            assert last["threshold"] == 0.5
            assert last["sufficiency_classification_scores"][label] == pytest.approx(only)
        assert [r["docid"] for r in line["rationales"]] == [p.docid for p in pieces]


def test_documents_of_one_annotation_share_a_line_wherever_they_stand(tmp_path, scores, documents):
    export_eraser(scores, documents, tmp_path / "p.jsonl", Choice("input_x_gradient", 0))
    apart = sorted(scores, key=lambda s: s.docid.split(".")[1])  # all first documents, then all second ones
    assert len([*groupby(apart, key=lambda s: s.id)]) > len({s.id for s in apart})
    mixed = MemoryScores(scores.recipe, apart)
    export_eraser(mixed, documents, tmp_path / "mixed.jsonl", Choice("input_x_gradient", 0))
    told = [sorted(written(tmp_path / name), key=str) for name in ("p.jsonl", "mixed.jsonl")]
    assert told[0] == told[1]


def test_of_a_selection_of_its_own_there_is_no_aopc(tmp_path, scores, documents):
    """As ``kept`` is perturbed: once, whatever the share."""
    items = [replace(s, perturbed=tuple(p for p in s.perturbed if p.share == SHARES[0])) for s in scores]
    own = MemoryScores(scores.recipe, items)
    done = export_eraser(own, documents, tmp_path / "p.jsonl", Choice("input_x_gradient", 0))
    assert done.notes == (
        "no AOPC: input_x_gradient has a selection of its own, which was removed instead of shares",
    )
    lines = written(tmp_path / "p.jsonl")
    check_format(lines, documents)
    assert all(line["thresholded_scores"] == [] for line in lines)
    assert "comprehensiveness_classification_scores" in lines[0]


def test_defaults_are_the_first_method_and_its_usual_layer(tmp_path, scores, documents):
    """A gradient's is the one at the embeddings."""
    done = export_eraser(scores, documents, tmp_path / "p.jsonl")
    assert (done.method, done.layer, done.notes) == ("input_x_gradient", 0, ())


def test_a_layer_nobody_perturbed_is_exported_without_faithfulness(tmp_path, scores, documents):
    done = export_eraser(scores, documents, tmp_path / "p.jsonl", Choice("input_x_gradient", 2))
    assert done.notes == ("no faithfulness: input_x_gradient was not perturbed in layer 2",)
    lines = written(tmp_path / "p.jsonl")
    check_format(lines, documents)
    assert "thresholded_scores" not in lines[0]
    assert not any(r["hard_rationale_predictions"] for line in lines for r in line["rationales"])


def test_a_line_with_selected_words_comes_first(tmp_path, documents):
    """The scorer looks at the first line alone to tell whether there are selected words."""
    rng = np.random.default_rng(6)
    items = [score(d, rng) for d in documents]
    for item in items[:4]:
        item.token_scores["input_x_gradient"][0] = 0
    export_eraser(
        MemoryScores(recipe(documents), items), documents, tmp_path / "p", Choice("input_x_gradient", 0)
    )
    lines = written(tmp_path / "p")
    first = [any(r["hard_rationale_predictions"] for r in line["rationales"]) for line in lines]
    assert first[:4] == [True, False, False, False]
    assert [line["annotation_id"] for line in lines] == [
        "a3",
        "a0",
        "a1",
        "a2",
        *(f"a{i}" for i in range(4, 20)),
    ]


def test_uncovered_words_come_last_and_are_never_selected(tmp_path, documents):
    rng = np.random.default_rng(2)
    items = [score(d, rng, covered=np.arange(len(d.words)) < 3) for d in documents]
    for select in ("threshold", "top_k_gold"):
        choice = Choice("signed", 0, select)
        export_eraser(MemoryScores(recipe(documents), items), documents, tmp_path / select, choice)
        for line in written(tmp_path / select):
            for rationale in line["rationales"]:
                soft = rationale["soft_rationale_predictions"]
                assert len(soft) == len(documents.get((line["annotation_id"], rationale["docid"])).words)
                assert all(value <= min(soft[:3]) for value in soft[3:])
                assert all(span["end_token"] <= 3 for span in rationale["hard_rationale_predictions"])


def test_signed_scores_may_count_by_absolute_value(tmp_path, scores, documents):
    export_eraser(scores, documents, tmp_path / "p", Choice("signed", 0, "top_k_gold", absolute=True))
    for line in written(tmp_path / "p"):
        for rationale in line["rationales"]:
            assert min(rationale["soft_rationale_predictions"]) >= 0


def test_eta_moves_the_threshold(tmp_path, scores, documents):
    export_eraser(scores, documents, tmp_path / "p", Choice("input_x_gradient", 1, eta=(9.0, 0.5)))
    masks = {key: m for line in written(tmp_path / "p") for key, m in selected(line, documents).items()}
    for scored in scores:
        assert np.array_equal(masks[scored.key], above(scored, "input_x_gradient", 1, 0.5))
    with pytest.raises(
        ScoresError, match="eta has 2 layers, the scores of 'input_x_gradient' are of layer 2"
    ):
        export_eraser(scores, documents, tmp_path / "q", Choice("input_x_gradient", 2, eta=(9.0, 0.5)))


def test_faithfulness_of_some_documents_only_is_refused(tmp_path, documents):
    rng = np.random.default_rng(3)
    items = [score(d, rng, perturb=number < 4) for number, d in enumerate(documents)]
    with pytest.raises(ScoresError, match=r"document 'd3.0' of annotation 'a3': .* are missing"):
        export_eraser(
            MemoryScores(recipe(documents), items), documents, tmp_path / "q", Choice("input_x_gradient", 0)
        )
    assert not (tmp_path / "q").exists()


def test_part_of_a_split_is_noted(tmp_path, scores, documents):
    made = recipe(documents)
    part = MemoryScores(replace(made, data=replace(made.data, documents=10)), list(scores)[:10])
    done = export_eraser(part, documents, tmp_path / "p", Choice("input_x_gradient", 0))
    assert done.unscored == len(documents) - 10
    assert "have no scores; the benchmark's scorer wants the whole split" in done.notes[0]


def test_a_single_logit_names_no_class(tmp_path, documents):
    rng = np.random.default_rng(4)
    items = [score(d, rng) for d in documents]
    for item in items:
        object.__setattr__(item, "probabilities", (0.5,))
        object.__setattr__(item, "predicted", "yes")
    single = MemoryScores(recipe(documents, labels=["yes"], faithfulness=None), items)
    export_eraser(single, documents, tmp_path / "p", Choice("input_x_gradient", 0))
    assert set(written(tmp_path / "p")[0]) == {"annotation_id", "rationales"}


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (Choice("salience"), "no scores of method 'salience'. There are: input_x_gradient, signed."),
        (Choice("input_x_gradient", 9), "method 'input_x_gradient' has no layer 9. Layers: 0, 1, 2."),
        (
            Choice("input_x_gradient", 0, "best"),
            "words cannot be selected by 'best'. Known: threshold, top_k_gold, given.",
        ),
    ],
)
def test_what_is_not_there(tmp_path, scores, documents, choice, said):
    with pytest.raises(ScoresError) as caught:
        export_eraser(scores, documents, tmp_path / "p", choice)
    assert str(caught.value) == said
    assert list(tmp_path.iterdir()) == []


def test_scores_of_other_documents(tmp_path, scores, documents):
    changed = [Document(d.id, d.docid, (*d.words[:-1], "new"), label=d.label) for d in documents]
    with pytest.raises(ScoresError, match="the scores were computed from another text"):
        export_eraser(scores, Documents(changed), tmp_path / "p")
    assert list(tmp_path.iterdir()) == []


def test_a_probability_that_is_none(tmp_path, documents):
    items = [score(d, np.random.default_rng(5)) for d in documents]
    object.__setattr__(items[3], "probabilities", (float("nan"), 0.5, 0.5))
    (tmp_path / "p").write_text("earlier")
    with pytest.raises(ScoresError, match="annotation 'a2': a probability is not a finite number"):
        export_eraser(MemoryScores(recipe(documents), items), documents, tmp_path / "p", overwrite=True)
    assert (tmp_path / "p").read_text() == "earlier"


def run(*arguments):
    import typer

    app = typer.Typer()
    app.command()(export)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command(tmp_path, scores, documents):
    data = write_eraser({"val": documents, "train": documents[:2]}, tmp_path / "data")
    writer = ScoreWriter(tmp_path / "scores", scores.recipe)
    writer.write(0, list(scores)[:7])
    writer.write(1, list(scores)[7:])
    writer.finish()
    common = ["--scores", tmp_path / "scores", "--data", data, "--out", tmp_path / "p.jsonl"]
    done = run(*common, "--method", "input_x_gradient", "--layer", "0", "--select", "top_k_gold")
    assert done.exit_code == 0, done.output
    assert done.output == f"{tmp_path / 'p.jsonl'}: 20 annotations, input_x_gradient, layer 0, top_k_gold\n"
    check_format(written(tmp_path / "p.jsonl"), documents)
    assert isinstance(run(*common).exception, OutputError)
    assert isinstance(run(*common, "--overwrite", "--format", "csv").exception, RationaleError)
    assert run(*common, "--overwrite").exit_code == 0
    assert list(EXPORTS) == ["eraser"]


def test_ids_that_are_numbers_are_written_as_numbers(tmp_path):
    """BoolQ's are, and the benchmark's scorer finds no prediction for "7" where the annotation says 7."""
    made = [
        replace(d, original_id=number) for number, d in enumerate(corpus(annotations=4)) if "." in d.docid
    ][:3]
    made = [replace(d, id=str(d.original_id), docid=str(40 + d.original_id), query=()) for d in made]
    made[2] = replace(made[2], original_docid=int(made[2].docid))
    documents = Documents(made, source="made", split="val")
    rng = np.random.default_rng(2)
    scores = MemoryScores(recipe(documents), [score(document, rng) for document in documents])
    export_eraser(scores, documents, tmp_path / "out.jsonl")
    lines = {
        line["annotation_id"]: line["rationales"][0]["docid"] for line in written(tmp_path / "out.jsonl")
    }
    assert lines == {d.original_id: d.original_docid or d.docid for d in made}
    assert all(type(identifier) is int for identifier in lines)
