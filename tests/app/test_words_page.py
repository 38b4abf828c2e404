"""The page Corpus leads from the words that push a class to the documents that hold them."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from rationale.corpus import load_documents
from rationale.corpus.forms import bare_word
from rationale.scores import StoredScores
from rationale.vocabulary import Counting, corpus_words

pytestmark = pytest.mark.slow


@pytest.fixture
def corpus_page(screen_of, arguments):
    def opened(**query):
        at = screen_of("corpus", *arguments, query={"scores": "val", **query})
        assert not at.exception
        return at

    return opened


def pills(at):
    (found,) = [group for group in at.get("button_group") if group.label == "Documents with"]
    return found


def links(at):
    """The document, and the query of each link of the page."""
    text = "\n".join(element.value for element in at.markdown)
    targets = re.findall(r"\]\((explore\?[^)]*)\)", text)
    return {query["document"][0]: query for query in (parse_qs(urlsplit(one).query) for one in targets)}


def test_a_word_leads_to_the_documents_that_hold_it(corpus_page, material):
    at = corpus_page(method="input_x_gradient.sum", layer="1")
    word = [one for one in pills(at).options if one.isalpha()][1]  # the first is chosen already
    pills(at).set_value(word).run()
    assert at.query_params["word"] == word
    documents = load_documents(material / "data", "val")
    holding = {d.id: [n for n, one in enumerate(d.words) if bare_word(one) == word] for d in documents}
    found = links(at)
    assert found.keys() == {name for name, places in holding.items() if places}
    for name, query in found.items():
        assert query["pins"] == [".".join(map(str, holding[name]))]
        assert query["method"] == ["input_x_gradient.sum"]
        assert (query["layer"], query["scores"]) == (["1"], ["val"])


def test_bars_and_tables_are_what_the_command_gives(corpus_page, material):
    at = corpus_page(method="attention.all", layer="2", by="error", phrases="2")
    documents = load_documents(material / "data", "val")
    counting = Counting(method="attention.all", layer=2, phrases=2)
    expected = corpus_words(StoredScores(material / "scores" / "val"), documents, counting, by="error")
    shown = " ".join(element.proto.body for element in at.get("html"))
    groups = [group for group in expected.groups if group.words]
    assert len(groups) > 1
    for group in groups:
        assert f"{group.title}: {group.documents} documents" in shown
        assert group.words[0].word in shown
    (chart,) = at.get("plotly_chart")
    assert chart.proto.alt.startswith("Words by share of score − others, a panel per group")
    assert groups[0].words[0].word in chart.proto.alt


def test_a_model_that_drops_nothing_has_words_and_a_note(corpus_page):
    at = corpus_page()
    assert any("rationale train adapler" in element.value for element in at.caption)
    assert pills(at).options


@pytest.mark.parametrize(
    "query",
    [
        {"by": "weather", "phrases": "99", "word": "<b>", "layer": "77", "select": "best"},
        {"word": "nobody writes this", "method": "<script>"},
    ],
)
def test_a_senseless_url_opens_something_sensible(corpus_page, query):
    at = corpus_page(**query)
    assert not at.error
    assert links(at)


def test_hostile_words_stay_text(corpus_page):
    word = bare_word("<script>window.hacked=1</script>")
    at = corpus_page(scores="hard", word=word)
    assert links(at).keys() == {"hostile <b> hostile"}
    (heading,) = [element.value for element in at.markdown if "is in 1 document;" in element.value]
    assert r"script\>window\.hacked=1\</script" in heading
    for hostile in ("**bold**", ":red[z]", "$x$", "{{7*7}}"):
        at = corpus_page(scores="hard", word=bare_word(hostile))
        assert not at.error
        assert links(at)
