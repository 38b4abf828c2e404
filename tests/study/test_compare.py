"""A grid of systems: what it trains, keeps, refuses and says, on a toy checkpoint."""

import html
import json
import shlex
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from rationale.artifacts.seal import read_sealed
from rationale.cli import app
from rationale.corpus import write_eraser
from rationale.corpus.document import Document, Documents, Span
from rationale.dropping import SYSTEMS
from rationale.errors import DataError, OutputError, RationaleError
from rationale.evaluation.evaluate import Timing
from rationale.loading.classifier import load_classifier
from rationale.report.comparison import comparison_page, rule_table, systems_table
from rationale.report.figures.systems import fronts
from rationale.study import cell_results
from rationale.study import compare as module
from rationale.study.compare import compare_systems
from rationale.study.comparison import PLAIN, OnDev, fastest_within_a_point, load_comparison
from rationale.study.grid import Setting, known_options
from rationale.training.recipes import RECIPES
from tests.spoiling import hollow
from tests.study.made import grid_cell
from tests.training.toy_training import planted, save_encoder

COMMON = {"epochs": 1, "fine_tune_epochs": 6, "batch_size": 8, "learning_rate": 2e-3, "device": "cpu"}
SETTINGS = ("ltp:reference=12,final_threshold=0.06", "spatten:ratio=0.2", "lead:shares=0.5")
TRAIN, DEV, REPORTED = planted(48), planted(16, seed=1), planted(24, seed=2, split="test")


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_encoder(tmp_path_factory.mktemp("deep") / "encoder", layers=4)


def run(encoder, out, settings=SETTINGS, **more):
    given = {"common": COMMON, "timing": Timing(8, 1, (1, 4)), **more}
    return compare_systems(
        encoder, TRAIN, DEV, REPORTED, out, [Setting.parse(one) for one in settings], **given
    )


@pytest.fixture(scope="module")
def compared(trains, encoder, tmp_path_factory):
    out = tmp_path_factory.mktemp("compared") / "grid"
    return out, run(encoder, out)


def test_every_cell_is_a_model_that_reloads_and_an_evaluation_of_it(compared):
    out, found = compared
    assert [r.system for r in found.records] == [PLAIN, "ltp", "spatten", "lead"]
    assert load_comparison(out) == found
    for record in found.records:
        cell = out / record.cell
        model = cell / "model" / "1" if record.system == PLAIN else cell / "model"
        classifier = load_classifier(model, device="cpu")
        evaluation = json.loads((cell / "evaluation.json").read_text())
        assert evaluation["recipe"]["model"]["name"] == classifier.identity.name
        assert record.value == record.metrics["accuracy"] == evaluation["metrics"]["accuracy"]
        assert record.low <= record.value <= record.high
        assert record.n == len(REPORTED)
        assert record.steps > 0
        assert record.seconds > 0


def test_all_cells_of_a_seed_begin_with_one_fine_tuning(compared):
    out, found = compared
    assert len(list(out.glob("**/1/model.safetensors"))) == 1
    plain = found.records[0]
    for record in found.records[1:]:
        gap = record.value - plain.value
        assert record.dev.difference == pytest.approx(record.dev.value - plain.dev.value)
        assert record.difference == pytest.approx(gap)
        assert record.difference_low <= gap <= record.difference_high
        assert record.flops_speedup > 1


def test_systems_are_held_against_the_uninformed_ones_that_save_no_more(compared):
    by = {record.system: record for record in compared[1].records}
    assert by[PLAIN].uninformed is by["lead"].uninformed is None
    for record in (by["ltp"], by["spatten"]):
        if by["lead"].flops_speedup > 1.02 * record.flops_speedup:
            assert record.uninformed is None
        else:
            assert record.uninformed.cell == by["lead"].cell
            assert record.uninformed.difference == pytest.approx(record.value - by["lead"].value)


def test_the_kept_set_is_held_against_the_human_rationale(compared):
    """Precision and recall of what is tokens_kept, counted here from the evaluation's own traces."""
    out, found = compared
    from rationale.evaluation.traces import trace_documents

    [record] = [r for r in found.records if r.system == "spatten"]
    classifier = load_classifier(out / record.cell / "model", device="cpu")
    hits, kept, gold = [], [], []
    for traced in trace_documents(classifier, REPORTED, progress=False):
        tokens_kept = {int(w) for w in traced.word[traced.way.kept[-1]] if w >= 0}
        human = set(np.flatnonzero(traced.document.rationale).tolist())
        hits.append(len(tokens_kept & human))
        kept.append(len(tokens_kept))
        gold.append(len(human))
    recall = np.mean([h / g for h, g in zip(hits, gold, strict=True) if g])
    assert record.rationale.recall[-1] == pytest.approx(recall, abs=1e-6)
    assert len(record.rationale.ap) == 4
    assert found.records[0].rationale is None


def test_a_rationale_nobody_read_was_not_dropped(compared):
    """A document whose rationale lies beyond the window moves no figure of the kept set."""
    out, found = compared
    [record] = [r for r in found.records if r.system == "spatten"]
    classifier = load_classifier(out / record.cell / "model", device="cpu")
    words = tuple(f"plain{number % 7}" for number in range(1000))
    late = Document("late", "late", words, spans=(Span(990, 995),), label=REPORTED[0].label)
    again = cell_results._kept_rationale(classifier, Documents([*REPORTED, late], source="", split="test"))
    assert again == cell_results._kept_rationale(classifier, REPORTED)
    assert again.n == record.rationale.n < len(REPORTED) + 1


@pytest.mark.training
def test_a_system_learnt_in_two_stages_counts_each_step_once(encoder, tmp_path):
    """LAT's search takes no step: 48 documents in batches of 8 are 6 a pass."""
    settings = ("lat:iterations=1,population=2,offspring=2,layer_drop=0.0", SETTINGS[0])
    found = run(encoder, tmp_path / "grid", settings, timing=Timing(0))
    assert {r.system: r.steps for r in found.records} == {PLAIN: 36, "lat": 6, "ltp": 12}


def answers(out, record):
    rows = json.loads((out / record.cell / "evaluation.json").read_text())["predictions"]
    return [row["probabilities"] for row in rows]


@pytest.mark.training
def test_a_killed_grid_goes_on_and_does_nothing_twice(encoder, compared, tmp_path, monkeypatch):
    original = module.train_cell

    def killed(setting, *rest):
        if setting is not None and setting.system == "spatten":
            raise KeyboardInterrupt
        return original(setting, *rest)

    with monkeypatch.context() as broken:
        broken.setattr(module, "train_cell", killed)
        with pytest.raises(KeyboardInterrupt):
            run(encoder, tmp_path / "grid")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "grid").glob("ltp*/model/*")}
    assert before
    again = run(encoder, tmp_path / "grid")
    assert all(path.stat().st_mtime_ns == time for path, time in before.items())
    for ours, theirs in zip(again.records, compared[1].records, strict=True):
        assert answers(tmp_path / "grid", ours) == answers(compared[0], theirs)
        assert ours.flops_speedup == theirs.flops_speedup


@pytest.mark.training
def test_a_grid_whose_data_changed_is_not_continued(encoder, compared):
    out, _ = compared
    with pytest.raises(OutputError, match=r"plain-seed0: this cell was made of something else \(train: "):
        compare_systems(
            encoder, planted(40), DEV, REPORTED, out, [Setting.parse("spatten")], common=COMMON,
            timing=Timing(0),
        )  # fmt: skip


@pytest.mark.training
def test_one_more_system_is_added_to_a_grid_that_is_there(encoder, compared):
    out, found = compared
    more = run(encoder, out, (*SETTINGS, "random:shares=0.5"))
    told = [
        replace(record, uninformed=None) for record in found.records
    ]  # random may be the better uninformed one
    assert [replace(record, uninformed=None) for record in more.records[:4]] == told
    assert more.records[4].system == "random"


def test_the_page_and_the_table_say_what_the_records_say(compared, tmp_path):
    _, found = compared
    table = systems_table(found.records)
    assert len(table.rows) == len(found.records)
    lines = table.to_csv().splitlines()
    assert lines[0].startswith("cell,value,value_low,value_high,difference")
    page = comparison_page(found, tmp_path / "page.html").read_text()
    for record in found.records:
        assert record.cell in page
    assert "Content-Security-Policy" in page
    assert "drop what humans marked" in page
    assert "How to repeat this" not in page  # nobody typed a command


def test_the_page_draws_its_figures_and_fetches_nothing(compared, tmp_path, browser):
    page = comparison_page(compared[1], tmp_path / "page.html")
    said, asked = [], []
    tab = browser.new_page(viewport={"width": 1100, "height": 900})
    tab.on("console", lambda message: said.append(message.text))
    tab.on("request", lambda request: asked.append(request.url))
    tab.goto(page.as_uri())
    tab.wait_for_selector("#figure-2 .point")
    assert said == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    for title in ("Plain", "LTP", "SpAtten", "Lead"):
        assert tab.locator("#figure-1 .legendtext", has_text=title).count() == 1
    tab.close()


def test_the_evaluation_of_a_command_is_sealed(compared, tmp_path):
    write_eraser({"test": REPORTED}, tmp_path / "data")
    out, found = compared
    model = out / found.records[1].cell / "model"
    given = ["evaluate", "--model", model, "--data", tmp_path / "data", "--out", tmp_path / "evaluation.json"]
    given += ["--timing-documents", 0, "--device", "cpu"]
    result = CliRunner().invoke(app, [str(a) for a in given], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    content, seal = read_sealed(tmp_path / "evaluation.json", "evaluation")
    assert seal.inputs["model"] == content["recipe"]["model"]["hash"]
    assert content["metrics"]["accuracy"] == found.records[1].value


def test_an_edited_comparison_is_not_read(compared, tmp_path):
    path = Path(shutil.copy(compared[0] / "comparison.json", tmp_path))
    assert load_comparison(path).records
    path.write_text(path.read_text().replace('"flops_speedup": ', '"flops_speedup": 9'))
    with pytest.raises(DataError, match=r"comparison\.json: it was changed after it was written"):
        load_comparison(tmp_path)


def test_a_comparison_without_a_seal_that_was_edited_is_an_error_or_a_page(compared, tmp_path):
    """The seal removed, any one entry spoilt: never a traceback."""
    content, _ = read_sealed(compared[0] / "comparison.json")
    refused = 0
    for _ in hollow(content):
        (tmp_path / "comparison.json").write_text(json.dumps(content))
        try:
            comparison_page(load_comparison(tmp_path), tmp_path / "page.html", overwrite=True)
        except RationaleError:
            refused += 1
    assert refused > 100


def cell(name, gap, ratio, system="ltp", seed=0, dev=None):
    name = f"{name}-seed{seed}"
    return grid_cell(
        system, cell=name, seed=seed, difference=gap, flops_speedup=ratio, dev=dev, value=0.9 + gap,
        difference_low=-1.0, difference_high=1.0,
    )  # fmt: skip


PLAIN_CELL = cell("plain", 0.0, 1.0, PLAIN, dev=OnDev(value=0.9, speedup=1.0))


def test_the_papers_rule_takes_the_fastest_within_a_point():
    records = [
        PLAIN_CELL,
        cell("a", -0.005, 2.0),
        cell("b", -0.01, 3.0),
        cell("c", -0.02, 9.0),
        cell("d", -0.5, 2.0, "lat"),
    ]
    chosen = fastest_within_a_point(records)
    assert {system: [one.cell for one in cells] for system, cells in chosen.items()} == {"ltp": ["b-seed0"]}
    assert [row[1] for row in rule_table(records).rows] == ["defaults", "none within a point"]


def test_the_papers_rule_looks_at_dev_and_over_all_seeds():
    """What is reported chooses nothing; a setting that is near with one seed only is not near."""

    def on_dev(gap, ratio):
        return OnDev(value=0.9 + gap, difference=gap, speedup=ratio)

    records = [
        PLAIN_CELL,
        cell("a", -0.5, 2.0, dev=on_dev(-0.009, 2.1)),
        cell("a", -0.3, 2.4, seed=1, dev=on_dev(-0.011, 2.3)),
        cell("b", 0.0, 3.0, dev=on_dev(0.0, 3.0)),
        cell("b", 0.0, 3.0, seed=1, dev=on_dev(-0.03, 3.0)),
    ]
    assert [one.cell for one in fastest_within_a_point(records)["ltp"]] == ["a-seed0", "a-seed1"]
    [row] = rule_table(records).rows
    assert (row[3].value, row[3].low, row[3].high) == (-0.4, -0.5, -0.3)
    assert row[5] == pytest.approx(2.2)
    figure = fronts(records)
    ltp = next(trace for trace in figure.data if trace.name == "ltp")
    assert list(ltp.x) == pytest.approx([2.2, 3.0])
    assert list(ltp.y) == pytest.approx([0.5, 0.9])


def test_every_system_has_a_recipe_and_every_option_a_place():
    assert set(RECIPES) == set(SYSTEMS)
    assert known_options(["epochs=3", "phi=1e-3"]) == {"epochs": 3, "phi": 1e-3}
    chosen = Setting.parse("adapler:phi=0.1,warm_start=true").options({"epochs": 3, "lambda_": 5.0}, seed=7)
    assert (chosen.phi, chosen.warm_start, chosen.epochs, chosen.seed) == (0.1, True, 3, 7)
    assert chosen.fine_tune_epochs == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ltp2", "no system is called 'ltp2'"),
        ("ltp:phi=1", "'phi' is no option"),
        ("ltp:lambda=much", "lambda is 'much'. It must be float"),
        ("adapler:warm_start=1", "warm_start is '1'. It must be bool"),
        ("ltp:soft_epochs=1.5", "soft_epochs is '1.5'. It must be int"),
    ],
)
def test_a_setting_that_is_none_names_what_is_wrong(text, message):
    with pytest.raises(RationaleError, match=message):
        Setting.parse(text)


@pytest.mark.training
def test_a_setting_named_twice_is_refused(encoder, tmp_path):
    with pytest.raises(RationaleError, match="a setting is given twice"):
        run(encoder, tmp_path / "grid", ("spatten", "spatten"))


@pytest.mark.training
def test_the_command_writes_everything(encoder, tmp_path):
    write_eraser({"train": TRAIN, "test": REPORTED}, tmp_path / "data")
    given = ["compare", "--model", encoder, "--data", tmp_path / "data", "--out", tmp_path / "out"]
    given += ["--system", "lead:shares=0.6,0.6,0.5,0.5", "--timing-documents", 4, "--timing-repeats", 1]
    given += ["--set", "epochs=1", "--set", "batch-size=8", "--set", "device=cpu"]
    given = [str(one) for one in given]
    result = CliRunner().invoke(app, given, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "lead-shares0.6,0.6,0.5,0.5-seed0" in json.dumps(
        json.loads((tmp_path / "out" / "comparison.json").read_text())
    )
    assert (tmp_path / "out" / "comparison.html").exists()
    assert (tmp_path / "out" / "comparison.csv").read_text().count("\n") == 3
    out = tmp_path / "out"
    typed = shlex.join(["rationale", *(one if one != str(out) else "out" for one in given)])
    made = [*out.rglob("training.json"), *out.rglob("evaluation.json"), out / "comparison.json"]
    told = [json.loads(path.read_text()) for path in made]
    assert [one.get("recipe", one)["command"] for one in told] == [typed] * 5
    page = (out / "comparison.html").read_text()
    assert " ".join(typed.split()) in " ".join(html.unescape(page).replace("\\\n", " ").split())
    before = {path: path.stat().st_mtime_ns for path in out.glob("*/**/*.*")}
    result = CliRunner().invoke(app, [*given, "--seeds", "0"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert {path: path.stat().st_mtime_ns for path in out.glob("*/**/*.*")} == before
    assert load_comparison(out).recipe.command == f"{typed} --seeds 0"
