"""Scores that do not depend on what a model has learnt are found: its weights are re-drawn part by part."""

import random
import re
from itertools import combinations
from statistics import fmean

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from transformers import AutoModelForSequenceClassification

from rationale.artifacts.verify import verify
from rationale.corpus import Document, Documents
from rationale.errors import DataError, ModelError, OutputError, RationaleError
from rationale.loading.classifier import load_classifier
from rationale.scores import METHODS, ScoreOptions
from rationale.scores.documents import DocumentScorer
from rationale.scores.methods import DecisionMethod, one_pass_methods
from rationale.study.sanity import check
from rationale.study.sanity.cells import CELL
from rationale.study.sanity.check import check_sanity, compared
from rationale.study.sanity.options import SanityOptions
from rationale.study.sanity.parts import parts_of
from rationale.study.sanity.redraw import Redrawing
from rationale.study.sanity.result import HIGH, Sanity
from rationale.study.sanity.similarity import best_count, overlap, random_overlap, rank_correlation
from rationale.tokens import Windower, pack_windows
from tests.dropping.models import toy
from tests.lanes import first_fast
from tests.study.one_token_words import documents
from tests.systems import TOYS
from tests.toys import MODELS, toy_classifier, toy_tokenizer, wordy

SHORT = ("gradient_norm", "attention.all")


def run(classifier, **options):
    given = {"methods": SHORT, "seeds": (0,), "random_orders": 0} | {
        k: v for k, v in options.items() if k not in ("out",)
    }
    more = {"out": options["out"]} if "out" in options else {}
    return check_sanity(classifier, documents(), SanityOptions(**given), progress=False, **more)


@pytest.fixture(scope="module")
def bert():
    return toy_classifier("bert")


@pytest.fixture(scope="module")
def cascade(bert):
    return run(bert, methods=("input_x_gradient", *SHORT), layers=(0, 2), seeds=(0, 1, 2))


# Similarity

EXAMPLE = np.array([0.4, 0.3, 0.15, 0.1, 0.05], np.float32)


@pytest.mark.parametrize(
    ("other", "rho", "iou"),
    [
        ((0.38, 0.3, 0.12, 0.15, 0.05), 0.9, 1.0),
        ((0.3, 0.1, 0.2, 0.15, 0.25), 0.1, 1 / 3),
        ((0.05, 0.1, 0.15, 0.3, 0.4), -1.0, 0.0),
    ],
)
def test_the_worked_example(other, rho, iou):
    again = np.array(other, np.float32)
    assert rank_correlation(EXAMPLE, again) == pytest.approx(rho)
    assert rank_correlation(EXAMPLE, again) == pytest.approx(spearmanr(EXAMPLE, again).statistic)
    assert overlap(EXAMPLE, again, k=2) == pytest.approx(iou)


def test_signs_count_and_ties_have_their_mean_rank():
    first = np.array([-0.5, 0.0, 0.0, 0.2, -0.1], np.float32)
    second = np.array([0.5, 0.1, -0.1, 0.2, 0.1], np.float32)
    assert rank_correlation(first, second) == pytest.approx(spearmanr(first, second).statistic)


def test_constant_scores_have_no_rank_correlation():
    assert np.isnan(rank_correlation(np.zeros(5, np.float32), EXAMPLE))
    values = compared("m", 0, [EXAMPLE, EXAMPLE], [np.ones(5, np.float32), EXAMPLE], 0.1)
    assert values.spearman == (None, 1.0)


def test_ties_of_the_best_go_to_the_earlier_word():
    assert overlap(np.array([1, 1, 1], np.float32), np.array([3, 2, 1], np.float32), k=2) == 1.0


@pytest.mark.parametrize(("words", "k"), [(1, 1), (4, 10), (25, 2), (26, 3), (200, 20)])
def test_the_number_of_best_words_is_a_tenth_and_at_least_one(words, k):
    assert best_count(words, 0.1) == (1 if words < 10 else k)


@pytest.mark.parametrize(("words", "k"), [(1, 1), (5, 2), (6, 4), (7, 3)])
def test_a_random_orders_overlap_is_the_mean_over_all_choices(words, k):
    best, choices = set(range(k)), [set(choice) for choice in combinations(range(words), k)]
    assert random_overlap(words, k) == pytest.approx(fmean(len(best & c) / len(best | c) for c in choices))


# Parts and their weights


@pytest.fixture(params=first_fast(MODELS), scope="module")
def family(request):
    return toy_classifier(request.param)


def states(classifier):
    """The input of each layer, then the logits."""
    windower = Windower(classifier.tokenizer, classifier.max_length, "document")
    packed = pack_windows([windower(documents(1)[0]).windows[0]])
    inputs = []
    with torch.no_grad():
        logits = classifier.mask(packed, states=inputs).logits
    return [*(each.clone() for each in inputs), logits.clone()]


def test_every_parameter_is_in_one_part(family):
    named = [name for part in parts_of(family) for name in part.parameters]
    assert sorted(named) == sorted(name for name, _ in family.model.named_parameters())
    layers = [f"layer {n}" for n in reversed(range(family.encoder.layers))]
    assert [part.name for part in parts_of(family)] == ["head", *layers, "embeddings"]


def test_a_part_changes_what_comes_after_it_and_nothing_before(family):
    before, redrawing = states(family), Redrawing(family, "init")
    for part in parts_of(family):
        after = states(redrawing([part], seed=0))
        first = {"head": family.encoder.layers, "embeddings": 0}.get(part.name)
        first = part.layer + 1 if first is None else first
        same = [torch.equal(a, b) for a, b in zip(before, after, strict=True)]
        assert same == [place < first for place in range(len(before))], part.name


def test_weights_are_drawn_as_transformers_draws_them(family):
    """Means and spreads of matrices, exact numbers of vectors, rows of padding."""
    ours = dict(Redrawing(family, "init")(parts_of(family), seed=0).model.named_parameters())
    with torch.random.fork_rng():
        torch.manual_seed(0)
        theirs = AutoModelForSequenceClassification.from_config(family.model.config)
    for name, expected in ((name, each.detach()) for name, each in theirs.named_parameters()):
        drawn = ours[name].detach()
        if drawn.dim() == 1:
            assert torch.equal(drawn, expected), name
            continue
        assert float(drawn.std()) == pytest.approx(float(expected.std()), rel=5 / drawn.numel() ** 0.5), name
        assert abs(float(drawn.mean())) < 5 * float(expected.std()) / drawn.numel() ** 0.5, name
        padding = [bool((each == 0).all(dim=-1).any()) for each in (drawn, expected)]
        assert padding[0] == padding[1], name


def test_shuffling_keeps_the_numbers_of_each_tensor(family):
    before = dict(family.model.named_parameters())
    after = dict(Redrawing(family, "shuffle")(parts_of(family), seed=0).model.named_parameters())
    for name, weights in before.items():
        assert torch.equal(weights.flatten().sort().values, after[name].flatten().sort().values)
        assert not torch.equal(weights, after[name]), name


def test_the_model_and_the_global_generators_are_not_touched(family):
    before = {name: value.clone() for name, value in family.model.state_dict().items()}
    generators = torch.get_rng_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    run(family)
    after = family.model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert torch.equal(generators[0], torch.get_rng_state())
    assert generators[1:] == (np.random.get_state()[1].tolist(), random.getstate())  # noqa: NPY002


def test_weights_come_back(bert):
    redrawing = Redrawing(bert, "init")
    redrawing(parts_of(bert), seed=0)
    again = redrawing([], seed=0).model.state_dict()
    assert all(torch.equal(value, again[name]) for name, value in bert.model.state_dict().items())


def test_a_parts_weights_depend_on_the_seed_alone(bert):
    head, *others = parts_of(bert)
    name = head.parameters[0]
    drawn = [
        Redrawing(bert, "init")(parts, seed).model.get_parameter(name).clone()
        for parts, seed in (([head], 0), ([head, *others], 0), ([head], 1))
    ]
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])


# Targets


def test_a_fixed_class_is_explained_whatever_the_model_predicts(bert):
    items = list(documents(3))
    gold = DocumentScorer(bert, ScoreOptions(("gradient_norm",), target="gold"), 8)
    fixed = DocumentScorer(bert, ScoreOptions(("gradient_norm",)), 8)
    one = bert.labels.index("POS")
    for (a, _), (b, _) in zip(gold(items), fixed(items, [one] * 3), strict=True):
        np.testing.assert_array_equal(a.words["gradient_norm"], b.words["gradient_norm"])
    for (a, _), (b, _) in zip(fixed(items, [one] * 3), fixed(items, [1 - one] * 3), strict=True):
        assert not np.array_equal(a.words["gradient_norm"], b.words["gradient_norm"])


def test_every_step_explains_what_the_original_model_predicts(bert, monkeypatch):
    seen = []
    call = DocumentScorer.__call__

    def watched(self, items, targets=None):
        seen.append(targets)
        return call(self, items, targets)

    monkeypatch.setattr(DocumentScorer, "__call__", watched)
    run(bert)
    first, *later = seen
    predicted = [
        scored.predicted for scored, _ in call(DocumentScorer(bert, ScoreOptions(SHORT), 8), documents())
    ]
    assert first is None
    assert later == [[bert.labels.index(label) for label in predicted]] * (1 + len(parts_of(bert)))


# The check


def test_a_step_that_redraws_nothing_gives_exactly_one(bert):
    scorer = check._Scorer(
        documents(), ScoreOptions(one_pass_methods()), dict.fromkeys(one_pass_methods(), (0, 2))
    )
    targets = scorer.predicted(bert)
    original = scorer(bert, targets, lambda count: None)
    again = scorer(Redrawing(bert, "init")([], 0), targets, lambda count: None)
    for score in original[0].scores:
        values = compared(*score, *([w.scores[score] for w in side] for side in (original, again)), 0.1)
        assert set(values.spearman) == set(values.iou) == {1.0}, score


def test_a_gradient_method_falls_to_the_level_of_a_random_order(cascade):
    for method, layer in (("input_x_gradient", 0), ("gradient_norm", 0), ("gradient_norm", 2)):
        curve = cascade.curve(method, layer)
        assert all(one.applies for one in curve)
        assert curve[0].spearman.value > 0.5
        assert abs(curve[-1].spearman.value) < 0.15
        assert abs(curve[-1].iou.value - cascade.random.iou) < 0.1
        assert curve[-1].spearman.low < curve[-1].spearman.value < curve[-1].spearman.high


def test_attention_is_not_applicable_until_its_layer(cascade):
    """And where it is not, it is the same to the last digit: the claim is measured, not assumed."""
    for layer, applies in ((0, [False, False, False, True, True]), (2, [False, True, True, True, True])):
        curve = cascade.curve("attention.all", layer)
        assert [one.part for one in curve] == ["head", "layer 2", "layer 1", "layer 0", "embeddings"]
        assert [one.applies for one in curve] == applies
        for one in curve:
            assert (one.spearman.value == one.iou.value == 1.0) != one.applies
            assert (one.spearman.low is None) != one.applies


def test_methods_that_stay_alike_are_flagged(cascade):
    assert cascade.recipe.sanity.half == 2  # head, layer 2, layer 1 of three layers
    for outcome in cascade.outcomes:
        later = [one for one in cascade.curve(outcome.method, outcome.layer)[2:] if one.applies]
        assert outcome.remaining == max(one.spearman.value for one in later)
        assert outcome.flagged == (outcome.remaining > HIGH)
    assert {outcome.flagged for outcome in cascade.outcomes} == {True, False}


def test_one_part_at_a_time_leaves_the_others_as_trained(bert, cascade):
    alone = run(
        bert, methods=("input_x_gradient", *SHORT), layers=(0, 2), seeds=(0, 1, 2), mode="independent"
    )
    assert [o.flagged for o in alone.outcomes] == [None] * len(alone.outcomes)
    for outcome in alone.outcomes:
        curve = alone.curve(outcome.method, outcome.layer)
        assert curve[0] == cascade.curve(outcome.method, outcome.layer)[0]  # the first step is the same
    assert [one.applies for one in alone.curve("attention.all", 0)] == [False, False, False, True, True]


def test_words_of_more_tokens_are_named_as_a_reason(bert):
    """Where words have several tokens their sums stay ahead with any weights."""
    long = Documents([Document(str(n), str(n), wordy(30, n), label="POS") for n in range(4)])
    result = check_sanity(
        bert, long, SanityOptions(("gradient_norm",), seeds=(0,), random_orders=0), progress=False
    )
    assert result.outcomes[0].token_count > 0.3
    assert result.curve("gradient_norm", 0)[-1].spearman.value > 0.3


@pytest.mark.slow
def test_seeds_reproduce_and_differ(bert):
    assert run(bert, seeds=(3,)) == run(bert, seeds=(3,))
    assert run(bert, seeds=(3,)).similarities != run(bert, seeds=(4,)).similarities
    both, alone = run(bert, seeds=(3, 4)), [run(bert, seeds=(seed,)) for seed in (3, 4)]
    for mean, *values in zip(both.similarities, *(one.similarities for one in alone), strict=True):
        assert mean.spearman.value == pytest.approx(fmean(one.spearman.value for one in values))


@pytest.mark.parametrize("system", first_fast(TOYS))
def test_a_dropping_models_decisions_depend_on_what_is_said(system, tmp_path):
    """Wherever a part is said not to decide the scores, they are the same; elsewhere some step moves them."""
    toy(system).save_pretrained(tmp_path)
    toy_tokenizer("wordpiece").save_pretrained(tmp_path)
    classifier = load_classifier(tmp_path, device="cpu")
    decisions = [n for n, m in METHODS.items() if isinstance(m, DecisionMethod)]
    methods = (*decisions, "attention.all", "rollout.cls", "gradient_norm")
    result = run(classifier, methods=methods, layers=range(5), mode="independent", draw="shuffle")
    assert ("policy" in result.recipe.sanity.parts) == (TOYS[system].learnt is not None)
    for one in result.similarities:
        if not one.applies:
            assert one.iou.value == 1.0, one
            assert one.spearman.value in (1.0, None), one
    assert any(one.applies and one.iou.value < 1 for one in result.similarities)
    if TOYS[system].learnt:
        moved = [one for one in result.similarities if (one.part, one.method) == ("policy", "policy_score")]
        assert any(one.spearman.value is not None and one.spearman.value < 1 for one in moved)


# Bad requests


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"methods": ("gradient_nrom",)}, "no score method is called 'gradient_nrom'.*'gradient_norm'"),
        ({"methods": ("random",)}, "random does not read the model"),
        ({"methods": ("gradient_norm",) * 2}, "each once"),
        ({"layers": (7,)}, "gradient_norm has no layer 7.*Layers: 0, 1, 2"),
        ({"mode": "random"}, "no mode is called 'random'.*cascade, independent"),
        ({"draw": "normal"}, "no draw is called 'normal'.*init, shuffle"),
        ({"seeds": ()}, "the seeds are none"),
        ({"seeds": (1, 1)}, "each once"),
        ({"k_share": 0.0}, "the share of best words is 0"),
    ],
)
def test_a_bad_request_says_what_is_known(bert, options, told):
    with pytest.raises(RationaleError, match=told):
        run(bert, **options)


def test_a_plain_model_has_no_policy_score(bert):
    with pytest.raises(ModelError, match="policy_score is what a token-dropping model decides"):
        run(bert, methods=("policy_score",))


def test_no_documents(bert):
    with pytest.raises(DataError, match="there is nothing to score"):
        check_sanity(bert, Documents([]), SanityOptions(), progress=False)


# Files


@pytest.fixture
def interrupted(bert, tmp_path, monkeypatch):
    """An output whose computation was stopped after three of its cells."""
    written = []
    write = type(CELL).write

    def stop(self, path, *args, **kwargs):
        if self is CELL and len(written) == 3:
            raise KeyboardInterrupt
        write(self, path, *args, **kwargs)
        written.append(path) if self is CELL else None

    with monkeypatch.context() as patched:
        patched.setattr(type(CELL), "write", stop)
        with pytest.raises(KeyboardInterrupt):
            run(bert, seeds=(0, 1), out=tmp_path / "sanity.json")
    return tmp_path / "sanity.json"


def test_an_interrupted_check_resumes_with_equal_bytes(bert, interrupted, tmp_path, monkeypatch):
    (tmp_path / "whole").mkdir()
    whole = tmp_path / "whole" / "sanity.json"
    run(bert, seeds=(0, 1), out=whole)
    assert len(verify(interrupted.with_name("sanity.json.unfinished"))) == 4
    cells = []
    redraw = Redrawing.__call__
    monkeypatch.setattr(Redrawing, "__call__", lambda *args: cells.append(args[1:]) or redraw(*args))
    run(bert, seeds=(0, 1), out=interrupted)
    assert len(cells) == 2 * 5 - 3
    assert interrupted.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sanity.json", "whole"]


def test_the_cells_of_another_check_are_refused_or_replaced(bert, interrupted):
    with pytest.raises(OutputError, match=re.escape("sanity.seeds: ")):
        run(bert, seeds=(0, 1, 2), out=interrupted)
    options = SanityOptions(SHORT, seeds=(2,), random_orders=0)
    result = check_sanity(bert, documents(), options, out=interrupted, overwrite=True, progress=False)
    assert result == Sanity.load(interrupted)


def test_a_changed_cell_is_refused(bert, interrupted):
    path = next(interrupted.with_name("sanity.json.unfinished").glob("seed-*"))
    path.write_text(path.read_text().replace('"iou": [', '"iou": [0.5,', 1))
    with pytest.raises(OutputError, match="changed after it was written"):
        run(bert, seeds=(0, 1), out=interrupted)


def test_a_cell_under_another_name_is_refused(bert, interrupted):
    folder = interrupted.with_name("sanity.json.unfinished")
    (folder / "seed-0.step-00.json").rename(folder / "seed-1.step-00.json")
    with pytest.raises(OutputError, match="this cell belongs to another check"):
        run(bert, seeds=(0, 1), out=interrupted)


def test_a_saved_check_is_read_verified_and_not_replaced(bert, tmp_path):
    out = tmp_path / "sanity.json"
    result = run(bert, out=out)
    assert Sanity.load(out) == result
    (found,) = verify(out)
    assert (found.kind, found.state) == ("randomisation check", "whole")
    assert bert.identity.hash in found.about
    with pytest.raises(OutputError, match="exists already"):
        run(bert, out=out)
