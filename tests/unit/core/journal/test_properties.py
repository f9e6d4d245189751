"""Whatever is lost, repeated or reordered: one chain, each slot once, in order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gatepost.core.entry import Void
from tests.unit.core.journal.wire import START, Pair, id_in


class Journal(RuleBasedStateMachine):
    """Both halves of a journal, and a carrier that does as it likes."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair()
        self.acks: list[tuple[int, bytes]] = [(0, START)]

    @rule(durable=st.booleans())
    def give(self, durable: bool) -> None:
        if self.pair.out.room():
            self.pair.give(durable)

    @rule()
    def commit(self) -> None:
        self.pair.out.committed(self.pair.out.next)

    @rule()
    def send(self) -> None:
        self.pair.send()

    @precondition(lambda self: self.pair.frames)
    @rule(data=st.data(), keep=st.booleans())
    def deliver(self, data: st.DataObject, keep: bool) -> None:
        n = data.draw(st.integers(0, len(self.pair.frames) - 1))
        sent = self.pair.frames[n] if keep else self.pair.frames.pop(n)
        self.pair.deliver(sent)
        self.acks.append(self.pair.into.firm())

    @precondition(lambda self: self.pair.frames)
    @rule()
    def lose(self) -> None:
        self.pair.frames.pop(0)

    @rule(data=st.data())
    def ack(self, data: st.DataObject) -> None:
        self.pair.ack(data.draw(st.sampled_from(self.acks)))

    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        out = self.pair.out
        open_slots = [n for n, slot in out.slots.items() if n <= out.durable and not slot.voided]
        if open_slots:
            self.pair.void(data.draw(st.sampled_from(open_slots)))

    @rule()
    def resend(self) -> None:
        self.pair.out.rewind()

    @rule()
    def tell_of_a_hole(self) -> None:
        if (gap := self.pair.into.gap()) > 0:
            self.pair.out.refill(gap)

    @rule()
    def link_again(self) -> None:
        self.pair.frames.clear()
        self.pair.out.contact(self.pair.into.firm()[0])

    @invariant()
    def each_slot_is_decided_once_and_in_order(self) -> None:
        slots = [taken.slot for taken in self.pair.decided]
        assert slots == list(range(1, len(slots) + 1))

    @invariant()
    def what_is_decided_is_what_stood_in_the_slot(self) -> None:
        for taken in self.pair.decided:
            assert id_in(taken.arrived) == f"018bcfe5-6800-7000-8000-{taken.slot:012x}"

    @invariant()
    def the_receiver_is_never_ahead_of_what_was_durable(self) -> None:
        assert self.pair.into.cursor <= self.pair.out.durable

    def teardown(self) -> None:
        self.pair.out.committed(self.pair.out.next)
        self.pair.settle()
        out, into = self.pair.out, self.pair.into
        assert into.cursor == into.committed == out.next == out.out == self.pair.given
        assert into.h == into.h_committed == out.h_next == out.h_out
        assert len(self.pair.decided) == self.pair.given
        assert out.slots == {}
        assert out.bytes_out == 0


JournalTest = Journal.TestCase
JournalTest.settings = settings(max_examples=60, stateful_step_count=40)


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_the_chain_does_not_know_which_of_message_and_void_arrived(
    voided: list[bool],
) -> None:
    plain, other = Pair(), Pair()
    for n, gone in enumerate(voided, 1):
        for pair in (plain, other):
            pair.give()
        if gone:
            other.void(n)
    for pair in (plain, other):
        pair.settle()
    assert plain.into.h == other.into.h == plain.out.h_next
    kinds = [isinstance(taken.arrived.entry, Void) for taken in other.decided]
    assert kinds == voided


@pytest.mark.requirement("T03", "J14")
@given(st.integers(1, 200), st.data())
def test_a_frame_that_was_taken_before_is_only_acknowledged_again(
    count: int, data: st.DataObject
) -> None:
    pair = Pair()
    for _ in range(count):
        pair.give()
    while (sent := pair.send()) is not None:
        pair.deliver(sent)
    before = pair.into.firm()
    for _ in range(5):
        assert pair.deliver(data.draw(st.sampled_from(pair.frames))) == []
    assert pair.into.firm() == before
