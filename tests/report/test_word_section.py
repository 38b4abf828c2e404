"""The report's section of words: the numbers of the file, by class and by error, of these scores only."""

from dataclasses import replace

import pytest

from rationale.agreement import agree
from rationale.artifacts.verify import verify
from rationale.corpus.document import Documents
from rationale.errors import OutputError, ScoresError
from rationale.report.write import report
from rationale.scores.store import MemoryScores
from rationale.vocabulary import Counting, corpus_words
from rationale.vocabulary.stored import read_words, write_words
from tests.report.parsing import find
from tests.vocabulary.making import METHOD, corpus, random_rows

EVIL = "<img/src=x/onerror=alert(1)>"
VOCABULARY = {"cue": 6.0, "plain": 1.0, "other": 1.0, "dull": 0.5, EVIL: 3.0}


@pytest.fixture(scope="module")
def toy():
    return corpus(random_rows(40, VOCABULARY, seed=3))


@pytest.fixture(scope="module")
def counted(toy):
    """Words and pairs of words, each predicted class right and wrong apart."""
    scores, documents = toy
    counting = Counting(method=METHOD, phrases=2, strip=False)
    return corpus_words(scores, documents, counting, by="error", resamples=100)


@pytest.fixture
def file(toy, counted, tmp_path):
    write_words(tmp_path / "words.json", counted, toy[1])
    return tmp_path / "words.json"


@pytest.fixture
def written(toy, file, tmp_path):
    """The report's page and its Markdown, with and without the words."""
    scores, documents = toy
    agreement = agree(scores, documents, resamples=20)

    def write(words):
        given = {"markdown": tmp_path / "report.md", "overwrite": True, "examples": 0}
        out = report(scores, documents, agreement, tmp_path / "report.html", words=words, **given)
        return out.read_text(encoding="utf-8"), (tmp_path / "report.md").read_text(encoding="utf-8")

    return write


def interval(lift, digits):
    """A difference with its ends, a rounded zero without a sign."""
    ends = (f"{round(end, digits) + 0.0:.{digits}f}" for end in (lift.difference, lift.low, lift.high))
    return "{} [{}, {}]".format(*ends)


@pytest.mark.slow
def test_the_page_holds_every_group_with_counts_and_intervals(written, counted, file):
    page, markdown = written(file)
    (section,) = [one for one in find(page, "section") if one.attributes.get("id") == "words"]
    assert {group.title for group in counted.groups} == {
        "NEG, right",
        "NEG, wrong",
        "POS, right",
        "POS, wrong",
    }
    plain, marked = (text.replace("\xa0", " ").replace("−", "-") for text in (section.text, markdown))
    for group in counted.groups:
        assert f"{group.title}: {group.documents:,} documents" in plain
        for row in group.words[:20]:
            difference, selected = interval(row.score, 3), interval(row.selected, 2)
            for text, between in ((plain, ""), (marked, " | ")):
                assert f"{row.documents}{between}{row.occurrences}{between}" in text
                assert difference in text
                assert selected in text
    assert EVIL in plain, "as text"
    assert not find(page, "img")
    assert any(row.size == 2 for group in counted.groups for row in group.words), "phrases are among them"
    assert "predicted class, right or wrong" in plain
    assert "# Words: made from Python" in page


@pytest.mark.slow
def test_without_a_file_there_is_no_section(written):
    page, markdown = written(None)
    assert not [one for one in find(page, "section") if one.attributes.get("id") == "words"]
    assert "Words that push each class" not in markdown


def test_the_file_comes_back_for_its_scores(toy, counted, file):
    assert read_words(file, *toy) == counted
    (found,) = verify(file)
    assert found.state == "whole", found


def test_words_of_other_scores_are_refused(toy, file):
    scores, documents = toy
    other = replace(scores.recipe, model=replace(scores.recipe.model, hash="f" * 16), seed=5)
    with pytest.raises(ScoresError, match=r"in other scores \(differs in: model, seed\).*`rationale words`"):
        read_words(file, MemoryScores(other, tuple(scores)), documents)


def test_words_of_other_labels_are_refused(toy, file):
    scores, documents = toy
    swapped = {"NEG": "POS", "POS": "NEG"}
    others = Documents([replace(d, label=swapped[d.label]) for d in documents], source="swapped")
    with pytest.raises(ScoresError, match="labels or rationales differ from swapped"):
        read_words(file, scores, others)


def test_a_file_that_is_no_words_is_refused(toy, file, tmp_path):
    with pytest.raises(OutputError, match=r"sealed JSON.*--out words.json"):
        read_words(tmp_path / "words.csv", *toy)
    with pytest.raises(OutputError, match="no such file"):
        read_words(tmp_path / "gone.json", *toy)
    file.write_text(file.read_text().replace("cue", "clue"))
    with pytest.raises(OutputError, match="changed after it was written"):
        read_words(file, *toy)


def test_a_file_of_an_earlier_version_is_compared_by_its_scores(toy, counted, tmp_path):
    from rationale.vocabulary.result import CORPUS_WORDS

    CORPUS_WORDS.write(tmp_path / "words.json", counted)
    assert read_words(tmp_path / "words.json", *toy) == counted
