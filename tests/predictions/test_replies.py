"""Replies of language models: quotes are read as data, whatever surrounds them, and nothing is evaluated."""

import json
import sys

import pytest

from rationale.errors import DataError
from rationale.predictions.replies import LONGEST, read_reply

CASES = [
    ('["a", "b"]', ["a", "b"], False, 0),
    ("['a', \"b\"]", ["a", "b"], False, 0),
    ('{"rationales": ["a"]}', ["a"], False, 0),
    ('{"Rationale": "a"}', ["a"], False, 0),
    ('{"?rationale": "a"}', ["a"], False, 0),
    ('{"rationals": ["a", "b"]}', ["a", "b"], False, 0),
    ('{"evidence": [{"quote": "a", "score": 3}, {"text": "b"}]}', ["a", "b"], False, 1),
    ('{"label": "POS", "spans": ["a"]}', ["a"], False, 1),
    ("{'rationale': ['a', None, True]}", ["a"], False, 1),
    ('Sure! Here it is:\n```json\n["a"]\n```\nAnything else?', ["a"], False, 0),
    ('```\n{"rationales": ["a",]}\n```', ["a"], True, 0),
    ('The reasons are ["x [1]", "y"], I think.', ["x [1]", "y"], False, 0),
    ('First {"text": "a"} and at last {"text": "a longer one"}', ["a longer one"], False, 0),
    ('["a", "b",]', ["a", "b"], True, 0),
    ('["a", "b"', ["a", "b"], True, 0),
    ('{"rationales": ["a", "b"', ["a", "b"], True, 0),
    ('{"rationales": ["a", {"quote": "b"},]', ["a", "b"], True, 0),
    (json.dumps(json.dumps(["a"])), ["a"], False, 0),
    ("{\"rationales\": \"['a', 'b']\"}", ["a", "b"], False, 0),
    ('["it\'s \\"fine\\""]', ['it\'s "fine"'], False, 0),
    ('"one quote"', ["one quote"], False, 0),
    ("[]", [], False, 0),
    ("{}", [], False, 0),
    ("[1, 2.5, true]", [], False, 3),
    ('[[[[["deep"]]]]]', ["deep"], False, 0),
    ('[[[[[["too deep"]]]]]]', [], False, 1),
    ("I cannot help with that.", None, False, 0),
    ("", None, False, 0),
    ("[unbalanced, not a literal", None, False, 0),
    ("{a: b}", None, False, 0),
]


@pytest.mark.parametrize(("text", "quotes", "repaired", "ignored"), CASES)
def test_a_reply(text, quotes, repaired, ignored):
    reply = read_reply(text)
    assert (reply.quotes, reply.repaired, reply.ignored) == (quotes, repaired, ignored)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('sys').exit()",
        "[__import__('sys').setrecursionlimit(7)]",
        "(lambda: 1)()",
        "[1].__class__",
    ],
)
def test_code_is_no_reply(text):
    before = sys.getrecursionlimit()
    assert read_reply(text).quotes in (None, [])
    assert sys.getrecursionlimit() == before


@pytest.mark.parametrize("mark", ["[", "(", "{", '["', "{'a':", "-", "not "])
def test_any_depth_ends(mark):
    reply = read_reply(mark * 50_000)
    assert not reply.quotes


def test_ten_megabytes_are_refused():
    with pytest.raises(DataError, match=r"10,000,000 characters, expected at most .* its own row"):
        read_reply("x" * 10_000_000)
    assert read_reply("x" * LONGEST).quotes is None
