"""Where two readers of JSON could differ, ours refuses and says where."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rationale.errors import DataError
from rationale.strict_json import JSONError, loads, read_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.sampled_from([None, 2]), st.booleans())
def test_what_json_writes_is_read_as_json_reads_it(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    try:
        text.encode()
    except UnicodeEncodeError:
        return  # half a surrogate pair, unescaped: no file holds it
    if ascii_only and any("\ud800" <= letter <= "\udfff" for letter in json.dumps(value, ensure_ascii=False)):
        with pytest.raises(JSONError, match="surrogate"):
            loads(text)
    else:
        assert loads(text) == json.loads(text)


@pytest.mark.parametrize(
    ("text", "line", "key", "what"),
    [
        ('{"a": 1,\n"b": {"c": 1,\n"c": 2}}', 3, "c", "occurs twice"),
        ('{"\\u0061": 1, "a": 2}', 1, "a", "occurs twice"),
        ('{"a": [1,\n NaN]}', 2, "a", "NaN"),
        ("-Infinity", 1, None, "-Infinity"),
        ('{"a":\n1e999}', 2, "a", "larger than any"),
        ('{"x": "\\ud800"}', 1, "x", "surrogate"),
        ('{"\\udc00": 1}', 1, None, "surrogate"),
        ('{"a":' * 101 + "1" + "}" * 101, 1, "a", "levels deep"),
        ("[" * 100_000 + "]" * 100_000, 1, None, "levels deep"),
        ('{"a": ' + "9" * 5000 + "}", 1, "a", "4300"),
        ('{"a" 1}', 1, None, "Expecting ':'"),
        ('\n\n{"a": 1}\n x', 4, None, "Extra data"),
        ("", 1, None, "Expecting value"),
    ],
)
def test_what_is_refused_says_line_key_and_why(text, line, key, what):
    with pytest.raises(JSONError, match=what) as problem:
        loads(text)
    assert (problem.value.line, problem.value.key) == (line, key)


@pytest.mark.parametrize(
    "text", ['{"a": "[[[["}', '{"a": "' + "[" * 500 + '"}', '["\\ud83d\\ude00"]', '{"a": {"b": 1}, "b": 1}']
)
def test_what_only_looks_like_it_is_read(text):
    assert loads(text) == json.loads(text)


def test_a_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"a": 1,\n"a": 2}')
    with pytest.raises(DataError, match=r"a\.json:2: not valid JSON \(the key 'a' occurs twice"):
        read_json(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match=r"a\.json"):
        read_json(path)
    path.write_text("[1]")
    with pytest.raises(DataError, match="expected an object, found list"):
        read_json(path)
