"""Shows which words a method selects over the corpus, and leads to the documents that hold one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from urllib.parse import urlencode

import streamlit as st

from rationale.agreement.select import Select, rule_of, selections
from rationale.corpus import Key
from rationale.report.figures.vocabulary import words_bars
from rationale.report.vocabulary import BY_TITLES, flat_words, notes, shown, words_table
from rationale.scores.families import meant_layer
from rationale.vocabulary import By, CorpusWords, Counting, Tally, tally_words, words_of
from rationale.vocabulary.groups import possible
from workbench.address import Address
from workbench.collection import Collection
from workbench.figures import show_figure, show_table
from workbench.listing import pair_key
from workbench.messages import escape_markdown
from workbench.reading import choose_method, choose_select
from workbench.units import safe

MOST = 200
"""Documents listed at once."""
TOP = 12
"""Words of each group on the page; the download has all."""
PINNED = 40
"""Words of a document that a link pins at most."""
_COLUMNS = ("word", "documents", "occurrences", "score_difference", "selected", "selected_difference", "p")
_PHRASES = {1: "words", 2: "and pairs", 3: "and triples"}


@st.cache_resource(max_entries=8, show_spinner="Counting the words of every document …")
def _tally(
    stamp: str, method: str, layer: int, select: Select, phrases: int, _collection: Collection
) -> Tally:
    rule = rule_of(_collection.recipe, select)
    counting = Counting(method=method, layer=layer, rule=rule, phrases=phrases)
    return tally_words(_collection.scores, _collection.used.documents, counting)


@st.cache_resource(max_entries=16, show_spinner="Resampling the documents …")
def _words(
    stamp: str, method: str, layer: int, select: Select, phrases: int, by: By, _tally: Tally
) -> CorpusWords:
    return words_of(_tally, by=by)


def choose_words(address: Address, collection: Collection) -> tuple[Tally, CorpusWords]:
    """Chooses method, layer and grouping, and counts the words.

    Raises:
        ScoresError: If the scores do not allow the count, or belong to other documents.
    """
    method = choose_method(address, collection)
    layers = collection.scores.layers(method)
    layer = address.choose(
        "layer", layers, st.selectbox, "Layer",
        default=meant_layer(method, layers, recipe=collection.scores.recipe), width=110,
    )  # fmt: skip
    among = selections(collection.scores.recipe)
    select = choose_select(address, collection.recipe, annotated=collection.annotated, among=among)
    phrases = address.choose(
        "phrases", list(_PHRASES), st.selectbox, "Count", format_func=lambda n: _PHRASES[n], width=130
    )
    tally = _tally(collection.stamp, method, layer, select, phrases, collection)
    by = address.choose(
        "by", possible(tally), st.selectbox, "By", format_func=lambda one: BY_TITLES[one], width=230
    )
    return tally, _words(collection.stamp, method, layer, select, phrases, by, tally)


def show_words_of(address: Address, collection: Collection, tally: Tally, result: CorpusWords) -> None:
    """Shows the words of each group as bars and tables, and the documents that hold one of them."""
    title = escape_markdown(safe(collection.title_of(result.method)))
    groups = [group for group in result.groups if group.words]
    with st.container(border=True, key="card.bars"):
        st.markdown(f"**Words that push each class**, {title}, layer {result.layer}, with 95 % intervals")
        if not groups:
            st.info(
                f"No word is in {result.min_documents} documents of a group.", icon=":material/search_off:"
            )
            return
        show_figure(words_bars(result, top=TOP), key="words")
    _documents(address, collection, tally, result)
    for start in range(0, len(groups), 2):
        for place, column in enumerate(st.columns(2)):
            if start + place < len(groups):
                with column.container(border=True, key=f"card.words.{start + place}"):
                    table = words_table(result, groups[start + place], top=TOP)
                    show_table(table.only(*_COLUMNS))
    with st.expander("How to read this"):
        st.markdown("\n".join(f"- {escape_markdown(safe(note))}" for note in notes(result)))
    st.download_button(
        "Save all words", lambda: flat_words(result).to_csv(), file_name="words.csv", key="save.words",
        on_click="ignore", type="tertiary", help="Every word of every group, at full precision.",
    )  # fmt: skip


def _documents(address: Address, collection: Collection, tally: Tally, result: CorpusWords) -> None:
    """Shows the words to click, and links the documents that hold the chosen one."""
    words = list(dict.fromkeys(row.word for group in result.groups for row in group.words[:TOP]))
    asked = address.get("word")
    if asked and asked not in words and tally.holding(asked):
        words.append(asked)
    with st.container(border=True, key="card.documents"):
        word = address.choose(
            "word", words, st.pills, "Documents with",
            format_func=lambda one: escape_markdown(safe(shown(one))), required=True, quiet=True,
        )  # fmt: skip
        held = tally.holding(word)
        count = "1 document" if len(held) == 1 else f"{len(held):,} documents"
        st.markdown(f"**{escape_markdown(safe(shown(word)))}** is in {count}; counts are selected / occurs")
        for heading, keys in _by_outcome(tally, held):
            links = [
                _link_text(address, collection, tally, result, word, key, held[key]) for key in keys[:MOST]
            ]
            more = f" · {len(keys) - MOST:,} more" if len(keys) > MOST else ""
            st.markdown(f"{escape_markdown(safe(heading))}: " + " · ".join(links) + more)


def _by_outcome(tally: Tally, held: dict[Key, tuple[int, int]]) -> Iterator[tuple[str, Sequence[Key]]]:
    """Groups documents by predicted class and error, those with most selected occurrences first."""
    outcomes: dict[str, list[Key]] = {}
    for key, predicted, gold in zip(tally.keys, tally.predicted, tally.gold, strict=True):
        if key in held:
            error = "" if gold is None or predicted is None else ", right" if gold == predicted else ", wrong"
            outcomes.setdefault(f"{predicted or 'no prediction'}{error}", []).append(key)
    for heading in sorted(outcomes):
        yield heading, sorted(outcomes[heading], key=lambda key: -held[key][1])


def _link_text(
    address: Address,
    collection: Collection,
    tally: Tally,
    result: CorpusWords,
    word: str,
    key: Key,
    counts: tuple[int, int],
) -> str:
    document = collection.documents.get(key)
    places = () if document is None else tally.places(document, word)[:PINNED]
    query = {
        "document": pair_key(key), "method": result.method, "layer": result.layer,
        "select": address.get("select"), "scores": address.get("scores"),
        "gold": address.get("gold"),
        "pins": ".".join(map(str, places)) or None,
    }  # fmt: skip
    target = "explore?" + urlencode({name: value for name, value in query.items() if value is not None})
    occurs, selected = counts
    return f"[{escape_markdown(safe(pair_key(key)))}]({target}) {selected}/{occurs}"
