"""AOPC and NAOPC beside a randomisation check: against loops over all orders, and files."""

from itertools import permutations
from math import ceil

import numpy as np
import pytest

from rationale.artifacts.verify import verify
from rationale.corpus import Document, Documents
from rationale.errors import OutputError, RationaleError
from rationale.report.sanity import order_findings, order_table, sanity_page
from rationale.scores.options import BINS
from rationale.study.sanity import orders
from rationale.study.sanity.check import check_sanity
from rationale.study.sanity.options import SanityOptions
from rationale.study.sanity.orders import OrderReader, plan_orders, random_orders
from rationale.study.sanity.result import Sanity
from rationale.study.sanity.similarity import Words
from rationale.tokens import Windower
from tests.report.parsing import find
from tests.scores.made import scored
from tests.scores.plainly import read_plainly
from tests.toys import toy_classifier, wordy

PLACES = (("gradient_norm", 0), ("attention.all", 2))


def texts(*lengths):
    return Documents([Document(f"a{n}", f"d{n}", wordy(n, n), label="POS") for n in lengths])


def asked(**more):
    return SanityOptions(
        **{"methods": ("gradient_norm", "attention.all"), "seeds": (0,), "resamples": 100} | more
    )


@pytest.fixture(scope="module")
def bert():
    return toy_classifier("bert")


class Plain:
    """The losses of a text through the plain model, one set of removed words at a time."""

    def __init__(self, document, one, max_length=64):
        self.document, self.max_length, self.known = document, max_length, {}
        self.best, self.full = int(np.argmax(one.probabilities)), max(one.probabilities)

    def __call__(self, gone):
        name = tuple(sorted(map(int, gone)))
        if name not in self.known:
            read = read_plainly("bert", self.document, self.max_length, remove=name)
            self.known[name] = self.full - read[self.best]
        return self.known[name]

    def aopc(self, order):
        return np.mean([self(order[:k]) for k in range(1, len(order) + 1)])

    def grid(self, order):
        counts = [ceil(share * len(order) - 1e-9) for share in BINS]
        return np.mean([self(order[:k]) for k in counts]), np.mean([self(order[k:]) for k in counts])


def measured_of(classifier, document, one, **more):
    scores = {place: one.words[place[0]][one.row(*place)] for place in PLACES}
    words = Words(scores, np.ones(len(document.words), np.float32))
    return OrderReader(classifier, asked(**more))(0, document, words), scores


def test_orders_are_measured_as_all_orders_through_the_plain_model(bert):
    (document,) = own = texts(5)
    (one,) = scored(own, ("gradient_norm", "attention.all"), bert)
    found, scores = measured_of(bert, document, one)
    plain = Plain(document, one)
    every = [plain.aopc(order) for order in permutations(range(5))]
    low, width = min(every), max(every) - min(every)
    random, *by_method = found.values
    assert [(v.method, v.layer) for v in found.values] == [(None, None), *PLACES]
    for value, words in zip(by_method, scores.values(), strict=True):
        order = np.argsort(-words, kind="stable").tolist()
        assert (value.aopc_comprehensiveness, value.aopc_sufficiency) == pytest.approx(
            plain.grid(order), abs=1e-5
        )
        assert value.naopc_comprehensiveness == pytest.approx((plain.aopc(order) - low) / width, abs=1e-3)
        assert value.naopc_sufficiency == pytest.approx((plain.aopc(order[::-1]) - low) / width, abs=1e-3)
    drawn = [order.tolist() for order in random_orders(document, 5, 5, seed=0)]
    expected = np.mean([plain.grid(order) for order in drawn], axis=0)
    assert (random.aopc_comprehensiveness, random.aopc_sufficiency) == pytest.approx(
        tuple(expected), abs=1e-5
    )
    both = [(plain.aopc(o) - low) / width for order in drawn for o in (order, order[::-1])]
    assert (
        random.naopc_comprehensiveness == random.naopc_sufficiency == pytest.approx(np.mean(both), abs=1e-3)
    )


def test_drawn_orders_have_the_mean_of_all_orders(bert):
    """Of 4 words and 24 orders, by 3 standard errors of 600 draws."""
    (document,) = own = texts(4)
    (one,) = scored(own, ("gradient_norm", "attention.all"), bert)
    plain, (random, *_) = Plain(document, one), measured_of(bert, document, one, random_orders=600)[0].values
    every = list(permutations(range(4)))
    grids, full = np.array([plain.grid(order) for order in every]), [plain.aopc(order) for order in every]
    for value, values in (
        (random.aopc_comprehensiveness, grids[:, 0]),
        (random.aopc_sufficiency, grids[:, 1]),
    ):
        assert abs(value - values.mean()) <= 3 * values.std() / 600**0.5 + 1e-5
    places = (np.array(full) - min(full)) / (max(full) - min(full))
    assert abs(random.naopc_sufficiency - places.mean()) <= 3 * places.std() / 600**0.5 + 1e-3


def test_random_orders_depend_on_seed_and_document_alone():
    first, second = texts(30, 31)
    assert all((a == b).all() for a, b in zip(random_orders(first, 9, 2, 0), random_orders(first, 9, 3, 0)))  # noqa: B905
    others = (
        random_orders(first, 9, 1, 1),
        random_orders(second, 9, 1, 0),
        random_orders(first, 9, 2, 0)[1:],
    )
    assert all((random_orders(first, 9, 1, 0)[0] != other[0]).any() for other in others)
    assert sorted(random_orders(first, 9, 1, 0)[0]) == list(range(9))


@pytest.fixture(scope="module")
def checked(bert, tmp_path_factory):
    """Of three documents one has a single word, and one is too long for NAOPC."""
    out = tmp_path_factory.mktemp("orders") / "sanity.json"
    return check_sanity(bert, texts(1, 4, 12), asked(naopc_words=5), out=out, progress=False), out


def test_means_say_how_many_documents_count(checked):
    result, out = checked
    assert Sanity.load(out) == result
    assert (result.orders.n, result.orders.naopc_n) == (3, 1)
    random, *methods = result.orders.means
    assert [(one.method, one.layer) for one in methods] == [(o.method, o.layer) for o in result.outcomes]
    for one in (random, *methods):
        assert one.aopc_comprehensiveness.low <= one.aopc_comprehensiveness.value
        assert one.aopc_comprehensiveness.value <= one.aopc_comprehensiveness.high
        assert 0 <= one.naopc_sufficiency.value <= 1
        assert one.naopc_sufficiency.low is None  # one document has no interval
    settings = result.recipe.sanity.orders
    assert (settings.random, settings.bins, settings.naopc.words) == (5, BINS, 5)


def test_terminal_and_page_show_them(checked, tmp_path):
    result, _ = checked
    table = order_table(result)
    assert [row[0] for row in table.rows] == [
        "Random order", *(result.title(o.method, o.layer) for o in result.outcomes),
    ]  # fmt: skip
    assert "n = 3." in table.notes[0]
    assert "mean over 5 orders drawn at random for each document, seed 0" in table.notes[0]
    assert table.notes[1].endswith("at most 5 words in which some order matters, n = 1; 2 left out.")
    assert all(
        "of random orders" in sentence and "(n = 3)" in sentence for sentence in order_findings(result)
    )
    page = sanity_page(result, tmp_path / "page.html").read_text("utf-8")
    assert len(find(page, "table")) == 2
    assert "Faithfulness, beside a random order" in page


def test_they_can_be_left_out(bert):
    without = check_sanity(bert, texts(4), asked(random_orders=0), progress=False)
    assert without.orders is without.recipe.sanity.orders is order_table(without) is None
    assert order_findings(without) == []
    assert plan_orders(bert, texts(4), asked(random_orders=0)) is None
    aopc_alone = check_sanity(bert, texts(4), asked(naopc_words=0), progress=False)
    assert aopc_alone.recipe.sanity.orders.naopc is None
    assert [column.key for column in order_table(aopc_alone).columns[1:]] == [
        "aopc_comprehensiveness", "aopc_sufficiency",
    ]  # fmt: skip
    with pytest.raises(RationaleError, match="-1 random orders"):
        asked(random_orders=-1)


def test_a_plan_is_never_too_small(bert, monkeypatch):
    told, own = [], texts(1, 4, 12)
    make = orders.losses_of
    monkeypatch.setattr(orders, "losses_of", lambda *args: make(*args[:-1], told.append))
    check_sanity(bert, own, asked(naopc_words=5), progress=False)
    planned = plan_orders(bert, own, asked(naopc_words=5))
    assert [len(Windower(bert.tokenizer, 64)(document).windows) for document in own] == [1, 1, 1]
    assert (planned.documents, planned.aopc, planned.short, planned.naopc) == (3, 3 * 7 * 10, 2, 2 + 16)
    assert sum(told) <= planned.aopc + planned.naopc
    assert planned.sentences == [
        "AOPC beside random orders: 3 documents, at most 210 forwards (--random-orders 0 leaves it out)",
        "NAOPC: 2 documents of at most 5 words, at most 18 forwards (--naopc-words 0 leaves it out)",
    ]


def test_an_interrupted_check_resumes_with_equal_bytes(bert, checked, tmp_path, monkeypatch):
    read, out = OrderReader.__call__, tmp_path / "sanity.json"

    def stop(self, number, *args):
        if number == 2:
            raise KeyboardInterrupt
        return read(self, number, *args)

    with monkeypatch.context() as patched:
        patched.setattr(OrderReader, "__call__", stop)
        with pytest.raises(KeyboardInterrupt):
            check_sanity(bert, texts(1, 4, 12), asked(naopc_words=5), out=out, progress=False)
    folder = tmp_path / "sanity.json.unfinished"
    assert len(verify(folder)) == 1 + 5 + 2
    with pytest.raises(OutputError, match=r"sanity\.orders"):
        check_sanity(bert, texts(1, 4, 12), asked(naopc_words=4), out=out, progress=False)
    done = []
    monkeypatch.setattr(
        OrderReader, "__call__", lambda self, n, *args: done.append(n) or read(self, n, *args)
    )
    check_sanity(bert, texts(1, 4, 12), asked(naopc_words=5), out=out, progress=False)
    assert done == [2]
    assert out.read_bytes() == checked[1].read_bytes()


def test_results_without_orders_still_open(checked, tmp_path):
    """Earlier versions wrote none."""
    result = checked[0]
    text = checked[1].read_text()
    assert '"orders"' in text
    old = check_sanity(
        toy_classifier("bert"), texts(4), asked(random_orders=0), out=tmp_path / "a.json", progress=False
    )
    assert '"orders"' not in (tmp_path / "a.json").read_text()
    assert Sanity.load(tmp_path / "a.json") == old != result
