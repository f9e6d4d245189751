"""The receiver's half: order, holes, the tail above `committed`, and the cut."""

import pytest

from gatepost.core.journal.incoming import BUFFER, Incoming, Misfit
from tests.unit.core.journal.wire import LATER, START, Pair, Sent, id_in


def sent(count: int, committed: int | None = None, singly: bool = True) -> tuple[Pair, list[Sent]]:
    """A pair and the frames of `count` slots."""
    pair = Pair()
    for _ in range(count):
        pair.give()
        if singly:
            pair.send()
    if not singly:
        pair.send()
    if committed is not None:
        for frame in pair.frames:
            frame.committed = committed
    return pair, list(pair.frames)


@pytest.mark.requirement("J14")
def test_frames_out_of_order_are_taken_in_order_once_the_hole_is_filled() -> None:
    pair, frames = sent(4)
    assert pair.deliver(frames[2]) == []
    assert pair.deliver(frames[3]) == []
    assert pair.into.gap() == 3
    assert [taken.slot for taken in pair.deliver(frames[0])] == [1]
    assert [taken.slot for taken in pair.deliver(frames[1])] == [2, 3, 4]


def test_a_frame_that_overlaps_brings_only_what_is_new() -> None:
    pair, frames = sent(3)
    pair.deliver(frames[0])
    pair.out.contact(0)
    whole = pair.send()
    assert whole is not None
    assert len(whole.entries) == 3
    assert [taken.slot for taken in pair.deliver(whole)] == [2, 3]


def test_what_lies_too_far_beyond_a_hole_is_not_kept() -> None:
    pair, frames = sent(1)
    far = Sent(BUFFER + 2, START, frames[0].entries, 1)
    assert pair.deliver(far) == []
    assert pair.into.buffer == {}


@pytest.mark.requirement("J14")
def test_another_entry_in_the_next_slot_is_a_misfit_and_nothing_is_taken() -> None:
    pair, frames = sent(2)
    pair.deliver(frames[0])
    wrong = Sent(2, b"x" * 32, frames[1].entries, 2)
    with pytest.raises(Misfit):
        pair.deliver(wrong)
    assert pair.into.cursor == 1


def test_another_entry_in_a_slot_taken_before_is_a_misfit_when_more_follows() -> None:
    pair, frames = sent(1)
    pair.deliver(frames[0])
    other, others = sent(2, singly=False)
    other.entries.clear()
    forged = Sent(1, START, (others[0].entries[1], others[0].entries[1]), 2)
    with pytest.raises(Misfit):
        pair.deliver(forged)
    assert (pair.into.cursor, len(pair.decided)) == (1, 1)


@pytest.mark.requirement("J14")
def test_a_void_and_its_message_fit_the_same_slot_and_the_first_decided_stands() -> None:
    pair, frames = sent(1)
    pair.void(1)
    void = pair.send()
    assert void is not None
    assert [type(taken.arrived.entry).__name__ for taken in pair.deliver(void)] == ["Void"]
    assert pair.deliver(frames[0]) == []
    assert pair.out.fits(*pair.into.firm())


def test_the_ack_is_what_is_durable_here() -> None:
    pair, frames = sent(1)
    pair.into.take(frames[0].first, frames[0].prev, frames[0].entries)
    pair.into.release(1)
    assert pair.into.firm() == (0, START)
    pair.into.became_durable(1, pair.into.h)
    assert pair.into.firm() == (1, pair.into.h)


@pytest.mark.requirement("J16")
def test_what_its_sender_did_not_commit_is_taken_but_neither_firm_nor_acknowledged() -> None:
    pair, frames = sent(3, committed=1, singly=False)
    taken = pair.deliver(frames[0])
    assert [(one.slot, one.firm) for one in taken] == [(1, True), (2, False), (3, False)]
    assert pair.into.firm()[0] == 1
    assert (pair.into.cursor, sorted(pair.into.tail)) == (3, [2, 3])


def test_once_the_sender_says_committed_the_tail_is_firm() -> None:
    pair, frames = sent(3, committed=1, singly=False)
    pair.deliver(frames[0])
    assert pair.into.release(2) == (1, 2)
    assert pair.into.firm()[0] == 2
    assert pair.into.release(9) == (2, 3)
    assert (pair.into.firm()[0], pair.into.tail) == (3, {})
    assert pair.into.release(1) == (3, 3)


@pytest.mark.requirement("J11")
def test_a_new_boot_of_the_sender_cuts_what_it_never_committed() -> None:
    pair, frames = sent(3, committed=1, singly=False)
    pair.deliver(frames[0])
    assert pair.into.cut(LATER) == 1
    assert (pair.into.cursor, pair.into.life, pair.into.tail) == (1, LATER, {})
    assert pair.into.firm()[0] == 1
    pair.out.acked(1)
    assert pair.into.h == pair.out.h_out


def test_another_message_may_take_a_slot_that_was_cut() -> None:
    pair, frames = sent(2, committed=1, singly=False)
    pair.deliver(frames[0])
    pair.into.cut(LATER)
    again = Pair()
    again.into = pair.into
    again.give()
    again.given = 7
    again.give()
    whole = again.send()
    assert whole is not None
    assert [taken.slot for taken in again.deliver(whole)] == [2]
    assert id_in(again.decided[0].arrived).endswith("08")


def test_a_cut_forgets_what_waited_beyond_a_hole() -> None:
    pair, frames = sent(3)
    pair.deliver(frames[2])
    pair.into.cut(LATER)
    assert (pair.into.gap(), pair.into.buffer) == (0, {})


def test_a_state_read_back_from_disk_goes_on_where_it_was() -> None:
    pair, frames = sent(4, committed=2, singly=False)
    pair.deliver(frames[0])
    old = pair.into
    fresh = Incoming(
        old.cursor, old.h, old.committed, old.h_committed, life=old.life, said=old.committed,
        tail=dict(old.tail),
    )  # fmt: skip
    fresh.became_durable(fresh.cursor, fresh.h)
    assert fresh.firm() == old.firm()
    assert fresh.release(4) == (2, 4)
    assert fresh.firm() == (4, old.h)
