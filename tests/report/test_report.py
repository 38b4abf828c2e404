"""The report holds the agreement's numbers, stays one safe offline file, and refuses what does not belong."""

import base64
import hashlib
import json
import re
from dataclasses import replace

import numpy as np
import pyarrow.parquet as pq
import pytest

import rationale
from rationale.agreement import Agreement, agree
from rationale.agreement.select import rule_of, rule_text, select_words
from rationale.corpus.document import Document, Documents
from rationale.errors import OutputError, ScoresError
from rationale.report.examples import galleries, leading
from rationale.report.findings import findings
from rationale.report.html import report_html
from rationale.report.prose import commands, left_out, measured
from rationale.report.table import Column, Interval
from rationale.report.write import report, report_markdown
from rationale.scores.store import MemoryScores
from tests.report.making import make_document, make_recipe, make_scored
from tests.report.parsing import elements, find

pytestmark = pytest.mark.slow  # every test writes a whole report

HOSTILE = [
    *("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</script>", "{{7*7}}"),
    *("שלום", "👩‍👩‍👧", "x" * 10_000, "a\u202eb", "\ud800", "\x00", "", "https://example.com/x.js"),
]


@pytest.fixture(scope="module")
def page(scores, documents, agreement) -> str:
    return report_html(scores, documents, agreement)


@pytest.fixture(scope="module")
def hostile() -> tuple[MemoryScores, Documents, Agreement]:
    rng = np.random.default_rng(1)
    items = [make_document(number, rng) for number in range(4)]
    evil = '<img src=x onerror="alert(2)">'
    items[0] = replace(items[0], id=evil, words=(*items[0].words, *HOSTILE), query=("<b>what</b>", "?"))
    documents = Documents(items, source=evil, split=evil)
    recipe = make_recipe(documents)
    model = replace(recipe.model, name="</title><script>alert(3)</script>")
    saliency = replace(
        recipe.methods["input_x_gradient"],
        title="<u>Saliency</u>",
        definition="</script><script>alert(4)</script>",
    )
    recipe = replace(recipe, model=model, methods={**recipe.methods, "input_x_gradient": saliency})
    scores = MemoryScores(recipe, [make_scored(d, rng) for d in documents])
    return scores, documents, agree(scores, documents, resamples=50)


def interval_of(record):
    return Interval(record.value, record.low, record.high)


def shown(record) -> str:
    return Column("value", "", "interval").show(interval_of(record))


def table(html: str, caption: str) -> dict[str, list[str]]:
    """Rows of the table with this caption: heading to texts of its cells."""
    start = html.index(f"<caption>{caption}")
    body = html[html.rindex("<table>", 0, start) : html.index("</table>", start) + len("</table>")]
    rows: dict[str, list[str]] = {}
    for element in elements(body):
        if element.tag == "th" and element.attributes.get("scope") == "row":
            cells = rows.setdefault(element.text, [])
        elif element.tag == "td":
            cells.append(element.text)
    return rows


def test_numbers_are_the_agreements(page, agreement) -> None:
    rows = table(page, "AP with its 95 % interval")
    for method, title in (("input_x_gradient", "Saliency"), ("attention.cls", "Attention CLS")):
        assert rows[title][0] == shown(agreement.record("ap", method, 0))
        assert rows[title][1] == shown(agreement.record("ap", method, 5))
    assert rows["Random"][0] == shown(agreement.record("ap", "random"))
    rows = table(page, f"Words selected by {rule_text(agreement.recipe, 'top_k_gold')}")
    assert rows["Occlusion"][1] == Column("", "", "interval", digits=2).show(
        interval_of(agreement.record("fpr", "occlusion", 0, "top_k_gold"))
    )


def test_curves_in_the_page_are_the_records(page, agreement) -> None:
    figures = [json.loads(e.text)["figure"] for e in find(page, "script", "figure")]
    assert len(figures) == 6
    line = next(t for t in figures[0]["data"] if t["name"] == "Rollout CLS" and t.get("fill") is None)
    assert line["y"] == [agreement.record("ap", "rollout.cls", layer).value for layer in range(6)]
    assert figures[0]["layout"]["yaxis"]["title"]["text"] == "AP"
    assert figures[2]["layout"]["yaxis"]["title"]["text"] == "FPR (uniform threshold 1/n)"


def test_it_is_one_file_that_fetches_nothing(page) -> None:
    for element in elements(page):
        assert not {"src", "srcset", "data", "action"} & element.attributes.keys(), element.tag
        assert element.tag not in {"link", "iframe", "img", "object", "embed", "base", "form"}
        if "href" in element.attributes:
            assert element.attributes["href"].startswith("#")
    style = "".join(e.text for e in find(page, "style"))
    assert "url(" not in style
    assert "@import" not in style
    assert page.count("plotly.js v") == 1


def test_only_its_own_scripts_may_run(page) -> None:
    policy = next(e for e in find(page, "meta") if "http-equiv" in e.attributes).attributes["content"]
    assert "default-src 'none'" in policy
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))
    run = [e.text for e in find(page, "script") if "type" not in e.attributes]
    assert {base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in run} == allowed
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]


def test_it_can_be_read_by_all(page) -> None:
    assert find(page, "html")[0].attributes["lang"] == "en"
    assert {"header", "nav", "main"} <= {e.tag for e in elements(page)}
    assert len(find(page, "h1")) == 1
    assert all(e.attributes.get("scope") for e in find(page, "th"))
    assert all(len(e.attributes["aria-label"]) > 40 for e in find(page, "div", "plot"))
    ids = [e.attributes["id"] for e in elements(page) if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    assert {a.attributes["href"][1:] for a in find(page, "a")} <= set(ids)


def test_it_says_what_was_measured_left_out_and_how_to_repeat(page, agreement) -> None:
    text = find(page, "main")[0].text
    for wanted in (
        "0123456789abcdef",
        "the first window",
        "eta = 1 in every layer",
        "200 resamples, seed 0",
        "torch 2.13.0",
        "1 document has no annotation",
        "1 document has only rationale words",
        "9 of ",
        "made from Python, or by a version that stored no command",
        "Average precision: sum over",
        "Definition of input_x_gradient",
    ):
        assert wanted in text, wanted
    assert all(sentence in text for sentence in findings(agreement))


def test_best_and_worst_documents_are_best_and_worst(scores, documents, agreement) -> None:
    for gallery in galleries(scores, documents, agreement, count=2):
        values = agreement.document_values("ap", gallery.method, gallery.layer)
        assert [e.rank for e in gallery.examples] == ["best", "best", "worst", "worst"]
        assert gallery.examples[0].value == max(values.values())
        assert gallery.examples[2].value == min(values.values())
        for example in gallery.examples:
            hits, misses, false_alarms = example.counts
            assert misses == false_alarms  # top k selects as many words as the human
            assert hits + misses == (example.document.rationale & example.scored.covered).sum()


def test_examples_need_no_values_of_documents(scores, documents, agreement) -> None:
    bare = replace(agreement, per_document=None)
    with_values = galleries(scores, documents, agreement)
    without = galleries(scores, documents, bare)
    assert [e.document.id for g in without for e in g.examples] == [
        e.document.id for g in with_values for e in g.examples
    ]


def test_any_scored_method_can_be_shown_and_no_other(scores, documents, agreement) -> None:
    (gallery,) = galleries(scores, documents, agreement, methods=["random"])
    assert (gallery.method, gallery.layer, len(gallery.examples)) == ("random", 0, 2)
    with pytest.raises(ScoresError, match=r"no scores of .randon.\. There are: input_x_gradient"):
        galleries(scores, documents, agreement, methods=["randon"])


def test_one_method_of_each_family_leads(agreement) -> None:
    chosen = leading(agreement)
    assert chosen[0] in ("input_x_gradient", "input_x_gradient.l1")
    assert len({name.split(".")[0] for name in chosen}) == len(chosen) == 4


@pytest.mark.parametrize("select", ["threshold", "top_k_gold"])
@pytest.mark.parametrize("absolute", [False, True])
def test_words_are_selected_as_agree_selects_them(scores, documents, select, absolute) -> None:
    found = agree(scores, documents, select=select, absolute=absolute, resamples=1)
    shares = found.document_values("selected_share", "input_x_gradient.sum", 2, select)
    recalls = found.document_values("recall", "input_x_gradient.sum", 2, select)
    for scored in scores:
        document = documents.get(scored.key)
        rule = rule_of(found.recipe, select)
        every = select_words(scored, document, found.recipe, "input_x_gradient.sum", rule).words
        chosen = every[scored.row("input_x_gradient.sum", 2)]
        assert not chosen[~scored.covered].any()
        human = document.rationale & scored.covered
        if document.annotated:
            assert chosen.sum() / scored.covered.sum() == pytest.approx(shares[scored.key])
            assert (chosen & human).sum() / human.sum() == pytest.approx(recalls[scored.key])


def test_hostile_words_names_and_definitions_stay_text(hostile) -> None:
    page = report_html(*hostile, examples=4)
    page.encode("utf-8")
    tags = {e.tag for e in elements(page)}
    assert not tags & {"img", "b", "u", "iframe"}
    assert len(find(page, "script")) == len(find(page, "script", "figure")) + 2
    assert not any(name.startswith("on") for e in elements(page) for name in e.attributes)
    words = [e.text for e in find(page, "span", "w")]
    for word in (
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "שלום",
        "x" * 10_000,
        "{{7*7}}",
    ):
        assert word in words
    assert "alert(3)" in find(page, "title")[0].text
    for figure in find(page, "script", "figure"):
        assert "<" not in figure.text
        json.loads(figure.text)


def test_hostile_text_stays_text_in_markdown(hostile) -> None:
    text = report_markdown(hostile[2])
    outside = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"(?<!\\)<(?!\d| )", outside)


def test_outputs_hold_the_records(scores, documents, agreement, tmp_path) -> None:
    out = rationale.report(
        scores, documents, agreement, tmp_path / "r.html", csv=tmp_path / "r.csv",
        markdown=tmp_path / "deep" / "r.md", parquet=tmp_path / "r.parquet",
    )  # fmt: skip
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert pq.read_table(tmp_path / "r.parquet").column("value").to_pylist() == [
        r.value for r in agreement.records
    ]
    assert len((tmp_path / "r.csv").read_text().splitlines()) == len(agreement.records) + 1
    assert "| Saliency |" in (tmp_path / "deep" / "r.md").read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "deep", "r.comparisons.csv", "r.csv", "r.html", "r.parquet",
    ]  # fmt: skip
    assert len((tmp_path / "r.comparisons.csv").read_text().splitlines()) == len(agreement.comparisons) + 1


def test_the_same_agreement_gives_the_same_bytes(scores, documents, agreement, page) -> None:
    assert report_html(scores, documents, agreement) == page


def test_an_output_that_exists_is_kept_and_nothing_else_is_written(
    scores, documents, agreement, tmp_path
) -> None:
    (tmp_path / "r.csv").write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        report(scores, documents, agreement, tmp_path / "r.html", csv=tmp_path / "r.csv")
    assert (tmp_path / "r.csv").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["r.csv"]
    report(scores, documents, agreement, tmp_path / "r.html", csv=tmp_path / "r.csv", overwrite=True)
    assert (tmp_path / "r.csv").read_text().startswith("method,")


def test_an_agreement_of_other_scores_is_refused(scores, documents, agreement, tmp_path) -> None:
    other = MemoryScores(replace(scores.recipe, target="gold"), scores.documents)
    with pytest.raises(ScoresError, match=r"computed from other scores \(differs in: target\)"):
        report(other, documents, agreement, tmp_path / "r.html")


def test_other_rationales_are_refused(scores, documents, agreement, tmp_path) -> None:
    changed = Documents([replace(documents[0], spans=()), *list(documents)[1:]], source="elsewhere")
    with pytest.raises(ScoresError, match="whose texts or rationales differ"):
        report(scores, changed, agreement, tmp_path / "r.html")
    assert not list(tmp_path.iterdir())


def test_a_loaded_agreement_gives_the_same_page(scores, documents, agreement, page, tmp_path) -> None:
    agreement.save(tmp_path / "agreement.json")
    loaded = Agreement.load(tmp_path / "agreement.json")
    assert report_html(scores, documents, loaded) == page


def test_sections_follow_what_was_measured() -> None:
    rng = np.random.default_rng(3)
    documents = Documents([make_document(number, rng) for number in range(3)], source="few")
    recipe = replace(make_recipe(documents), faithfulness=None)
    scores = MemoryScores(recipe, [replace(make_scored(d, rng), perturbed=()) for d in documents])
    page = report_html(scores, documents, agree(scores, documents, select="threshold", resamples=20))
    headings = [e.text for e in find(page, "h2")]
    assert "Faithfulness" not in headings
    assert "Selected words: uniform threshold 1/n" in headings
    assert sum(heading.startswith("Selected words") for heading in headings) == 1


def test_documents_nobody_annotated_still_make_a_report() -> None:
    rng = np.random.default_rng(4)
    items = [Document(f"d{n}", f"d{n}", ("a", "b", "c"), annotated=False) for n in range(2)]
    documents = Documents(items, source="plain")
    scores = MemoryScores(make_recipe(documents), [make_scored(d, rng) for d in documents])
    agreement = agree(scores, documents, resamples=10)
    text = find(report_html(scores, documents, agreement), "main")[0].text
    assert "2 documents have no annotation" in text
    assert "nan" not in text.lower().split()


def test_findings_are_borne_out_by_the_comparisons(agreement) -> None:
    told = " ".join(findings(agreement))
    best = max(
        (r for r in agreement.records if r.metric == "ap" and r.method not in ("random", "lead")),
        key=lambda r: r.value,
    )
    assert shown(best) in told
    weak = re.search(r"In no layer above random scores by AP \(corrected p < 0\.05\): ([^.]*)\.", told)[
        1
    ].split(", ")
    titles = {name: entry.title for name, entry in agreement.recipe.methods.items()}
    for method, title in titles.items():
        above = [
            c
            for c in agreement.comparisons
            if (c.metric, c.method, c.other) == ("ap", method, "random") and c.p < 0.05 and c.difference > 0
        ]
        if method not in ("random", "lead"):
            assert (title in weak) == (not above)


def test_where_nothing_beats_chance_the_report_says_so(agreement) -> None:
    weak = tuple(replace(c, p=1.0) for c in agreement.comparisons)
    told = " ".join(findings(replace(agreement, comparisons=weak)))
    assert "None of the methods is above random scores by AP in any layer (corrected p < 0.05)." in told


def test_what_no_command_made_is_called_that(agreement) -> None:
    typed = "rationale report --scores scores --data reviews --agreement a.json --out report.html"
    score, agree_, report_ = commands(agreement, typed)
    assert score == "# Scores: made from Python, or by a version that stored no command."
    assert agree_.startswith("# Agreement: made from Python")
    assert report_.replace("\\\n   ", "") == typed


def test_what_was_left_out_counts(agreement) -> None:
    lines = left_out(agreement)
    assert len(lines) == 3
    nothing = replace(agreement.recipe.agreement, unscored=0, unannotated=0, uncovered_words=0)
    whole = replace(agreement, recipe=replace(agreement.recipe, agreement=nothing), records=())
    assert left_out(whole) == ["Nothing: every word of every document was scored and evaluated."]


def test_an_oracle_is_called_one(agreement) -> None:
    facts = measured(replace(agreement, recipe=replace(agreement.recipe, target="gold", protocol="windows")))
    told = " ".join(fact.text for fact in facts)
    assert "oracle" in told
    assert "looks at the human rationale" in told
