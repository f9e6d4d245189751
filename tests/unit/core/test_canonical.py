from typing import Annotated, Any

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gatepost.core import canonical
from gatepost.core.canonical import NotCanonical

INTS = st.integers(-canonical.INT_MAX, canonical.INT_MAX)
KEYS = st.text(st.characters(max_codepoint=127), max_size=8)
SCALARS = st.one_of(st.booleans(), INTS, st.text(st.characters(exclude_categories=["Cs"])))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=4)),
    max_leaves=12,
)


Bounded = Annotated[int, msgspec.Meta(ge=-canonical.INT_MAX, le=canonical.INT_MAX)]


class Free(msgspec.Struct, array_like=True):
    value: object

    def __post_init__(self) -> None:
        canonical.check(self.value, canonical.DEPTH_MAX - 1)


class Open(msgspec.Struct, omit_defaults=True):
    a: Bounded
    b: str = ""


class Closed(msgspec.Struct, omit_defaults=True, forbid_unknown_fields=True):
    a: Bounded


@given(VALUES)
def test_the_canonical_form_is_that_of_rfc_8785(value: Any) -> None:
    assert canonical.encode(value) == rfc8785.dumps(value)


def test_every_character_is_spelled_as_in_rfc_8785() -> None:
    for start in range(0, 0x110000, 0x1000):
        points = [n for n in range(start, start + 0x1000) if not 0xD800 <= n < 0xE000]
        text = "".join(map(chr, points))
        assert canonical.encode(text) == rfc8785.dumps(text)


@given(VALUES)
def test_what_check_passes_reads_back_the_same(value: Any) -> None:
    data = canonical.encode([value])
    try:
        canonical.check([value])
    except ValueError:
        with pytest.raises(NotCanonical):
            canonical.decode(data, Free)
    else:
        assert canonical.decode(data, Free) == Free(value)


def test_a_field_of_a_newer_version_is_tolerated_where_the_type_is_open() -> None:
    assert canonical.decode(b'{"a":1,"z":[1]}', Open) == Open(1)


def test_a_default_that_is_written_out_is_the_same_value() -> None:
    assert canonical.decode(b'{"a":1,"b":""}', Open) == Open(1)


@pytest.mark.parametrize(
    ("rung", "data"),
    [
        ("parse", b""),
        ("parse", b"{"),
        ("parse", b'{"a":1}x'),
        ("parse", b'{"a":1,}'),
        ("parse", b'{"a":NaN}'),
        ("parse", b'{"a":1,"b":"\xff"}'),
        ("parse", b'{"a":1,"b":"\xed\xa0\x80"}'),
        ("parse", b'{"a":1,"b":"\\ud800"}'),
        ("parse", b"[" * 100_000),
        ("canonical", b'{"a":1,"a":1}'),
        ("canonical", b'{"a":2,"a":1}'),
        ("canonical", b'{"a":1,"z":{"b":1,"b":2}}'),
        ("canonical", b'{"b":"x","a":1}'),
        ("canonical", b' {"a":1}'),
        ("canonical", b'{"a":1}\n'),
        ("canonical", b'{"a": 1}'),
        ("canonical", b'{"a":-0}'),
        ("canonical", b'{"a":1.0}'),
        ("canonical", b'{"a":1e2}'),
        ("canonical", b'{"a":1,"z":1.5}'),
        ("canonical", b'{"a":1,"z":null}'),
        ("canonical", b'{"a":9007199254740992}'),
        ("canonical", b'{"a":1,"z":[-9007199254740992]}'),
        ("canonical", b'{"a":1,"b":"\\u0061"}'),
        ("canonical", b'{"a":1,"b":"\\/"}'),
        ("canonical", b'{"a":1,"b":"\\ud83d\\ude00"}'),
        ("canonical", '{"a":1,"é":1}'.encode()),
        ("canonical", b'{"a":1,"z":[[[[[[]]]]]]}'),
        ("schema", b'{"a":"1"}'),
        ("schema", b'{"a":true}'),
        ("schema", b"{}"),
        ("schema", b"[1]"),
    ],
)
def test_what_is_not_canonical_is_refused_at_its_rung(rung: str, data: bytes) -> None:
    with pytest.raises(NotCanonical) as caught:
        canonical.decode(data, Open)
    assert caught.value.rung == rung


def test_a_closed_type_refuses_unknown_fields() -> None:
    with pytest.raises(NotCanonical) as caught:
        canonical.decode(b'{"a":1,"z":2}', Closed)
    assert caught.value.rung == "schema"


def test_six_levels_are_read_and_seven_are_not() -> None:
    assert canonical.decode(b"[[[[[[]]]]]]", Free) == Free([[[[[]]]]])
    with pytest.raises(NotCanonical):
        canonical.decode(b"[[[[[[[]]]]]]]", Free)


@pytest.mark.requirement("T23")
@given(
    st.one_of(st.binary(), st.text(alphabet='{}[]":,0123456789.-eabtrufalsn\\ ').map(str.encode))
)
def test_bytes_are_read_whole_and_exactly_or_refused(data: bytes) -> None:
    try:
        read = canonical.decode(b"[" + data + b"]", Free)
    except NotCanonical:
        return
    assert rfc8785.dumps([read.value]) == b"[" + data + b"]"  # pyright: ignore[reportArgumentType]
