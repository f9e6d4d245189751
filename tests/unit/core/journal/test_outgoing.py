"""The sender's half: slots, credit, windows, what is due, what an ack may say."""

import pytest

from gatepost.core.entry import chain
from gatepost.core.frame import ENTRIES_MAX
from gatepost.core.journal import outgoing
from gatepost.core.journal.outgoing import WINDOW, Outgoing, Slot
from tests.unit.core.journal.wire import START, Pair, id_in


def test_slots_are_numbered_and_chained_from_one() -> None:
    pair = Pair()
    one, two = pair.give(), pair.give()
    assert (one.n, two.n) == (1, 2)
    assert one.h == chain(START, one.digest)
    assert two.h == chain(one.h, two.digest) == pair.out.h_next


@pytest.mark.requirement("J4")
def test_nothing_is_due_before_its_own_commit() -> None:
    pair = Pair()
    pair.give(durable=False)
    assert pair.out.due() is None
    pair.out.committed(1)
    due = pair.out.due()
    assert due is not None
    assert [slot.n for slot in due.slots] == [1]


def test_each_slot_is_sent_once_when_given() -> None:
    pair = Pair()
    for _ in range(3):
        pair.give()
    first = pair.send()
    pair.give()
    second = pair.send()
    assert first is not None
    assert second is not None
    assert (first.first, len(first.entries)) == (1, 3)
    assert (second.first, len(second.entries)) == (4, 1)
    assert pair.send() is None


def test_a_frame_holds_no_more_entries_than_a_frame_may() -> None:
    pair = Pair()
    for _ in range(ENTRIES_MAX + 1):
        pair.give()
    sizes = [len(sent.entries) for sent in iter(pair.send, None)]
    assert sizes == [ENTRIES_MAX, 1]


@pytest.mark.requirement("J2")
def test_a_message_needs_credit_and_an_answer_does_not() -> None:
    pair = Pair(credit=2)
    pair.give()
    pair.give()
    assert not pair.out.room_for_message()
    assert pair.out.room()
    pair.out.limit = 3
    assert pair.out.room_for_message()


@pytest.mark.requirement("J2")
def test_no_more_than_the_window_is_out_at_once() -> None:
    pair = Pair()
    for _ in range(WINDOW):
        assert pair.out.room()
        pair.give()
    assert not pair.out.room()
    sent = pair.send()
    assert sent is not None
    pair.deliver(sent)
    pair.ack()
    assert pair.out.room()


def test_no_more_bytes_than_the_window_are_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = Pair()
    pair.give()
    monkeypatch.setattr(outgoing, "WINDOW_BYTES", pair.out.bytes_out + 1)
    assert pair.out.room()
    pair.give()
    assert not pair.out.room()


@pytest.mark.requirement("J6")
def test_an_ack_retires_in_order_and_an_old_one_changes_nothing() -> None:
    pair = Pair()
    for _ in range(4):
        pair.give()
    sent = pair.send()
    assert sent is not None
    pair.deliver(sent)
    firm = pair.into.firm()
    assert [slot.n for slot in pair.ack(firm)] == [1, 2, 3, 4]
    assert pair.ack((2, b"x" * 32)) == []
    assert pair.ack(firm) == []
    assert pair.out.out == 4


def test_an_ack_fits_only_what_was_sent() -> None:
    pair = Pair()
    for _ in range(3):
        pair.give()
    chained = {n: slot.h for n, slot in pair.out.slots.items()}
    assert all(pair.out.fits(n, chained[n]) for n in (1, 2, 3))
    assert pair.out.fits(0, START)
    assert not pair.out.fits(0, b"x" * 32)
    assert not pair.out.fits(2, chained[3])
    assert not pair.out.fits(4, chained[3])
    pair.out.acked(2)
    assert pair.out.fits(2, chained[2])
    assert not pair.out.fits(2, chained[1])
    assert pair.out.fits(1, b"whatever, for it is retired".ljust(32))


def test_when_nothing_moves_one_frame_is_due_again_and_not_the_window() -> None:
    pair = Pair()
    for _ in range(3 * ENTRIES_MAX):
        pair.give()
    while pair.send():
        pass
    pair.out.rewind()
    again = pair.send()
    assert again is not None
    assert (again.first, len(again.entries)) == (1, ENTRIES_MAX)
    assert pair.send() is None


def test_a_hole_is_filled_up_to_what_the_peer_holds_and_no_further() -> None:
    pair = Pair()
    for _ in range(6):
        pair.give()
        pair.send()
    for sent in pair.frames[3:]:
        pair.deliver(sent)
    assert pair.into.gap() == 4
    pair.out.refill(pair.into.gap())
    again = pair.send()
    assert again is not None
    assert (again.first, len(again.entries)) == (1, 3)
    pair.deliver(again)
    assert pair.into.cursor == 6
    assert pair.into.gap() == 0


def test_a_hole_that_was_never_sent_is_no_reason_to_send_more() -> None:
    pair = Pair()
    for _ in range(3):
        pair.give()
    pair.send()
    pair.out.refill(900)
    again = pair.send()
    assert again is not None
    assert len(again.entries) == 3


def test_a_new_contact_begins_behind_the_peers_cursor() -> None:
    pair = Pair()
    for _ in range(5):
        pair.give()
    while pair.send():
        pass
    pair.out.contact(3)
    due = pair.out.due()
    assert due is not None
    assert [slot.n for slot in due.slots] == [4, 5]


def test_what_a_full_line_did_not_take_is_due_again() -> None:
    pair = Pair()
    for _ in range(3):
        pair.give()
    due = pair.out.due()
    assert due is not None
    pair.out.unsent(due)
    again = pair.out.due()
    assert again is not None
    assert [slot.n for slot in again.slots] == [1, 2, 3]


@pytest.mark.requirement("J5", "J3")
def test_a_withdrawn_message_keeps_its_digest_and_is_sent_again_as_void() -> None:
    pair = Pair()
    for _ in range(3):
        pair.give()
    pair.send()
    before = pair.out.h_next
    pair.void(2)
    assert pair.out.h_next == before
    again = pair.send()
    assert again is not None
    assert (again.first, [id_in(one) for one in again.entries]) == (2, [pair.out.slots[2].id])
    assert pair.out.slots[2].voided == "cancelled"


def test_a_message_withdrawn_before_it_was_sent_is_sent_once_as_void() -> None:
    pair = Pair()
    pair.give()
    pair.void(1)
    assert pair.send() is not None
    assert pair.send() is None


@pytest.mark.requirement("J3")
def test_after_a_start_the_slots_kept_are_due_from_the_first_unacknowledged_one() -> None:
    pair = Pair()
    slots = [pair.give() for _ in range(4)]
    pair.out.acked(1)
    fresh = Outgoing(
        next=4, h_next=pair.out.h_next, out=1, h_out=pair.out.h_out, limit=pair.out.limit
    )
    fresh.restore(Slot(one.n, one.kind, one.id, one.item, one.digest, b"") for one in slots[1:])
    assert fresh.bytes_out == pair.out.bytes_out
    due = fresh.due()
    assert due is not None
    assert ([slot.n for slot in due.slots], due.prev) == ([2, 3, 4], pair.out.h_out)


def test_slots_that_do_not_make_the_promised_chain_are_not_taken_back() -> None:
    pair = Pair()
    slots = [pair.give() for _ in range(3)]
    fresh = Outgoing(next=3, h_next=pair.out.h_next, out=0, h_out=START)
    with pytest.raises(ValueError, match="chain"):
        fresh.restore([slots[0], slots[2]])
