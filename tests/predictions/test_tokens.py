"""Tokens of any tokenizer find their words: by order, without markers, and where needed without case."""

from itertools import pairwise

import numpy as np
import pytest

from rationale.errors import DataError
from rationale.predictions.tokens import join_tokens, locate

WORDS = ["Films", "like", "café!", "aren't", "b"]
TEXT = " ".join(WORDS)
BOUNDS = [(0, 5), (6, 10), (11, 16), (17, 23), (24, 25)]


def joined(tokens, scores=None, join="sum", text=TEXT, bounds=BOUNDS):
    scores = np.ones(len(tokens)) if scores is None else np.array(scores, dtype=float)
    return join_tokens(tokens, scores, text, bounds, join, "row 3").tolist()


@pytest.mark.parametrize(
    ("tokens", "counts"),
    [
        (["Films", "like", "café", "!", "aren", "'", "t", "b"], [1, 1, 2, 3, 1]),
        (["[CLS]", "films", "li", "##ke", "cafe", "!", "aren", "'", "t", "b", "[SEP]"], [1, 2, 2, 3, 1]),
        (["<s>", "Fil", "ms", "Ġlike", "ĠcafÃ", "©", "!", "Ġaren", "'t", "Ġb", "</s>"], [2, 1, 3, 2, 1]),
        (["▁Films", "▁", "like", "▁café", "!", "▁aren't", "▁b", "<pad>"], [1, 1, 2, 1, 1]),
        (["films", "aren"], [1, 0, 0, 1, 0]),  # a vectorizer leaves words out
        ([], [0, 0, 0, 0, 0]),
    ],
)
def test_every_token_counts_for_its_word(tokens, counts):
    assert joined(tokens) == counts


def test_joins():
    tokens = ["Fil", "ms", "like"]
    assert joined(tokens, [1, -3, 2], "sum")[:2] == [-2, 2]
    assert joined(tokens, [1, -3, 2], "mean")[:2] == [-1, 2]
    assert joined(tokens, [1, -3, 2], "max")[:2] == [1, 2]
    assert joined(tokens, [1, -3, -2], "max")[2:] == [0, 0, 0]


def test_a_token_over_two_words_gives_each_its_share_of_characters():
    assert joined(["Films like"], [9]) == [5, 4, 0, 0, 0]
    assert joined(["Fil", "ms like", "café!"], [1, 6, 1]) == pytest.approx([3, 4, 1, 0, 0])
    assert joined(["Films like"], [9], "mean")[:2] == [9, 9]


def test_the_sum_over_words_is_the_sum_over_tokens():
    rng = np.random.default_rng(0)
    for _ in range(50):
        cuts = [0, *sorted(rng.choice(np.arange(1, len(TEXT)), 6, replace=False).tolist()), len(TEXT)]
        tokens = [TEXT[a:b] for a, b in pairwise(cuts)]
        scores = rng.normal(size=len(tokens)) * [bool(token.strip()) for token in tokens]
        assert sum(joined(tokens, scores)) == pytest.approx(scores.sum())


def test_special_tokens_that_the_text_spells_are_words():
    assert locate(["[SEP]", "a", "[SEP]"], "[SEP] a", "row") == [(0, 5), (6, 7), None]
    assert locate(["##"], "x ##", "row") == [(2, 4)]


@pytest.mark.parametrize(
    ("tokens", "named"),
    [
        (["Films", "[UNK]"], r"token 1 \(counted from 0\), '\[UNK\]'"),
        (["like", "Films"], r"token 1 \(counted from 0\), 'Films'"),
        (["ilms"], r"token 0 \(counted from 0\), 'ilms', is not in the text, which goes on with .films"),
        (["Fi", "like"], r"token 1 \(counted from 0\), 'like'"),
    ],
)
def test_a_token_that_is_nowhere_is_named(tokens, named):
    with pytest.raises(DataError, match=f"row 3: {named}"):
        joined(tokens)
