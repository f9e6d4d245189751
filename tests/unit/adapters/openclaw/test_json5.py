"""JSON5: what the format accepts, with lines; what it does not, with the place; no text hurts."""

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.adapters.openclaw.explain.json5 import DEEPEST, Node, NotJson5, parse

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]


def plain(node: Node) -> Plain:
    if isinstance(node.value, tuple):
        return [plain(one) for one in node.value]
    if isinstance(node.value, (str, bool, int, float)) or node.value is None:
        return node.value
    return {key: plain(one) for key, one in node.value.items()}


def read(text: str) -> Plain:
    return plain(parse(text, "f"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        ("[1, 2, ]", [1, 2]),
        ("{a: 1, 'b': 2, \"c\": 3,}", {"a": 1, "b": 2, "c": 3}),
        ("// first\n{/* in */ a /* b */ : /* c */ true} // end", {"a": True}),
        ("{$a_1: null, ünï: false}", {"$a_1": None, "ünï": False}),
        ("{\\u0061b: 1}", {"ab": 1}),
        ("[.5, 5., +1, -2, 0xFf, 1e3, -.5E-1]", [0.5, 5.0, 1, -2, 255, 1000.0, -0.05]),
        ("[Infinity, -Infinity]", [float("inf"), float("-inf")]),
        ("['a\\'b', \"it's\", 'x\\\ny', '\\x41\\u00e9\\0\\v\\q']",
         ["a'b", "it's", "xy", "A\u00e9\0\vq"]),
        ("'\\ud83d\\ude00 \\ud83d'", "\U0001f600 \ufffd"),
        ("{a: 1, a: 2}", {"a": 2}),
        ("\ufeff\u00a0\u2028{}\u3000", {}),
        (f"[{'9' * 5000}]", [float("inf")]),
        ("{__proto__: 1, constructor: 2}", {"__proto__": 1, "constructor": 2}),
    ],
)  # fmt: skip
def test_what_json5_allows_is_read(text: str, value: Plain) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1), ("  \n ", 2), ("{", 1), ("{a:\n", 2), ("{a}", 1), ("{a: b}", 1),
        ("{a: 1 b: 2}", 1),
        ("[1\n2]", 2), ("'open", 1), ('"a\nb"', 1), ("/* open", 1), ("{} {}", 1), ("{,}", 1),
        ("[,]", 1), ("01", 1), ("1_000", 1), ("undefined", 1), ("{a: 1,\n\n!}", 3), ("'\\u12'", 1),
        ("{a\\: 1}", 1), ("#", 1), ("\0", 1), ("[" * 100_000, 1), ("{a:" * 100_000, 1),
    ],
)  # fmt: skip
def test_what_it_does_not_allow_is_refused_with_its_line(text: str, line: int) -> None:
    with pytest.raises(NotJson5) as wrong:
        parse(text, "f")
    assert wrong.value.line == line


def test_values_know_the_line_of_their_key_or_element() -> None:
    node = parse("{\n a:\n  1,\n b: [\n  2,\n  3 ],\n}", "f")
    assert [node.where, getattr(node.at("a"), "where", "")] == ["f:1", "f:2"]
    found = node.at("b")
    assert found and [one.line for one in found.elements()] == [5, 6]
    assert node.at("b", "c") is None and node.at("x", "y") is None


def test_nesting_is_read_up_to_its_bound() -> None:
    parse("[" * DEEPEST + "]" * DEEPEST, "f")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values, st.sampled_from([None, 1, "\t"]))
def test_whatever_is_json_is_read_as_json(value: Plain, indent: int | str | None) -> None:
    text = json.dumps(value, indent=indent)
    assert read(text) == json.loads(text)


def test_garbage_is_refused_or_read_and_nothing_else(seed: int) -> None:
    chance = random.Random(seed)
    text = "{a: [1, 'two', {b: \"three\", // x\n c: .5}], /* y */ 'd': null, e: 0x1F}"
    for _ in range(3000):
        broken = list(text)
        for _ in range(chance.randrange(1, 4)):
            broken[chance.randrange(len(broken))] = chance.choice("{}[]:,'\"\\/*.x1 \n\u2028\ud800")
        try:
            parse("".join(broken), "f")
        except NotJson5 as wrong:
            assert wrong.line >= 1 and wrong.column >= 1
