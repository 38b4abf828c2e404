"""The page Study: accuracy of each condition of a top-k study, and documents where two of them disagree."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np
import streamlit as st

from rationale.arrays import Bool, Int64
from rationale.corpus import Document, Documents, Key, load_documents
from rationale.report.palette import LINE, SOFT
from rationale.report.topk import bars, conditions_table, pairs_table
from rationale.report.words import WORDS_CSS, words_html
from rationale.study.topk.stored import Answer, StoredStudy, WhoIsRight
from workbench.address import Address
from workbench.figures import show_figure, show_table
from workbench.listing import MOST, pair_key
from workbench.messages import escape_markdown, messages
from workbench.reading import toolbar
from workbench.settings import AppSettings
from workbench.units import safe

# Words that are read have a background; the others are faint. A blue line marks the human rationale.
_CSS = f"""
{WORDS_CSS}
.words.kept .w {{ color: {SOFT}; opacity: .75; }}
.words.kept .hit, .words.kept .false-alarm {{ outline: none; color: inherit; opacity: 1;
  background-image: none; background-color: {LINE}; }}
"""

_KEY = """<p class="words words-legend kept" role="note" aria-label="Key to the words">
<span><span class="w false-alarm">read</span></span><span><span class="w">not read</span></span>
<span><span class="w hit">read, human rationale</span></span>
<span><span class="w miss">human rationale, not read</span></span></p>"""


@st.cache_resource(max_entries=2, show_spinner="Opening the study …")
def open_study(
    path: Path, stamp: tuple[int, int], data: str | None, split: str | None
) -> tuple[StoredStudy, Documents]:
    """Opens a study and its documents; ``stamp`` changes when its files do."""
    del stamp
    study = StoredStudy.load(path)
    about = study.results.recipe.reported
    documents = load_documents(data or about.source, split or about.split)
    study.check(documents)
    return study, documents


def show() -> None:
    """Shows the page."""
    address, settings = Address(), AppSettings.parse(sys.argv[1:])
    with messages():
        if settings.study is None:
            _nothing_studied()
            return
        stamp = _stamp(settings.study)
        study, documents = open_study(settings.study, stamp, settings.data, settings.split)
        _results(study)
        _two_conditions(address, study, documents)
    address.write()


def _stamp(folder: Path) -> tuple[int, int]:
    path = folder / "study.json"
    status = path.stat() if path.exists() else None
    return (0, 0) if status is None else (status.st_mtime_ns, status.st_size)


def _nothing_studied() -> None:
    st.info(
        "No study is open. `rationale study topk --methods human,saliency:gold,random … --out FOLDER` "
        "trains a classifier on the words each method ranks best; then `rationale app --study FOLDER`.",
        icon=":material/experiment:",
    )


def _results(study: StoredStudy) -> None:
    reported = study.results.recipe.reported
    with st.container(border=True, key="card.bars"):
        n = study.results.records[0].n
        st.markdown(
            f"**Accuracy by what is read**, {n:,} documents of {escape_markdown(reported.source)}; "
            f"{reported.left_out:,} without a rationale in what is read are left out of every condition"
        )
        show_figure(bars(study.results.records, height=340), key="bars")
    with st.container(border=True, key="card.conditions"):
        table = conditions_table(study.results.records)
        show_table(table)
        st.download_button(
            "Save the table", table.to_csv(), file_name="conditions.csv", key="save.conditions",
            on_click="ignore", type="tertiary",
        )  # fmt: skip
    if study.results.comparisons:
        with st.expander("Every two conditions, with tests"):
            show_table(pairs_table(study.results.comparisons))


def _two_conditions(address: Address, study: StoredStudy, documents: Documents) -> None:
    """Shows two conditions on one document, side by side."""
    st.subheader("Where two conditions disagree", anchor=False)
    conditions = study.conditions()
    if len(conditions) < 2:
        st.info("The study has one condition.", icon=":material/info:")
        return
    with toolbar():
        first = address.choose(
            "condition", conditions, st.selectbox, "Condition", default=conditions[0], width=190
        )
        others = [
            condition for condition in conditions if condition != first and study.seeds(first, condition)
        ]
        if not others:
            st.info(
                escape_markdown(f"No other condition shares a seed with {first}."), icon=":material/info:"
            )
            return
        second = address.choose("against", others, st.selectbox, "Against", width=190)
        seeds = study.seeds(first, second)
        seed = address.choose("seed", seeds, st.selectbox, "Seed", width=90)
        keys_by_verdict = study.split(first, second, seed)
        who = _choose_who(address, keys_by_verdict, first, second)
        key = _choose_document(address, documents, keys_by_verdict[who])
    if key is None:
        return
    document = documents.get(key)
    if document is not None:  # checked when the study was opened
        _side_by_side(study, document, key, (first, second), seed)


def _choose_who(
    address: Address, keys_by_verdict: dict[WhoIsRight, list[Key]], first: str, second: str
) -> WhoIsRight:
    titles: dict[WhoIsRight, str] = {
        "first": f"only {first}", "second": f"only {second}", "both": "both", "neither": "neither",
    }  # fmt: skip
    return address.choose(
        "right", list(titles), st.segmented_control, "Right",
        format_func=lambda who: f"{titles[who]} ({len(keys_by_verdict[who]):,})", required=True,
    )  # fmt: skip


def _choose_document(address: Address, documents: Documents, keys: list[Key]) -> Key | None:
    if not keys:
        st.caption("No such document.")
        return None
    show = partial(_label, documents)
    return address.choose(
        "document", keys[:MOST], st.selectbox, "Document", text=pair_key, format_func=show, width=360
    )


def _label(documents: Documents, key: Key) -> str:
    document = documents.get(key)
    begins = "" if document is None else " ".join(word[:20] for word in document.words[:7])
    return f"{safe(pair_key(key))} · {safe(begins)} …"


def _side_by_side(
    study: StoredStudy, document: Document, key: Key, conditions: tuple[str, str], seed: int
) -> None:
    count = len(document.words)
    packed = study.results.recipe.positions == "packed"  # any word of the document may be read
    read = np.ones(count, bool) if packed else _mask(study.read(seed, key), count)
    if document.query:
        st.caption(escape_markdown(safe(" ".join(document.query))))
    for column, condition in zip(st.columns(2), conditions, strict=True):
        answer = study.answers(condition, seed)[key]
        with column.container(border=True, key=f"card.words.{conditions.index(condition)}"):
            st.markdown(_verdict(condition, answer))
            kept = _mask(answer.kept, count)
            text = words_html(
                [safe(word) for word in document.words], np.zeros(count), document.rationale & read, kept,
                covered=read | kept, css_class="kept",
            )  # fmt: skip
            st.html(f"<style>{_CSS}</style>{text}")
    st.html(f"<style>{_CSS}</style>{_KEY}")


def _mask(places: Int64, count: int) -> Bool:
    mask = np.zeros(count, bool)
    mask[places] = True
    return mask


def _verdict(condition: str, answer: Answer) -> str:
    outcome = "right" if answer.right else f"wrong, gold is {escape_markdown(safe(answer.label))}"
    prediction = f"says **{escape_markdown(safe(answer.predicted))}** ({answer.probability:.0%}), {outcome}"
    return f"**{escape_markdown(condition)}**: {len(answer.kept):,} words; {prediction}"


show()
