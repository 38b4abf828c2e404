"""What the model reads for faithfulness: against plain loops over the Hugging Face model, and by hand."""

import shutil
from dataclasses import replace
from itertools import combinations, permutations, product
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from typer.testing import CliRunner

from rationale.agreement import agree
from rationale.artifacts.scores import old_digest
from rationale.cli import app
from rationale.corpus.document import Document, Documents, Span
from rationale.errors import ModelError, RationaleError, ScoresError
from rationale.metrics.naopc import Limits
from rationale.scores import Faithfulness, NaopcOptions, ScoreOptions, StoredScores, score
from rationale.scores.faithfulness import plan
from rationale.scores.naopc import Losses, removal_of
from rationale.scores.scored import OrderAopc, Softened
from rationale.scores.soft import soften, zeroed_probabilities
from rationale.scores.units import by_word
from rationale.tokens import Windower
from rationale.tokens.windows import Window, Windows
from tests.handmade import BINS, scores_of
from tests.handmade import scored as by_hand
from tests.lanes import first_fast
from tests.scores.made import content, documents_of, scored, unseal
from tests.scores.plainly import read_plainly
from tests.toys import MODELS, toy_classifier, toy_folder, wordy

ALL = Faithfulness(0.3, soft=3, naopc=NaopcOptions(words=10, exact=4, beam=2))
METHODS = ("input_x_gradient", "random")


def short(*lengths, **more):
    return Documents([Document(f"a{n}", f"d{n}", wordy(n, n), label="POS", **more) for n in lengths])


def options(faithfulness=ALL, **more):
    return ScoreOptions(methods=METHODS, faithfulness=faithfulness, **more)


def test_hard_forms_are_those_of_the_plain_model_without_the_deleted_ids():
    """Documents of several windows, one with a query; nothing is read of the whole document but the rest."""
    own = documents_of(3)
    for document, one in zip(own, scored(own, METHODS, faithfulness=Faithfulness(0.3)), strict=True):
        every = range(len(document.words))
        np.testing.assert_allclose(one.nothing, read_plainly("bert", document, 20, remove=every), atol=1e-5)
        for row in one.perturbed:
            if row.share == 0.3:
                k = int(np.ceil(0.3 * len(document.words) - 1e-9))
                best = np.argsort(-one.words[row.method][one.row(row.method, row.layer)], kind="stable")[:k]
                without = read_plainly("bert", document, 20, remove=best)
                only = read_plainly("bert", document, 20, remove=set(every) - set(best.tolist()))
                np.testing.assert_allclose(row.without, without, atol=1e-5)
                np.testing.assert_allclose(row.only, only, atol=1e-5)


def test_nothing_is_read_once_for_each_query_and_length(monkeypatch):
    classifier = toy_classifier("bert")
    seen = []
    call = type(classifier).logits
    monkeypatch.setattr(
        type(classifier), "logits", lambda self, packed: seen.append(packed.lengths) or call(self, packed)
    )
    same = Documents([Document(str(n), str(n), ("film",) * 5, query=("is",) * (n == 3)) for n in range(4)])
    score(classifier, same, ScoreOptions(("random",), faithfulness=Faithfulness(0.5)), progress=False)
    assert (seen.count((2,)), seen.count((4,))) == (1, 1)


@pytest.mark.parametrize("removal", ["delete", "mask"])
def test_limits_and_orders_are_those_of_all_orders_through_the_plain_model(removal):
    document = Document("a", "a", wordy(5, 3), label="POS")
    settings = Faithfulness(0.3, naopc=NaopcOptions(removal=removal))
    (one,) = scored(Documents([document]), METHODS, faithfulness=settings, classifier=toy_classifier("bert"))
    mask = toy_classifier("bert").tokenizer.mask_token_id if removal == "mask" else None
    best = int(np.argmax(one.probabilities))
    loss = {
        gone: one.probabilities[best] - read_plainly("bert", document, 64, remove=gone, mask=mask)[best]
        for size in range(1, 6)
        for gone in combinations(range(5), size)
    }

    def aopc(order):
        return np.mean([loss[tuple(sorted(order[:k]))] for k in range(1, 6)])

    every = [aopc(order) for order in permutations(range(5))]
    assert (one.limits.lower, one.limits.upper) == pytest.approx((min(every), max(every)), abs=1e-5)
    assert (one.limits.exact, one.limits.beam, one.limits.forwards) == (True, None, 31)
    assert set(one.orders) == {("input_x_gradient", 0), ("input_x_gradient", 2), ("random", 0)}
    for place, found in one.orders.items():
        order = np.argsort(-one.words[place[0]][one.row(*place)], kind="stable").tolist()
        assert found.comprehensiveness == pytest.approx(aopc(order), abs=1e-5)
        assert found.sufficiency == pytest.approx(aopc(order[::-1]), abs=1e-5)


def test_words_of_equal_scores_are_removed_from_the_first_to_the_last():
    one = by_hand(Document("a", "a", tuple("abcd")), {"m": [[1, 3, 1, 3]]}, covered=[True, True, True, False])
    assert by_word(one.covered).order(one.words["m"][0]).tolist() == [1, 0, 2]


def test_every_evaluated_order_is_inside_the_limits():
    settings = Faithfulness(0.3, naopc=NaopcOptions(exact=0, beam=1))
    for one in scored(short(1, 4, 9, 14), METHODS, classifier=toy_classifier("bert"), faithfulness=settings):
        values = [value for o in one.orders.values() for value in (o.comprehensiveness, o.sufficiency)]
        assert one.limits.lower <= min(values) <= max(values) <= one.limits.upper
        assert (one.limits.exact, one.limits.beam) == (False, 1)


def test_a_long_document_has_no_naopc_and_is_counted():
    settings = Faithfulness(0.3, naopc=NaopcOptions(words=4))
    own = Documents([replace(d, spans=(Span(0, 1),)) for d in short(1, 4, 5)])
    classifier = toy_classifier("bert")
    scores = scored(own, METHODS, classifier=classifier, faithfulness=settings)
    assert (
        [bool(one.orders) for one in scores]
        == [one.limits is not None for one in scores]
        == [True, True, False]
    )
    record = agree(scores, own, resamples=20).record("naopc_comprehensiveness", "random", 0)
    assert (record.n, record.skipped) == (1, 2)  # one word has one order, five are too many
    planned = plan(classifier, own, options(settings))
    assert (planned.documents, planned.left_out, planned.naopc, planned.soft) == (3, 1, 2 + 16, 0)
    assert planned.sentences == [
        "NAOPC: 2 documents, at most 18 forwards; left out 1 too long or without words"
    ]


def test_a_plan_is_never_too_small(monkeypatch):
    """Sets that were read: those of the limits and of the methods' orders."""
    own, classifier, told, read = short(3, 9, 25), toy_classifier("bert"), [], Losses._read
    monkeypatch.setattr(Losses, "_read", lambda self, names: told.append(len(names)) or read(self, names))
    list(scored(own, METHODS, classifier=classifier, faithfulness=ALL))
    planned = plan(classifier, own, options())
    assert sum(told) <= planned.naopc <= 2 * sum(told)
    assert planned.soft == 3 * 2 * 3 * 3  # documents, directions, places, draws


@pytest.mark.parametrize("name", first_fast(MODELS))
def test_where_every_entry_stays_nothing_is_lost(name):
    """Then normalised sufficiency is 1 and comprehensiveness 0."""
    classifier, document = toy_classifier(name, max_length=20), documents_of(3)[2]
    (one,) = scored(Documents([document]), METHODS, classifier=classifier)
    windows = Windower(classifier.tokenizer, 20)(document)
    every = np.ones((len(one.tokens), classifier.encoder.width), dtype=bool)
    found = zeroed_probabilities(classifier, windows, [every, ~every], batch_size=3)
    np.testing.assert_allclose(found[0], one.probabilities, atol=1e-5)
    assert not np.allclose(found[1], one.probabilities, atol=1e-5)


TOY = torch.tensor([[1.0, 1.0], [0.5, -0.5], [0.0, 0.0]])


def summing():
    """A model whose one output is the sum of all entries, of words with two entries each."""

    def logits(layer, hidden, packed):
        return packed.segment_sum(hidden.sum(-1))[:, None]

    return SimpleNamespace(
        encoder=SimpleNamespace(width=2, embed=lambda packed: TOY[packed.ids]),
        forward_from=logits,
        device=torch.device("cpu"),
        finite=lambda values: values,
        probabilities=lambda logits: torch.cat([-logits, logits], -1).double().sigmoid(),
    )


def softened(draws, scores=(1.0, 0.25, 0.0), seed=0):
    ids = np.arange(3, dtype=np.int32)
    windows = Windows((Window(ids, np.zeros_like(ids), ids, 1.0),), np.ones(3, dtype=bool))
    full = float(torch.sigmoid(torch.tensor(2.0, dtype=torch.float64)))
    one = by_hand(Document("a", "a", tuple("xyz")), {"m": [scores]}, probabilities=(1 - full, full))
    return soften(summing(), one, windows, ("m", 0), draws=draws, seed=seed, batch_size=7), full


def exact(q):
    """E[max(0, p - p(z))] over all masks of two words of two entries."""
    full, entries, chance = 1 / (1 + np.exp(-2)), np.array([1, 1, 0.5, -0.5]), np.repeat(q, 2)
    total = 0.0
    for mask in product((0, 1), repeat=4):
        probability = np.prod(np.where(mask, chance, 1 - chance))
        total += probability * max(0.0, full - 1 / (1 + np.exp(-np.dot(entries, mask))))
    return total


def test_soft_means_are_those_of_all_masks():
    found, full = softened(2000)
    only, without = exact(np.array([1, 0.25])), exact(np.array([0, 0.75]))
    assert (full, only, without) == pytest.approx((0.8808, 0.01185, 0.3808), abs=5e-5)
    assert abs(found.only - only) <= 3 * found.only_error
    assert abs(found.without - without) <= 3 * found.without_error
    nothing = full - 0.5
    assert 1 - only / nothing == pytest.approx(0.9689, abs=5e-5)
    assert without / nothing == pytest.approx(1.0, abs=1e-4)
    ten = [softened(10, seed=seed)[0].without / nothing for seed in range(40)]
    assert 0.05 < np.std(ten) < 0.10  # ten draws leave about .07
    assert np.mean([softened(10, seed=s)[0].without_error / nothing for s in range(40)]) == pytest.approx(
        np.std(ten), rel=0.3
    )


def test_equal_scores_keep_half_of_the_entries():
    found, _ = softened(2000, scores=(2.0, 2.0, 2.0))
    expected = exact(np.array([0.5, 0.5]))
    assert abs(found.only - expected) <= 3 * found.only_error
    assert abs(found.without - expected) <= 3 * found.without_error


def test_batches_and_other_documents_change_nothing():
    """Documents of one window and of several."""
    own, classifier = short(3, 6, 25), toy_classifier("bert", max_length=20)
    together = list(scored(own, METHODS, classifier=classifier, faithfulness=ALL, batch_size=8))
    alone = [
        one
        for document in own
        for one in scored(
            Documents([document]), METHODS, classifier=classifier, faithfulness=ALL, batch_size=1
        )
    ]
    for left, right in zip(together, alone, strict=True):
        assert left.nothing == right.nothing
        assert left.softened.keys() == right.softened.keys() != set()
        for place, one in left.softened.items():
            other = right.softened[place]
            assert (one.without, one.only) == pytest.approx((other.without, other.only), abs=1e-5)
            assert one.without_error == pytest.approx(other.without_error, abs=1e-5)
    for left, right in zip(together[:2], alone[:2], strict=True):
        assert left.limits.upper == pytest.approx(right.limits.upper, abs=1e-5)
        assert left.orders[("random", 0)].sufficiency == pytest.approx(
            right.orders[("random", 0)].sufficiency, abs=1e-5
        )
    others = list(scored(own, METHODS, classifier=classifier, faithfulness=ALL, seed=1))
    assert others[1].softened[("input_x_gradient", 0)] != together[1].softened[("input_x_gradient", 0)]


def records(**measured):
    """The one document of the specification: p .9, nothing .5, only .8, without .4."""
    document = Document("a", "a", tuple("xyz"), label="POS", spans=(Span(0, 1),))
    rows = [("m", 0, share, (0.6, 0.4), (0.2, 0.8)) for share in (0.3, *BINS)]
    one = by_hand(document, {"m": [[0.5, 0.2, 0.3]]}, perturbed=rows, probabilities=(0.1, 0.9))
    own = Documents([document])
    scores = scores_of(
        [replace(one, **measured)], own, faithfulness={"share": 0.3, "bins": BINS, "layers": None}
    )
    return {r.metric: r for r in agree(scores, own, resamples=20).records}


def test_normalised_values_of_the_worked_example():
    place = ("m", 0)
    found = records(
        nothing=(0.5, 0.5),
        softened={place: Softened(0.3808, 0.02, 0.01185, 0.001)},
        orders={place: OrderAopc(0.3, 0.65 / 3)},
        limits=Limits(0.2, 1.3 / 3, exact=True, beam=None, forwards=7),
    )
    expected = {
        "sufficiency_norm": 0.75,
        "comprehensiveness_norm": 1.0,  # 1.25, clipped
        "soft_sufficiency_norm": 1 - 0.01185 / 0.4,
        "soft_comprehensiveness_norm": 0.3808 / 0.4,
        "naopc_comprehensiveness": 0.4286,
        "naopc_sufficiency": 0.0714,
    }
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value, abs=5e-5), name
        assert (found[name].n, found[name].skipped) == (1, 0)


@pytest.mark.parametrize("nothing", [(0.1, 0.9), (0.09991, 0.90009), (0.10009, 0.89991)])
def test_a_text_that_makes_no_difference_has_no_normalised_value(nothing):
    assert "sufficiency_norm" not in records(nothing=nothing)  # nor has any other document here
    assert "sufficiency" in records(nothing=nothing)
    assert records(nothing=(0.102, 0.898))["sufficiency_norm"].value == 0.0


def test_orders_that_make_no_difference_have_no_naopc():
    limits = Limits(0.2, 0.2 + 9e-7, exact=True, beam=None, forwards=7)
    found = records(orders={("m", 0): OrderAopc(0.2, 0.2)}, limits=limits)
    assert not {"naopc_comprehensiveness", "naopc_sufficiency"} & set(found)


def run(folder, faithfulness=ALL):
    return score(
        toy_classifier("bert", max_length=20),
        short(3, 9, 25),
        options(faithfulness),
        out=folder,
        progress=False,
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("measured") / "scores"
    run(folder)
    return folder


def test_what_is_read_is_what_was_measured(finished):
    memory = scored(
        short(3, 9, 25), METHODS, faithfulness=ALL, classifier=toy_classifier("bert", max_length=20)
    )
    stored = StoredScores(finished)
    for one, other in zip(memory, stored, strict=True):
        assert one.nothing == pytest.approx(other.nothing)
        assert (one.softened, one.orders, one.limits) == (other.softened, other.orders, other.limits)
    settings = stored.recipe.faithfulness
    assert (settings.nothing, settings.soft, settings.naopc.beam, settings.naopc.removal) == (
        True, 3, 2, "delete",
    )  # fmt: skip


def test_an_interrupted_run_resumes_to_the_same_bytes(finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "scores")
    before = content(folder)
    (folder / "COMPLETE").unlink()
    shutil.rmtree(folder / "part-00001")
    with pytest.raises(ScoresError, match="differs in: faithfulness"):
        run(folder, replace(ALL, soft=4))
    run(folder)
    assert content(folder) == before


def test_scores_without_the_new_columns_still_open(finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "scores")
    for name, columns in (
        ("documents", ["nothing", "limits", "order_units"]),
        ("scores", ["softened", "order"]),
    ):
        for path in folder.glob(f"part-*/{name}.parquet"):
            pq.write_table(pq.read_table(path).drop_columns(columns), path, write_page_checksum=True)
    unseal(folder)
    assert all(old_digest(part) for part in folder.glob("part-*"))
    scores = StoredScores(folder)
    for one in scores:
        assert (one.nothing, dict(one.softened), dict(one.orders), one.limits) == ((), {}, {}, None)
        assert one.perturbed
    found = {r.metric for r in agree(scores, short(3, 9, 25), resamples=20).records}
    assert "comprehensiveness" in found
    assert not {name for name in found if "norm" in name or "naopc" in name}


def test_a_damaged_measurement_is_refused(finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "scores")
    path = folder / "part-00000" / "documents.parquet"
    table = pq.read_table(path)
    limits = table["limits"].to_pylist()
    limits[0]["upper"] = limits[0]["lower"] - 1
    at, field = table.schema.get_field_index("limits"), table.schema.field("limits")
    spoilt = table.set_column(at, field, pa.array(limits, field.type))
    pq.write_table(spoilt, path, write_page_checksum=True)
    unseal(folder)
    with pytest.raises(ScoresError, match=r"AOPC can reach .* expected finite numbers in order"):
        list(StoredScores(folder))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Faithfulness(0.3, soft=1), "soft faithfulness has 1 draws, expected at least 2"),
        (lambda: NaopcOptions(words=0), "NAOPC has words 0"),
        (lambda: NaopcOptions(exact=21), "exact 21 .* from 0 to 20"),
        (lambda: NaopcOptions(beam=0), "beam 0, expected words and beam of at least 1"),
        (lambda: NaopcOptions(removal="pad"), "no removal is called 'pad'.*delete, mask"),
    ],
)
def test_settings_that_mean_nothing_are_refused(make, message):
    with pytest.raises(RationaleError, match=message):
        make()


def test_a_tokenizer_without_a_mask_token_is_refused():
    whole = toy_classifier("bert")
    bare = replace(whole, tokenizer=SimpleNamespace(mask_token_id=None))
    with pytest.raises(ModelError, match=r"no mask token.*--naopc-removal delete"):
        removal_of(NaopcOptions(removal="mask"), bare)


@pytest.fixture
def jsonl(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"id": "a", "text": "the film is quiet", "label": "POS"}\n')
    return path


def invoke(*words):
    return CliRunner().invoke(app, ["score", *map(str, words)])


def test_the_command_says_how_much_it_will_read(jsonl, tmp_path):
    arguments = ("--model", toy_folder("bert"), "--data", jsonl, "--method", "random", "--device", "cpu")
    out = tmp_path / "scores"
    more = (
        "--out",
        out,
        "--faithfulness-share",
        "0.5",
        "--soft-faithfulness",
        "2",
        "--naopc",
        "--naopc-words",
        "5",
    )
    result = invoke(*arguments, *more)
    assert result.exit_code == 0, result.output
    assert "NAOPC: 1 documents, at most 16 forwards" in result.output
    assert "soft faithfulness: 4 forwards" in result.output
    (one,) = StoredScores(out)
    assert one.limits.exact
    assert set(one.softened) == {("random", 0)}


def test_an_option_of_naopc_alone_is_refused(jsonl, tmp_path):
    result = invoke(
        "--model", toy_folder("bert"), "--data", jsonl, "--out", tmp_path / "scores", "--naopc-beam", "3"
    )
    assert isinstance(result.exception, RationaleError)
    assert "--naopc-beam has no effect without --naopc" in str(result.exception)
