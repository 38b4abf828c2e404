"""The app shows the human rationale that its numbers are computed against: of the agreement, or as chosen."""

import json
import re
from html import unescape

import pytest
import typer
from typer.testing import CliRunner

from rationale.agreement import Agreement
from rationale.agreement.gold import GOLD
from rationale.bundle import bundled
from rationale.commands.agree import agree
from rationale.corpus import load_documents
from rationale.scores import ScoreOptions, score
from tests.app.material import tiny_model

pytestmark = pytest.mark.slow

RULES = {
    "union": lambda marks, asked: marks >= 1,
    "majority": lambda marks, asked: marks > asked / 2,
    "any2": lambda marks, asked: marks >= 2,
    "intersection": lambda marks, asked: marks == asked,
    "soft": lambda marks, asked: marks > asked / 2,
    "each": lambda marks, asked: marks >= 1,
}
"""Whether a word that ``marks`` of ``asked`` annotators marked is in the rationale shown."""


def rationales(gold):
    """id to the marked words, of every document that anyone was asked for, straight from the file."""
    found = {}
    for row in map(json.loads, bundled("eraser_data/annotators.jsonl").read_text().splitlines()):
        asked = [one for one in row["annotations"] if one["state"] != "not_asked"]
        marks = [
            sum(any(start <= word < end for start, end in one["spans"]) for one in asked)
            for word in range(len(row["words"]))
        ]
        if asked:
            found[row["id"]] = [RULES[gold](count, len(asked)) for count in marks]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Scores of the sample's reviews with three annotators."""
    root = tmp_path_factory.mktemp("gold")
    documents, model = load_documents(bundled("eraser_data/annotators.jsonl")), tiny_model(root / "model")
    options = ScoreOptions(methods=("input_x_gradient", "random"))
    score(model, documents, options, out=root / "scores", device="cpu", progress=False)
    return root


@pytest.fixture(scope="module")
def printed(folder):
    """What ``rationale agree --gold`` prints and writes."""
    command, results = typer.Typer(), {}
    command.command()(agree)

    def run(gold):
        out = folder / f"{gold}.json"
        if gold not in results:
            data = bundled("eraser_data/annotators.jsonl")
            given = ["--scores", folder / "scores", "--data", data, "--gold", gold, "--out", out]
            results[gold] = CliRunner().invoke(command, list(map(str, given)))
            assert results[gold].exit_code == 0, results[gold].output
        return results[gold].output, out

    return run


def numbers_of(at):
    """The method and the numbers of every row of the table on the page Compare."""
    (table,) = [html.proto.body for html in at.get("html") if "<table>" in html.proto.body]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table)[1:]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]
    texts = [[unescape(re.sub("<[^>]*>", "", cell)).strip() for cell in row] for row in cells]
    return {name: [part for cell in row for part in cell.split()] for name, *row in texts}


@pytest.mark.parametrize("opened", [False, True], ids=["chosen", "agreement"])
@pytest.mark.parametrize("gold", GOLD)
def test_the_numbers_are_those_that_agree_prints(folder, printed, screen_of, gold, opened):
    output, path = printed(gold)
    given = ["--agreement", path] if opened else []
    query = {} if opened else {"gold": gold}
    at = screen_of("compare", "--scores", folder / "scores", *given, query=query)
    assert not at.exception
    assert not at.error
    shown = numbers_of(at)
    assert len(shown) >= 2
    for method, numbers in shown.items():
        lines = [re.sub("[│┃|]", " ", line) for line in output.splitlines() if method in line]
        assert any(set(numbers) <= set(line.replace(method, "").split()) for line in lines), (method, lines)
    gold_widget = at.selectbox(key="pick.gold")
    assert gold_widget.value == gold
    assert gold_widget.disabled == opened


@pytest.mark.parametrize("gold", GOLD)
def test_a_document_shows_the_rationale_in_use_and_its_own_numbers(folder, printed, screen_of, gold):
    _, path = printed(gold)
    values = Agreement.load(path).document_values("ap", "input_x_gradient", 3)
    truth = rationales(gold)
    known = [rationales(rule) for rule in RULES]
    name = next(id for id in truth if (id, id) in values and len({tuple(one[id]) for one in known}) > 2)
    query = {"gold": gold, "document": name}
    at = screen_of("explore", "--scores", folder / "scores", query=query)
    assert not at.exception
    (shown,) = [json.loads(one.proto.json) for one in at.get("bidi_component")]
    assert shown["human"] == [int(word) for word in truth[name]]
    ranking = shown["panels"][0]["facts"][3][0]["rows"]
    assert dict(ranking)["average precision"] == f"{values[name, name]:.2f}"
    assert shown["annotators"]["legend"][-1][1].endswith(f"({gold})")


def test_each_choice_says_in_how_many_documents_it_has_no_word(folder, screen_of):
    at = screen_of("explore", "--scores", folder / "scores")
    widget = at.selectbox(key="pick.gold")
    assert widget.value == "each", "as `rationale agree` does without --gold"
    expected = []
    for gold in GOLD:
        found = rationales(gold)
        expected.append(f"({sum(not any(words) for words in found.values())} of {len(found)} empty)")
    assert [option[option.index("(") :] for option in widget.options] == expected
    assert expected[0] != expected[3], "the intersection is empty where the union is not"


def test_one_rationale_a_document_leaves_nothing_to_choose(material, screen_of):
    at = screen_of("explore", "--scores", material / "scores" / "val")
    assert not at.exception
    assert "pick.gold" not in [widget.key for widget in at.selectbox]
