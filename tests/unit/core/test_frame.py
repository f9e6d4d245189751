import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.core import entry as e
from gatepost.core import frame as f
from gatepost.core import sealing, signing
from gatepost.core.control import CONTROL_MAX, Ack, Answer, Control, Have, Life
from tests import forge
from tests.forge import NOW, Forged
from tests.seeded import SeededEntropy, SeededKeys

HOME, LAB = SeededKeys("home"), SeededKeys("lab")
ZERO = "00" * 32
CONTROL = Control(
    life=Life(1, 1, "ab" * 16),
    committed=2,
    have=Have(0, ZERO),
    ack=Ack(1, 0, ZERO),
    limit=1024,
    first=1,
)


def sender(keys: SeededKeys = HOME, to: SeededKeys = LAB, seed: str = "frame") -> f.Sender:
    random = SeededEntropy(seed).bytes
    return f.Sender(keys.record, to.record, sign=keys.sign, wrap=keys.wrap, random=random)


def opened(data: bytes, *, me: SeededKeys = LAB, known: SeededKeys = HOME) -> f.Opened | f.Rejected:
    records = {known.node: known.record}
    return f.open_frame(data, me=me.node, record_of=records.get, unwrap=me.unwrap)


def rung(data: bytes, *, me: SeededKeys = LAB, known: SeededKeys = HOME) -> str:
    found = opened(data, me=me, known=known)
    return found.rung if isinstance(found, f.Rejected) else "accepted"


def entry_item(number: int, body: bytes = b"", entropy: str = "items") -> f.Item:
    parts = (e.Part("file", len(body)),) if body else ()
    entry = e.Input(id=e.uuid7(NOW, number.to_bytes(10, "big")), parts=parts)
    salt = SeededEntropy(f"{entropy} {number}").bytes(16)
    return f.item(salt, e.encode_entry(entry, body))


@given(st.lists(st.binary(max_size=40), max_size=f.ENTRIES_MAX))
def test_a_frame_opens_to_what_was_put_into_it(bodies: list[bytes]) -> None:
    items = [entry_item(n, body) for n, body in enumerate(bodies)]
    found = opened(f.build(sender(), CONTROL, items, now=NOW, expires=NOW + 1))
    assert isinstance(found, f.Opened)
    assert (found.sender, found.control) == (HOME.node, CONTROL)
    assert [item for _, _, item in found.entries] == items
    assert [body for _, body, _ in found.entries] == bodies
    assert (found.header.created, found.header.expires) == (NOW, NOW + 1)


def test_a_frame_is_laid_out_as_documented() -> None:
    said = f.build(sender(), CONTROL, [entry_item(1)], now=NOW)
    forged = Forged(
        sender=HOME,
        receiver=LAB,
        control=forge.plain_json(msgspec.to_builtins(CONTROL, str_keys=True)),
        entries=[entry_item(1).data],
    )
    assert rung(forged.frame()) == "accepted"
    ours, theirs = opened(said), opened(forged.frame())
    assert isinstance(ours, f.Opened)
    assert isinstance(theirs, f.Opened)
    assert len(said) == len(forged.frame())
    assert ours.control == theirs.control
    assert ours.entries[0][0] == theirs.entries[0][0]


def test_every_flipped_bit_of_a_frame_is_refused() -> None:
    good = f.build(sender(), CONTROL, [entry_item(1, b"body")], now=NOW)
    cache = sealing.ContentKeyCache(LAB.unwrap)
    records = {HOME.node: HOME.record}
    for bit in range(len(good) * 8):
        changed = bytearray(good)
        changed[bit // 8] ^= 1 << bit % 8
        found = f.open_frame(
            bytes(changed), me=LAB.node, record_of=records.get, unwrap=cache.unwrap
        )
        assert isinstance(found, f.Rejected)


def test_every_truncation_of_a_frame_is_refused_by_its_lengths() -> None:
    good = f.build(sender(), CONTROL, [], now=NOW)
    assert {rung(good[:n]) for n in range(len(good))} == {"lengths"}
    assert rung(good + b"\0") == "lengths"


@given(st.binary(max_size=400), st.booleans())
def test_any_bytes_are_refused_without_an_exception(data: bytes, magic: bool) -> None:
    assert rung(b"GP\x01\x01" * magic + data) != "accepted"


def test_the_largest_frame_opens_and_a_larger_one_is_neither_made_nor_read() -> None:
    body = bytes(e.PARTS_BYTES_MAX)
    big = [entry_item(n, body[:size]) for n, size in enumerate((262_144, 131_072, 60_000))]
    assert f.fit(big) == 3
    answer = Answer(1, True, data={"text": "x" * (CONTROL_MAX - 1000)})
    frame = f.build(sender(), msgspec.structs.replace(CONTROL, answer=answer), big, now=NOW)
    assert f.FRAME_MAX - 8 * 1024 < len(frame) <= f.FRAME_MAX
    assert rung(frame) == "accepted"
    with pytest.raises(ValueError, match="at most 524288"):
        f.build(sender(), CONTROL, [entry_item(1, body), entry_item(2, body)], now=NOW)
    forged = Forged(sender=HOME, receiver=LAB, entries=[entry_item(n, body).data for n in (1, 2)])
    assert rung(forged.frame()) == "lengths"


def test_what_fits_is_told_before_it_is_built() -> None:
    big = [entry_item(n, bytes(e.PARTS_BYTES_MAX)) for n in range(3)]
    assert f.fit([]) == 0
    assert f.fit(big) == 1
    small = [entry_item(n) for n in range(f.ENTRIES_MAX + 1)]
    assert f.fit(small) == f.ENTRIES_MAX
    assert f.fit(small[:3]) == 3
    with pytest.raises(ValueError, match="at most 64"):
        f.build(sender(), CONTROL, small, now=NOW)


@pytest.mark.requirement("J3")
def test_a_resend_is_a_new_frame_around_the_same_items() -> None:
    by, items = sender(), [entry_item(1)]
    first, second = (f.build(by, CONTROL, items, now=NOW) for _ in range(2))
    assert first != second
    one, two = opened(first), opened(second)
    assert isinstance(one, f.Opened)
    assert isinstance(two, f.Opened)
    assert one.entries == two.entries
    assert one.entries[0][2].digest == items[0].digest


def test_an_item_outlives_the_key_it_was_first_sent_under() -> None:
    rotated = SeededKeys("home", seq=2, generation=1)
    items = [entry_item(1)]
    found = opened(f.build(sender(rotated), CONTROL, items, now=NOW), known=rotated)
    assert isinstance(found, f.Opened)
    assert found.entries[0][2] == items[0]


@pytest.mark.requirement("T10")
def test_a_replaced_key_signs_nothing_any_more() -> None:
    stale = f.build(sender(), CONTROL, [], now=NOW)
    assert rung(stale, known=SeededKeys("home", seq=2, generation=1)) == "key"


def test_a_frame_is_for_its_recipient_only() -> None:
    frame = f.build(sender(), CONTROL, [], now=NOW)
    assert rung(frame, me=SeededKeys("other")) == "recipient"
    assert rung(frame, me=HOME) == "recipient"


def test_a_stranger_is_refused_before_its_signature_is_looked_at() -> None:
    frame = bytearray(f.build(sender(SeededKeys("stranger")), CONTROL, [], now=NOW))
    frame[-200] ^= 1
    assert rung(bytes(frame)) == "key"


@pytest.mark.requirement("J9")
def test_nothing_is_unwrapped_before_the_signature_holds() -> None:
    frame = Forged(sender=HOME, receiver=LAB, change_signature=lambda s: bytes(64)).frame()
    asked: list[bytes] = []

    def unwrap(info: bytes, wrapped: bytes) -> bytes:
        asked.append(wrapped)
        return LAB.unwrap(info, wrapped)

    found = f.open_frame(frame, me=LAB.node, record_of={HOME.node: HOME.record}.get, unwrap=unwrap)
    assert isinstance(found, f.Rejected)
    assert found.rung == "signature"
    assert asked == []


def test_the_evidence_proves_any_entry_to_a_third_party() -> None:
    items = [entry_item(n) for n in range(3)]
    found = opened(f.build(sender(), CONTROL, items, now=NOW))
    assert isinstance(found, f.Opened)
    signature, clear = found.evidence[-64:], found.evidence[:-64]
    header_end = 12 + int.from_bytes(clear[4:6], "big")
    digests = clear[header_end:]
    record = HOME.record
    signed = signing.frame_input(record.key_id, clear[12:header_end], digests)
    assert signing.verify(record.key_bytes, signature, signed)
    _, _, item = found.entries[1]
    assert digests[64:96] == e.digest(item.salt, item.data)


def test_equal_entries_have_unlike_digests_and_cannot_be_guessed_from_the_clear_part() -> None:
    one, other = entry_item(1, entropy="one"), entry_item(1, entropy="other")
    assert one.data == other.data
    assert one.digest != other.digest


@pytest.mark.requirement("T01")
def test_nothing_but_nodes_size_and_time_is_readable_in_a_frame() -> None:
    secret = b"canary-canary-canary"
    frame = f.build(sender(), CONTROL, [entry_item(1, secret)], now=NOW)
    for hidden in (secret, b"input", b"life", b"limit", entry_item(1).salt):
        assert hidden not in frame


def test_no_two_frames_share_a_frame_nonce_or_a_control_salt() -> None:
    by = sender()
    frames = [f.build(by, CONTROL, [], now=NOW) for _ in range(50)]
    assert len({frame[-len(frames[0]) // 2 :] for frame in frames}) == 50
    assert len({opened_control_digest(frame) for frame in frames}) == 50


def opened_control_digest(frame: bytes) -> bytes:
    start = 12 + int.from_bytes(frame[4:6], "big")
    return frame[start : start + 32]
