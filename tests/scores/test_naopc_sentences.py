"""NAOPC over the sentences of long documents: all orders through the plain model, and what is left out."""

from itertools import combinations, permutations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from rationale.agreement import agree
from rationale.cli import app
from rationale.corpus.document import Document, Documents, Span
from rationale.errors import RationaleError, ScoresError
from rationale.report.comparable import comparable_table
from rationale.report.prose import left_out, measured
from rationale.scores import Faithfulness, NaopcOptions, ScoreOptions, StoredScores, score
from rationale.scores.faithfulness import plan
from rationale.scores.units import by_sentence, by_word, units_of
from rationale.tokens import Windower
from tests.scores.made import scored, unseal
from tests.scores.plainly import read_plainly
from tests.toys import toy_classifier, toy_folder, wordy

SENTENCES = ((0, 4), (4, 5), (5, 11), (11, 14))
"""Of a document of 16 words: the last two words are in none, and stay."""

METHODS = ("input_x_gradient", "random")


def long(name="a", words=16, sentences=SENTENCES):
    return Document(name, name, wordy(words, words), label="POS", spans=(Span(0, 2),), sentences=sentences)


def asked(**more):
    return Faithfulness(0.3, naopc=NaopcOptions(**{"words": 6, "units": "sentence"} | more))


@pytest.mark.parametrize("removal", ["delete", "mask"])
@pytest.mark.parametrize("max_length", [64, 12])
def test_it_is_that_of_all_orders_of_sentences_through_the_plain_model(removal, max_length):
    document, classifier = long(), toy_classifier("bert", max_length=max_length)
    (one,) = scored(Documents([document]), METHODS, classifier, faithfulness=asked(removal=removal))
    mask = classifier.tokenizer.mask_token_id if removal == "mask" else None
    best = int(np.argmax(one.probabilities))
    loss = {}
    for size in range(1, 5):
        for gone in combinations(range(4), size):
            words = [word for number in gone for word in range(*SENTENCES[number])]
            read = read_plainly("bert", document, max_length, remove=words, mask=mask)
            loss[gone] = one.probabilities[best] - read[best]

    def aopc(order):
        return np.mean([loss[tuple(sorted(order[:k]))] for k in range(1, 5)])

    every = [aopc(order) for order in permutations(range(4))]
    assert (one.limits.lower, one.limits.upper) == pytest.approx((min(every), max(every)), abs=1e-5)
    assert (one.order_units, one.limits.exact, one.limits.forwards) == ("sentence", True, 15)
    for place, found in one.orders.items():
        words = one.words[place[0]][one.row(*place)]
        means = [np.mean(words[start:end], dtype=np.float64) for start, end in SENTENCES]
        order = np.argsort(-np.array(means), kind="stable").tolist()
        assert found.comprehensiveness == pytest.approx(aopc(order), abs=1e-5)
        assert found.sufficiency == pytest.approx(aopc(order[::-1]), abs=1e-5)


def test_sentences_of_one_word_are_words():
    covered = np.array([True, False, True, True])
    units = by_sentence(covered, [(n, n + 1) for n in range(4)])
    assert (units.words == by_word(covered).words).all()


def test_short_documents_keep_their_words():
    own = Documents([long("a", 6, ((0, 2), (2, 6))), long("b", 4, ())])
    before = scored(own, METHODS, faithfulness=asked(units="word"))
    for one, other in zip(before, scored(own, METHODS, faithfulness=asked()), strict=True):
        assert (one.order_units, other.order_units) == ("word", "word")
        assert (one.orders, one.limits) == (other.orders, other.limits) != ({}, None)


def test_a_sentence_is_scored_by_the_mean_of_the_words_that_the_model_reads():
    """The specification's example: mean .1, .125, .1, .15; ties go to the earlier sentence."""
    words = np.array([0.1, 0.1, 0.1, 0.2, 0.05, 0.1, 0.1, 0.1, 0.1, 0.15, 9.0], dtype=np.float32)
    covered = np.arange(11) < 10
    units = by_sentence(covered, ((0, 3), (3, 5), (5, 9), (9, 10), (10, 11)))
    assert units.scores(words).tolist() == pytest.approx([0.1, 0.125, 0.1, 0.15])
    assert units.order(words).tolist() == [3, 1, 0, 2]
    assert units.removed(np.array([[False, True, False, True]])).nonzero()[1].tolist() == [3, 4, 9]


@pytest.mark.parametrize(
    ("words", "sentences", "kind"),
    [
        (6, ((0, 3), (3, 6)), "word"),
        (7, ((0, 3), (3, 7)), "sentence"),
        (7, (), None),
        (7, ((0, 7),), None),
        (14, tuple((n, n + 2) for n in range(0, 14, 2)), None),
        (12, tuple((n, n + 2) for n in range(0, 12, 2)), "sentence"),
        (0, (), None),
    ],
)
def test_which_documents_are_measured(words, sentences, kind):
    units = units_of(np.ones(words, dtype=bool), sentences, NaopcOptions(words=6, units="sentence"))
    assert (units and units.kind) == kind


def corpus():
    """One short, one of four sentences, one of too many, one of one, one of none known."""
    many = tuple((n, n + 1) for n in range(7))
    return Documents(
        [
            long("short", 5, ((0, 2), (2, 5))),
            long("four"),
            long("many", 9, many),
            long("one", 9, ((0, 9),)),
            long("unknown", 9, ()),
        ]
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sentences") / "scores"
    options = ScoreOptions(methods=METHODS, faithfulness=asked())
    score(toy_classifier("bert"), corpus(), options, out=folder, progress=False)
    return folder


def test_what_is_read_is_what_was_measured(finished):
    memory = scored(corpus(), METHODS, toy_classifier("bert"), faithfulness=asked())
    stored = list(StoredScores(finished))
    for one, other in zip(memory, stored, strict=True):
        assert (one.orders, one.limits, one.order_units) == (other.orders, other.limits, other.order_units)
    assert [one.limits and one.order_units for one in stored] == ["word", "sentence", None, None, None]
    assert StoredScores(finished).recipe.faithfulness.naopc.units == "sentence"


def test_agree_has_a_metric_for_each_and_the_report_counts_the_rest(finished):
    agreement = agree(StoredScores(finished), corpus(), resamples=20)
    (scored_long,) = [one for one in StoredScores(finished) if one.order_units == "sentence"]
    order = scored_long.orders["random", 0]
    for name, aopc in (("comprehensiveness", order.comprehensiveness), ("sufficiency", order.sufficiency)):
        over = agreement.record(f"naopc_sentence_{name}", "random", 0)
        assert (over.n, over.skipped) == (1, 4)
        assert over.value == pytest.approx(scored_long.limits.normalise(aopc))
        assert agreement.record(f"naopc_{name}", "random", 0).n == 1
    table = comparable_table(agreement)
    assert [c.key for c in table.columns][-2:] == [
        "naopc_sentence_comprehensiveness",
        "naopc_sentence_sufficiency",
    ]
    assert "NAOPC comprehensiveness over sentences: higher is better, n = 1, 4 left out." in table.notes
    assert (
        "3 documents have too many sentences, one, no known ones, or no order that matters: not in NAOPC "
        "over sentences either."
    ) in left_out(agreement)
    assert "where they have 2 to 6" in " ".join(fact.text for fact in measured(agreement))


def test_words_alone_say_nothing_of_sentences():
    scores = scored(corpus(), METHODS, toy_classifier("bert"), faithfulness=asked(units="word"))
    agreement = agree(scores, corpus(), resamples=20)
    assert not any("sentence" in record.metric for record in agreement.records)
    assert not any("sentence" in line for line in left_out(agreement))
    assert scores.recipe.faithfulness.naopc.units is None


def test_the_plan_counts_what_is_read_and_what_is_left_out():
    classifier, places = toy_classifier("bert"), 3
    planned = plan(classifier, corpus(), ScoreOptions(methods=METHODS, faithfulness=asked(exact=0)))
    inputs = [len(Windower(classifier.tokenizer, 64)(document).windows) for document in corpus()]
    assert inputs == [1] * 5
    assert (planned.left_out, planned.by_sentence) == (3, 1)
    assert planned.naopc == (31 + 2 * places * 5) + (15 + 2 * places * 4)
    assert planned.sentences == [
        f"NAOPC: 2 documents (1 over sentences), at most {planned.naopc} forwards; left out 3 with too many "
        "sentences, one, no known ones, or no words"
    ]


def test_a_unit_that_does_not_exist_is_refused(finished, tmp_path):
    with pytest.raises(RationaleError, match=r"no unit is called 'clause'.*word, sentence"):
        NaopcOptions(units="clause")
    path = next(finished.glob("part-*/documents.parquet"))
    folder = tmp_path / "scores"
    folder.mkdir()
    for source in finished.rglob("*"):
        if source.is_file():
            (folder / source.relative_to(finished)).parent.mkdir(exist_ok=True)
            (folder / source.relative_to(finished)).write_bytes(source.read_bytes())
    spoilt = folder / path.relative_to(finished)
    table = pq.read_table(spoilt)
    at = table.schema.get_field_index("order_units")
    column = pa.array(["clause"] * len(table))
    pq.write_table(table.set_column(at, table.schema.field(at), column), spoilt, write_page_checksum=True)
    unseal(folder)
    with pytest.raises(ScoresError, match="NAOPC removed 'clause', expected word or sentence"):
        list(StoredScores(folder))


def test_the_command_measures_the_sentences_of_an_eraser_folder(tmp_path):
    data = tmp_path / "data"
    (data / "docs").mkdir(parents=True)
    (data / "docs" / "d").write_text("the film is quiet\nit moved me\na slow start\n")
    (data / "val.jsonl").write_text(
        '{"annotation_id": "a", "classification": "POS", "query": "", "evidences": [[{"docid": "d", "text": '
        '"it moved me", "start_token": 4, "end_token": 7, "start_sentence": 1, "end_sentence": 2}]]}\n'
    )
    arguments = [
        "score", "--model", toy_folder("bert"), "--data", data, "--split", "val", "--method", "random",
        "--device", "cpu", "--faithfulness-share", "0.3", "--naopc-words", "5", "--naopc-units", "sentence",
        "--out", tmp_path / "scores",
    ]  # fmt: skip
    refused = CliRunner().invoke(app, [*map(str, arguments)])
    assert "--naopc-words has no effect without --naopc" in str(refused.exception)
    result = CliRunner().invoke(app, [*map(str, arguments), "--naopc"])
    assert result.exit_code == 0, result.output
    assert "NAOPC: 1 documents (1 over sentences), at most 8 forwards" in result.output
    (one,) = StoredScores(tmp_path / "scores")
    assert (one.order_units, one.limits.forwards) == ("sentence", 7)
