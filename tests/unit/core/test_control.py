import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.core import control as c
from gatepost.core.canonical import NotCanonical
from tests import forge

COUNTS = st.integers(0, 2**53 - 1)
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
LIVES = st.builds(c.Life, COUNTS, COUNTS, st.binary(min_size=16, max_size=16).map(bytes.hex))
WORDS = st.text(st.characters(max_codepoint=127), max_size=8)
CONTROLS = st.builds(
    c.Control,
    life=LIVES,
    committed=COUNTS,
    have=st.builds(c.Have, COUNTS, HASHES),
    ack=st.builds(c.Ack, COUNTS, COUNTS, HASHES),
    limit=COUNTS,
    seen=st.none() | LIVES,
    fork=st.none() | LIVES,
    first=COUNTS,
    prev=st.just("") | HASHES,
    gap=COUNTS,
    carried=st.booleans(),
    poke=st.booleans(),
    again=COUNTS,
    query=st.none()
    | st.builds(
        c.Query,
        COUNTS,
        st.sampled_from(["ping", "agents", "explain", "record"]),
        st.dictionaries(WORDS, WORDS, max_size=4),
    ),
    answer=st.none()
    | st.builds(
        c.Answer, COUNTS, st.booleans(), WORDS, st.dictionaries(WORDS, COUNTS | WORDS, max_size=4)
    ),
)


@given(CONTROLS)
def test_a_control_part_reads_back_as_it_was_written(control: c.Control) -> None:
    assert c.decode_control(c.encode_control(control)) == control


def test_lives_are_ordered_by_era_then_boot() -> None:
    old, new, newest = (c.Life(*rank, "aa" * 16) for rank in ((1, 9), (2, 1), (2, 2)))
    assert sorted([newest, old, new]) == [old, new, newest]
    assert new < newest > old


def test_two_copies_of_one_life_are_neither_equal_nor_in_order() -> None:
    one, other = c.Life(1, 1, "aa" * 16), c.Life(1, 1, "bb" * 16)
    assert one != other
    assert not one < other
    assert not one > other


@pytest.mark.parametrize(
    ("rung", "changes"),
    [
        ("schema", {"mood": 1}),
        ("schema", {"life": ...}),
        ("schema", {"ack": ...}),
        ("schema", {"have": ...}),
        ("schema", {"limit": ...}),
        ("schema", {"committed": ...}),
        ("schema", {"limit": -1}),
        ("schema", {"limit": "1"}),
        ("schema", {"poke": 1}),
        ("schema", {"life": [1, 2]}),
        ("schema", {"life": [*forge.LIFE, 0]}),
        ("schema", {"life": [1, 2, "AB" * 16]}),
        ("schema", {"life": [1, 2, "ab" * 8]}),
        ("schema", {"ack": [1, 2, "11" * 31]}),
        ("schema", {"ack": [1, 2, "11" * 32, 0]}),
        ("schema", {"have": [1, "11" * 32, 0]}),
        ("schema", {"prev": "x"}),
        ("schema", {"query": {"n": 1, "op": "shutdown"}}),
        ("schema", {"query": {"n": 1, "op": "ping", "as": "root"}}),
        ("schema", {"query": {"n": 1, "op": "ping", "args": {"a": 1}}}),
        ("schema", {"answer": {"n": 1, "ok": True, "more": 1}}),
        ("canonical", {"seen": None}),
        ("canonical", {"limit": 2**53}),
        ("canonical", {"answer": {"n": 1, "ok": True, "data": {"a": 0.5}}}),
        ("canonical", {"answer": {"n": 1, "ok": True, "data": {"a": [[[[]]]]}}}),
        ("canonical", {"answer": {"n": 1, "ok": True, "data": {"ö": 1}}}),
        ("canonical", {"query": {"n": 1, "op": "ping", "args": {"ö": "1"}}}),
        ("parse", {"answer": {"n": 1, "ok": True, "data": {"a": "x" * 2**16}}}),
    ],
)
def test_a_control_part_outside_the_rules_is_refused(rung: str, changes: dict[str, object]) -> None:
    with pytest.raises(NotCanonical) as caught:
        c.decode_control(forge.control(**changes))
    assert caught.value.rung == rung


def test_the_deepest_answer_allowed_is_read() -> None:
    data = {"agents": [{"can": ["ask"]}]}
    read = c.decode_control(forge.control(answer={"n": 1, "ok": True, "data": data}))
    assert read.answer is not None
    assert read.answer.data == data


def test_an_answer_too_large_to_send_is_an_error() -> None:
    answer = c.Answer(1, True, data={"text": "x" * c.CONTROL_MAX})
    zero = "00" * 32
    control = c.Control(
        life=c.Life(1, 1, "00" * 16),
        committed=0,
        have=c.Have(0, zero),
        ack=c.Ack(1, 0, zero),
        limit=0,
        answer=answer,
    )
    with pytest.raises(ValueError, match="at most 65536"):
        c.encode_control(control)
