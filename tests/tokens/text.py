"""Words that break alignments elsewhere, and documents made of words."""

from hypothesis import strategies as st

from rationale.corpus.document import Document, Span
from tests.toys import SENTENCES

PLAIN = tuple(dict.fromkeys(" ".join(SENTENCES).split()))
NASTY = (
    "",
    "🧑🏽‍🚀",
    "👩‍👩‍👧",
    "🇩🇪",
    "e\u0301",
    "\u0301",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\x07",
    "\x00",
    "שלום",
    "مرحبا",
    "\u202e",
    "[SEP]",
    "[CLS]film",
    "</s>",
    "<mask>",
    "[MASK]",
    "ﬁne",
    "ﷺ",
    "´",
    "½",
    "\u00a0",
    "\u3000",
    "\r\n",
    " ",
    "  ",
    "two words",
    " before",
    "after ",
    "漢字",
    "\u1112\u1161\u11ab",
    "İstanbul",
    "|||EMAIL|||",
    "▁",
    "Ġ",
    "##able",
    "unwatchable",
)
words = st.one_of(
    st.sampled_from(PLAIN),
    st.sampled_from(NASTY),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
texts = st.lists(words, max_size=12)


@st.composite
def documents(draw, vocabulary=words, *, max_words=40, queries=True):
    """A document of any words, with spans that may overlap or touch, and perhaps a query."""
    chosen = draw(st.lists(vocabulary, max_size=max_words))
    bound = st.integers(0, len(chosen))
    pairs = draw(st.lists(st.tuples(bound, bound), max_size=4))
    return Document(
        "id",
        "docid",
        tuple(chosen),
        query=tuple(draw(st.lists(st.sampled_from(PLAIN), max_size=3))) if queries else (),
        query_first=draw(st.booleans()),
        spans=tuple(Span(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]),
    )
