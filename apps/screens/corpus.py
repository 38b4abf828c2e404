"""The page Corpus: which words push each class; of a dropping model, which words it keeps."""

from __future__ import annotations

import sys
from urllib.parse import urlencode

import streamlit as st

from rationale.corpus import Key
from rationale.evaluation.survival import Survival, survival, tells_survival
from rationale.report.survival import (
    alone_table,
    alone_text,
    kinds_table,
    survival_curves,
)
from rationale.scores.methods import reads_decisions
from rationale.scores.scored import KEPT
from workbench.address import Address
from workbench.collection import Collection
from workbench.figures import show_figure, show_table
from workbench.listing import choose_collection, pair_key
from workbench.messages import caution, escape_markdown, messages
from workbench.reading import toolbar
from workbench.settings import AppSettings
from workbench.units import safe
from workbench.vocabulary import choose_words, show_words_of

MOST = 200  # documents listed at once (a bare string would be shown on the page)


@st.cache_resource(max_entries=8, show_spinner="Counting the words that survive …")
def survival_of(stamp: str, _collection: Collection) -> Survival:
    """Counts which words survive in a collection."""
    return survival(_collection.scores, _collection.used.documents)


def corpus() -> None:
    """Shows the page."""
    address = Address()
    with messages():
        with toolbar():
            collection = choose_collection(address, AppSettings.parse(sys.argv[1:]))
            tally, result = choose_words(address, collection)
        caution(collection.warnings)
        show_words_of(address, collection, tally, result)
        if tells_survival(collection.scores.recipe):
            _survival(address, collection, result.layer)
        else:
            st.caption(
                "What survives token dropping is not shown: the scored model drops no tokens, or an earlier "
                "version scored it and did not store which. `rationale train adapler` trains one that does."
            )
    address.write()


def _survival(address: Address, collection: Collection, layer: int) -> None:
    """Shows what a dropping model keeps after a layer; after its last if it has no such layer."""
    survived = survival_of(collection.stamp, collection)
    layer = layer if layer in survived.layers else survived.layers[-1]
    _curves(survived)
    _alone(survived)
    with st.container(border=True, key="card.kinds"):
        show_table(kinds_table(survived, layer))
    decision_scores = sorted(
        filter(reads_decisions, collection.scores.methods), key=lambda method: method != KEPT
    )
    _lost(address, survived, layer, decision_scores[0] if decision_scores else None)


def _curves(survived: Survival) -> None:
    with st.container(border=True, key="card.curves"):
        st.markdown(f"**Words kept by layer**, {survived.documents:,} documents, with 95 % intervals")
        show_figure(survival_curves(survived), key="survival")


def _alone(survived: Survival) -> None:
    """Shows how often the kept words alone give the model's prediction."""
    with st.container(border=True, key="card.alone"):
        st.markdown(alone_text(survived))
        if survived.alone:
            show_table(alone_table(survived))


def _lost(address: Address, survived: Survival, layer: int, method: str | None) -> None:
    """Links the documents to look at first: those without a rationale word left."""
    if not survived.annotated:
        return
    lost = survived.lost[survived.layers.index(layer)]
    with st.container(border=True, key="card.lost"):
        share = len(lost) / survived.annotated
        st.markdown(
            f"**Nothing of the human rationale is left** after layer {layer} in {len(lost):,} of "
            f"{survived.annotated:,} documents ({share:.0%})"
        )
        links = [
            f"[{escape_markdown(safe(pair_key(key)))}]({_link(address, key, layer, method)})"
            for key in lost[:MOST]
        ]
        st.markdown(" · ".join(links) or "None.")
        if len(lost) > MOST:
            st.caption(f"The first {MOST} of {len(lost):,}.")


def _link(address: Address, key: Key, layer: int, method: str | None) -> str:
    query = {"document": pair_key(key), "method": method, "layer": layer}
    query |= {name: address.get(name) for name in ("scores", "gold")}
    return "explore?" + urlencode({name: value for name, value in query.items() if value is not None})


corpus()
