from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.core import entry as e
from gatepost.core.lifecycle import OUTCOMES
from tests import forge
from tests.forge import message, update

ID = "018bcfe5-6800-7000-8000-000000000001"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
COUNTS = st.integers(0, 2**53 - 1)
IDS = st.uuids().map(str)
NAMES = st.from_regex(r"[a-z0-9](?:[a-z0-9._-]{0,20}[a-z0-9])?", fullmatch=True)
HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
BODIES = st.lists(st.tuples(st.sampled_from(["text", "json", "file"]), st.binary(max_size=50)))


def with_body(
    bodies: list[tuple[Any, bytes]],
) -> tuple[tuple[e.Part, ...], bytes]:
    parts = tuple(e.Part(type, len(data), name="ü.txt") for type, data in bodies[:32])
    return parts, b"".join(data for _, data in bodies[:32])


MESSAGES = st.builds(
    e.Message,
    id=IDS,
    from_agent=NAMES,
    to_agent=NAMES,
    conversation=IDS,
    want=st.sampled_from(["nothing", "answer", "result"]),
    created=COUNTS,
    expires=COUNTS,
    re=st.one_of(st.just(""), IDS),
    done_when=TEXT,
    maybe=st.booleans(),
    late=st.booleans(),
    hops=COUNTS,
    visited=st.lists(st.from_regex(r"[a-z2-7]{52}", fullmatch=True), max_size=3).map(tuple),
    turns=COUNTS,
    chain=st.lists(TEXT, max_size=3).map(tuple),
    labels=st.lists(TEXT, max_size=3).map(tuple),
    budget=st.dictionaries(st.sampled_from(["tokens", "cents"]), COUNTS),
    trace=TEXT,
    x=st.dictionaries(NAMES, st.one_of(COUNTS, TEXT, st.lists(st.booleans())), max_size=3),
)
ENTRIES = st.one_of(
    MESSAGES,
    st.builds(
        e.Void,
        id=IDS,
        why=st.sampled_from(["expired", "cancelled"]),
        expires=COUNTS,
        digest=HASHES,
        maybe=st.booleans(),
    ),
    st.builds(e.Input, id=IDS),
    st.builds(e.Cancel, id=IDS),
    st.builds(
        e.Update,
        id=IDS,
        what=st.just("outcome"),
        state=st.sampled_from(sorted(OUTCOMES)),
        at=COUNTS,
        run=COUNTS,
        started=COUNTS,
        reason=TEXT,
        by=st.sampled_from(["", "rule", "agent", "node"]),
        late=st.booleans(),
        redelivered=st.booleans(),
        seq=COUNTS,
    ),
    st.builds(
        e.Update,
        id=IDS,
        what=st.sampled_from(["state", "progress", "artifact"]),
        state=st.sampled_from(["received", "working", "needs_input"]),
        at=COUNTS,
    ),
    st.builds(e.Skip, to=COUNTS, h=HASHES),
    st.builds(e.Start, open=st.lists(IDS).map(tuple), era=COUNTS, out=COUNTS),
    st.builds(
        e.Settled,
        outcomes=st.lists(st.tuples(IDS, st.sampled_from(sorted(OUTCOMES)))).map(tuple),
    ),
)


@given(ENTRIES, BODIES)
def test_every_entry_reads_back_as_it_was_written(
    entry: e.Entry, bodies: list[tuple[str, bytes]]
) -> None:
    body = b""
    if isinstance(entry, e.Message | e.Update | e.Input):
        parts, body = with_body(bodies)
        entry = msgspec.structs.replace(entry, parts=parts)
    assert e.decode_entry(e.encode_entry(entry, body)) == (entry, body)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_entry_or_refused(data: bytes) -> None:
    with pytest.raises(e.BadEntry):
        e.decode_entry(data)


@given(ENTRIES, st.data())
def test_a_changed_bit_is_refused_or_means_something_else(
    entry: e.Entry, data: st.DataObject
) -> None:
    good = e.encode_entry(entry)
    at = data.draw(st.integers(0, len(good) * 8 - 1))
    changed = bytearray(good)
    changed[at // 8] ^= 1 << at % 8
    try:
        read, body = e.decode_entry(bytes(changed))
    except e.BadEntry:
        return
    assert (read, body) != (entry, b"")


def refused(data: bytes) -> str:
    with pytest.raises(e.BadEntry) as caught:
        e.decode_entry(data)
    return caught.value.rung


@pytest.mark.parametrize(
    ("rung", "header"),
    [
        ("schema", message(kind="massage")),
        ("schema", message(kind=...)),
        ("schema", message(id=...)),
        ("schema", message(id="1")),
        ("schema", message(id="018BCFE5-6800-7000-8000-000000000001")),
        ("schema", message(conversation="x" * 36)),
        ("schema", message(re="nothing")),
        ("schema", message(from_agent="Main")),
        ("schema", message(from_agent="main x")),
        ("schema", message(to_agent="")),
        ("schema", message(to_agent="a\n")),
        ("schema", message(to_agent="-a")),
        ("schema", message(want="all")),
        ("schema", message(created=-1)),
        ("schema", message(created="1")),
        ("schema", message(hops=True)),
        ("schema", message(visited=["lab"])),
        ("schema", message(visited=["a" * 52 + " " + "b" * 52])),
        ("schema", message(budget={"tokens": "1"})),
        ("schema", message(parts=[{"type": "text", "size": 0}] * 33)),
        ("schema", message(parts=[{"type": "html", "size": 0}])),
        ("schema", message(parts=[{"type": "text", "size": -1}])),
        ("schema", message(trace="x" * 129)),
        ("schema", update(state="finished")),
        ("schema", update(state="working")),
        ("schema", update(what="state")),
        ("schema", update(by="me")),
        ("schema", {"kind": "cancel", "id": "x" * 36}),
        ("schema", {"kind": "input", "id": "x" * 36}),
        ("schema", {"kind": "void", "id": ID, "why": "bored", "expires": 1, "digest": "0" * 64}),
        ("schema", {"kind": "void", "id": ID, "why": "expired", "expires": 1, "digest": "0" * 63}),
        ("schema", {"kind": "skip", "to": 1, "h": "G" * 64}),
        ("schema", {"kind": "start", "open": ["x" * 36], "era": 1, "out": 1}),
        ("schema", {"kind": "settled", "outcomes": [[ID, "working"]]}),
        ("schema", {"kind": "settled", "outcomes": [[ID]]}),
        ("canonical", message(x={"a": 1.5})),
        ("canonical", message(x={"a": None})),
        ("canonical", message(x={"é": 1})),
        ("canonical", message(x={"a": 2**53})),
        ("canonical", message(x={"a": [[[[[]]]]]})),
        ("canonical", message(re=None)),
        ("canonical", message(budget={"é": 1})),
        ("lengths", message(parts=[{"size": 1, "type": "text"}])),
        ("lengths", message(done_when="x", x={"a": "x" * 17_000})),
    ],
)
def test_a_header_outside_the_rules_is_refused(rung: str, header: dict[str, Any]) -> None:
    assert refused(forge.entry(header)) == rung


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0",
        b"\0\0\0\0",
        forge.entry(message(), size=0),
        forge.entry(message(), size=400),
        forge.entry(message(), b"a body nobody announced"),
        forge.entry(update(parts=[{"size": 3, "type": "text"}]), b"ab"),
        forge.entry({"id": ID, "kind": "cancel"}, b"x"),
        forge.entry(message(parts=[{"size": 200_000, "type": "file"}] * 2), bytes(400_000)),
    ],
)
def test_lengths_that_do_not_fit_are_refused(data: bytes) -> None:
    assert refused(data) == "lengths"


def test_a_newer_versions_fields_are_tolerated_in_an_entry() -> None:
    read, _ = e.decode_entry(forge.entry(message(mood="hopeful")))
    assert isinstance(read, e.Message)
    assert read.to_agent == "specialist"


def test_the_limits_themselves_are_allowed() -> None:
    parts = tuple(e.Part("file", 8192) for _ in range(32))
    body = bytes(e.PARTS_BYTES_MAX)
    cancel = e.Input(id=ID, parts=parts)
    assert e.decode_entry(e.encode_entry(cancel, body)) == (cancel, body)


def test_a_limit_that_bites_when_writing_is_an_error() -> None:
    big = e.Input(id=ID, parts=(e.Part("file", e.PARTS_BYTES_MAX), e.Part("file", 1)))
    with pytest.raises(e.BadEntry, match="at most 262144"):
        e.encode_entry(big, bytes(e.PARTS_BYTES_MAX + 1))
    with pytest.raises(e.BadEntry, match="differ"):
        e.encode_entry(e.Input(id=ID, parts=(e.Part("text", 2),)), b"x")
    with pytest.raises(ValueError, match="no id"):
        e.Cancel(id="m_8F3P")


@pytest.mark.parametrize(
    ("type", "body"),
    [("text", b"\xff"), ("json", b"{"), ("json", b""), ("json", b"[" * 100_000), ("json", b"\xff")],
)
def test_a_part_that_is_not_what_it_says_is_refused_where_it_enters(type: Any, body: bytes) -> None:
    with pytest.raises(e.BadEntry) as caught:
        e.check_parts((e.Part("file", 0), e.Part(type, len(body))), body)
    assert caught.value.rung == "parse"
    assert "part 2" in caught.value.why


def test_parts_that_are_what_they_say_enter() -> None:
    parts = (e.Part("text", 2), e.Part("json", 8), e.Part("file", 1))
    e.check_parts(parts, b"\xc3\xa9" + b'{"a":1} ' + b"\xff")


def test_a_digest_depends_on_salt_and_bytes() -> None:
    digests = {e.digest(bytes([s]) * 16, data) for s in (0, 1) for data in (b"", b"a", b"b")}
    assert len(digests) == 6
    assert e.digest(b"s" * 16, b"data") == forge.digest(b"s" * 16, b"data")


def test_a_chain_depends_on_pair_direction_era_and_order() -> None:
    a, b = "a" * 52, "b" * 52
    starts = [e.chain_start(a, b, 1), e.chain_start(b, a, 1), e.chain_start(a, b, 2)]
    one, two = e.digest(bytes(16), b"1"), e.digest(bytes(16), b"2")
    ends = [e.chain(e.chain(start, x), y) for start in starts for x, y in ((one, two), (two, one))]
    assert len({*starts, *ends}) == 9
    assert all(len(h) == 32 for h in ends)


@given(st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_a_uuid7_holds_its_time_and_says_its_version(now: int, random: bytes) -> None:
    made = e.uuid7(now, random)
    assert e.Cancel(id=made).id == made
    plain = made.replace("-", "")
    assert int(plain[:12], 16) == now
    assert plain[12] == "7"
    assert plain[16] in "89ab"


def test_ids_of_different_randomness_differ() -> None:
    ids = {e.uuid7(1, n.to_bytes(10, "big")) for n in range(64)} | {e.uuid7(1, b"\xff" * 10)}
    assert len(ids) == 65
