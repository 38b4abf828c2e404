"""Every page, run as Streamlit runs it, without a browser."""

import json

import pytest
from streamlit.testing.v1 import AppTest

from rationale.agreement import agree
from rationale.corpus import load_documents
from rationale.evaluation.survival import survival
from rationale.scores import ScoreOptions, StoredScores, score
from tests.dropping.models import dropping_model
from tests.patience import PAGE
from tests.places import APPS
from tests.toys import toy_tokenizer

pytestmark = pytest.mark.slow

PAGES = ("explore", "compare", "corpus", "try_text", "export")


@pytest.fixture
def app(arguments, monkeypatch):
    """Opens the app, optionally with other arguments, on a page and a query."""

    def open_app(page="explore", query=None, given=arguments):
        monkeypatch.setattr("sys.argv", ["app.py", *given])
        at = AppTest.from_file(str(APPS / "app.py"), default_timeout=PAGE)
        for name, value in (query or {}).items():
            at.query_params[name] = value
        at.run()
        return at if page == "explore" else at.switch_page(f"screens/{page}.py").run()

    return open_app


def words(at):
    """What the words component was sent."""
    return json.loads(at.get("bidi_component")[0].proto.json)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens(app, page):
    at = app(page)
    assert not at.exception
    assert not at.error


@pytest.mark.parametrize("page", PAGES)
def test_without_scores_a_page_says_what_to_do(app, page):
    at = app(page, given=[])
    assert not at.exception
    if page == "try_text":
        assert at.text_input(key="try.model").value == ""
    else:
        assert "rationale demo" in at.info[0].value


def test_the_url_opens_a_view(app):
    query = {
        "scores": "val", "document": "review-03", "method": "attention.all", "beside": "random", "layer": "1",
        "select": "top_k_gold", "units": "tokens", "pins": "2.5",
    }  # fmt: skip
    at = app(query=query)
    data = words(at)
    assert [panel["title"] for panel in data["panels"]] == ["Attention (all)", "Random"]
    assert (data["layer"], data["pins"], data["units"][0]) == (1, [2, 5], "[CLS]")
    assert at.selectbox(key="pick.document").value == ("review-03", "review-03")
    assert {name: at.query_params[name] for name in query} == query


@pytest.mark.parametrize(
    "query",
    [
        {
            "document": "nobody",
            "method": "<script>",
            "layer": "99",
            "units": "x",
            "part": "-3",
            "pins": "a.-1.9999999",
        },
        {"layer": "²", "sort": "ap-high", "search": "tedious", "select": "kept"},
        {"layer": "1e9", "pins": "." * 500, "scores": "../../etc"},
    ],
)
def test_a_senseless_url_opens_something_sensible(app, query):
    at = app(query=query)
    assert not at.exception
    assert not at.error
    assert words(at)["units"]


def test_a_choice_goes_into_the_url_and_survives_other_pages(app):
    at = app(query={"scores": "val"})
    at.selectbox(key="pick.method").select("rollout.cls").run()
    at.selectbox(key="pick.document").select(("review-04", "review-04")).run()
    assert at.query_params["method"] == "rollout.cls"
    at.switch_page("screens/export.py").run()
    assert at.selectbox(key="pick.method").value == "rollout.cls"
    at.switch_page("screens/explore.py").run()
    assert at.selectbox(key="pick.document").value == ("review-04", "review-04")
    assert words(at)["panels"][0]["title"] == "Rollout ([CLS])"


def test_search_narrows_and_says_when_nothing_is_left(app):
    at = app(query={"scores": "val"})
    at.text_input(key="pick.search").input("COURIER").run()
    listed = at.selectbox(key="pick.document").options
    assert 0 < len(listed) < 12
    assert "courier" in " ".join(words(at)["units"])
    at.text_input(key="pick.search").input("no *such* word").run()
    assert not at.exception
    assert "no \\*such\\* word" in at.info[0].value


@pytest.mark.parametrize(("sort", "metric", "down"), [("ap-high", "ap", True), ("fpr-low", "fpr", False)])
def test_sorting_follows_the_agreement(app, material, sort, metric, down):
    scores = StoredScores(material / "scores" / "val")
    agreement = agree(scores, load_documents(material / "data", "val"), resamples=1)
    select = None if metric == "ap" else "threshold"
    values = agreement.document_values(metric, "input_x_gradient", 2, select)
    at = app(query={"scores": "val", "sort": sort, "layer": "2", "method": "input_x_gradient"})
    order = [option.split(" · ")[1] for option in at.selectbox(key="pick.document").options]
    expected = sorted(values, key=lambda key: values[key], reverse=down)
    assert order == [key[0] for key in expected]
    assert (
        at.selectbox(key="pick.document").options[0].startswith(f"{metric.upper()} {values[expected[0]]:.2f}")
    )


def test_turning_pages_drops_the_pins(app):
    at = app(query={"scores": "val", "document": "review-03", "pins": "1"})
    assert words(at)["pins"] == [1]
    at.button(key="turn.next").click().run()
    assert words(at)["pins"] == []
    assert at.query_params["document"] == "review-04"
    assert "pins" not in at.query_params
    at.button(key="turn.previous").click().run()
    assert at.query_params["document"] == "review-03"


def test_compare_draws_the_curves_with_alternative_texts(app):
    at = app("compare", {"scores": "val", "select": "top_k_gold"})
    charts = [chart.proto for chart in at.get("plotly_chart")]
    titles = ["AP", "FPR (top-k)", "Recall (top-k)"]
    assert [chart.alt.split(" by layer")[0] for chart in charts] == titles
    assert "Attention (all):" in charts[0].alt
    assert "Attention (all)" in charts[0].spec
    assert len(words(at)["panels"]) == 2


@pytest.mark.parametrize(
    "table", ["headline", "every layer", "differences", "selected words", "faithfulness"]
)
def test_compare_has_every_table(app, table):
    at = app("compare", {"scores": "val", "table": table})
    assert not at.exception
    assert any("<table>" in html.proto.body for html in at.get("html"))


def test_looking_at_compare_leaves_explore_as_it_was(app):
    at = app("compare", {"scores": "val"})
    at.switch_page("screens/explore.py").run()
    assert len(words(at)["panels"]) == 1


def test_a_given_agreement_is_the_one_that_is_shown(app, material, tmp_path):
    scores, documents = StoredScores(material / "scores" / "val"), load_documents(material / "data", "val")
    eta = [0.5, 1.0, 1.5, 2.0]
    agree(scores, documents, eta=eta, select="threshold", resamples=5).save(tmp_path / "agreement.json")
    given = ["--scores", str(material / "scores" / "val"), "--agreement", str(tmp_path / "agreement.json")]
    at = app("compare", given=given)
    assert at.get("button_group")[0].options == ["threshold eta/n, eta of another source"]  # no top-k
    at = app(given=given)
    panel = words(at)["panels"][0]
    scored = scores.get(scores.keys[0])
    for row, value in enumerate(eta):
        assert panel["thresholds"][row][0] == pytest.approx(value / scored.window_tokens[0], rel=1e-3)


def test_an_agreement_of_other_scores_is_refused(app, material, tmp_path):
    hard = StoredScores(material / "scores" / "hard")
    agree(hard, load_documents(material / "data", "hard"), resamples=1).save(tmp_path / "agreement.json")
    given = ["--scores", str(material / "scores" / "val"), "--agreement", str(tmp_path / "agreement.json")]
    at = app(given=given)
    assert not at.exception
    assert "other scores" in at.error[0].value


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["--scores", "nowhere"], "there are no scores here"),
        (["--scores", "{material}/scores/val", "--data", "nowhere"], "no such file or folder"),
        (["--scores", "{material}/scores/val", "--split", "test"], "no split"),
    ],
)
def test_errors_are_messages(app, material, given, said):
    at = app(given=[part.format(material=material) for part in given])
    assert not at.exception
    assert said in at.error[0].value.replace("\\", "")


def test_an_unfinished_run_is_a_message(app, material, tmp_path):
    import shutil

    shutil.copytree(material / "scores" / "val", tmp_path / "run")
    (tmp_path / "run" / "COMPLETE").unlink()
    at = app(given=["--scores", str(tmp_path / "run")])
    assert not at.exception
    assert "unfinished" in at.error[0].value


def test_own_text_is_explained(app):
    at = app("try_text")
    at.text_area(key="try.text").input("The <b>ending</b> is tedious , שלום 👩‍👩‍👧‍👦")
    at.button(key="try.send").click().run()
    assert not at.exception
    data = words(at)
    assert data["units"] == ["The", "<b>ending</b>", "is", "tedious", ",", "שלום", "👩‍👩‍👧‍👦"]
    assert data["human"] is None
    assert [name for name, _ in data["prediction"]["bars"]]


def test_own_text_scores_as_on_the_command_line(app, material):
    from rationale.scores import ScoreOptions, score_text

    text = "the script forgets what it was doing"
    at = app("try_text")
    at.text_area(key="try.text").input(text)
    at.button(key="try.send").click().run()
    (scored,) = score_text(
        material / "model", text, options=ScoreOptions(methods=("input_x_gradient",)), device="cpu"
    )
    for told, expected in zip(
        words(at)["panels"][0]["scores"], scored.words["input_x_gradient"], strict=True
    ):
        assert told == pytest.approx(expected.tolist(), rel=1e-3, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "model", "said"),
    [
        ("", None, "no words"),
        ("a text", "no/such/model", "cannot be loaded"),
        ("a text", " ", "no model was named"),
        ("a text", "m" * 5000, "m… (5,000 characters): this model cannot be loaded"),
        ("a text", "a\x1b[31mb\u202e", "cannot be loaded"),
        ("word " * 20_001, None, "20,001 words, and this page takes 20,000 words"),
        ("x" * 200_001, None, "200,001 characters"),
    ],
    ids=["no words", "hub", "no model", "long name", "control characters", "words", "characters"],
)
def test_what_cannot_be_explained_is_a_message(app, text, model, said):
    at = app("try_text")
    at.text_area(key="try.text").input(text)
    if model is not None:
        at.text_input(key="try.model").input(model)
    at.button(key="try.send").click().run()
    assert not at.exception
    assert said in at.error[0].value.replace("\\", "")


def test_the_page_does_not_tell_which_paths_are_there(app, material, tmp_path, monkeypatch):
    """Only models named when the app was started are read from this machine; all else is one message."""
    (tmp_path / "here").mkdir()
    (tmp_path / "file.txt").write_text("secret")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    paths = ["/etc/passwd", "/etc/nothing", str(tmp_path / "here"), str(tmp_path / "gone"), "here", "gone",
             "./here", "../gone", "file.txt", "~/.ssh", "here/", str(material / "data")]  # fmt: skip
    told = set()
    for path in paths:
        at = app("try_text")
        at.text_area(key="try.text").input("a text")
        at.text_input(key="try.model").input(path)
        at.button(key="try.send").click().run()
        assert not at.exception
        text = at.error[0].value.replace("\\", "")
        told.add(text[text.index("this model") :])
    assert len(told) == 1
    assert "named when the app was started" in told.pop()


def test_the_corpus_page_says_what_survives(app, material, tmp_path):
    dropping_model("bert").save_pretrained(tmp_path / "model")
    toy_tokenizer("wordpiece").save_pretrained(tmp_path / "model")
    documents = load_documents(material / "data", "val")
    out = tmp_path / "dropping"
    score(tmp_path / "model", documents, ScoreOptions(("kept",)), out=out, device="cpu", progress=False)
    at = app("corpus", given=["--scores", str(out)])
    assert not at.exception
    found = survival(StoredScores(out), documents)
    shown = " ".join(element.proto.body for element in at.get("html"))
    for share in found.kinds:
        assert f"{share.name}</th>" in shown
    told = " ".join(element.value for element in at.markdown)
    assert f"in {len(found.lost[-1])} of {found.annotated} documents" in told
    assert all(f"document={key[0]}" in told for key in found.lost[-1])


def test_an_own_text_opens_on_what_a_dropping_model_drops(app, tmp_path):
    dropping_model("bert").save_pretrained(tmp_path)
    toy_tokenizer("wordpiece").save_pretrained(tmp_path)
    at = app("try_text", given=["--model", str(tmp_path)])
    at.text_area(key="try.text").input("they were not again a friend ?")
    at.button(key="try.send").click().run()
    assert not at.exception
    (panel,) = words(at)["panels"]
    assert panel["title"] == "Policy score"
    assert [entry for entry, _ in panel["legend"]][:2] == ["scale", "chosen"]
    assert "kept" in dict(panel["legend"]).values()
