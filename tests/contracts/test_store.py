"""What every store keeps, over the same SQL: in memory, on a file with its thread, in a world."""

import queue
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest

from gatepost.core.records import (
    ApprovalRow,
    EntryRow,
    FrameRow,
    HoldRow,
    InviteRow,
    JournalRow,
    MessageRow,
    PeerRow,
    TokenRow,
)
from gatepost.core.views import AgentSpec, MessagesQuery
from gatepost.store.database import open_database, open_memory, open_reader
from gatepost.store.store import Store
from gatepost.store.writer import ThreadCommitter
from tests.unit.store.batches import Inline, TurnClock
from tests.world.disk import Disk, DiskCommitter
from tests.world.timeline import Log, Timeline

HOUR = 3_600_000


class Kept(Protocol):
    """A store that can be settled (everything durable) and opened again."""

    store: Store

    def settle(self) -> None: ...

    def again(self) -> None: ...


def broken(error: Exception) -> None:
    raise error


class InMemory:
    """One connection, inline commits. `again` makes another store over the same database."""

    def __init__(self) -> None:
        self._clock = TurnClock()
        self._connection = open_memory()
        self.again()

    def again(self) -> None:
        self.store = Store(self._connection, self._connection, self._clock, Inline(), broken)

    def settle(self) -> None:
        self._clock.turn()
        assert self.store.idle


class OnFile:
    """A file, a reader beside the writer, and the commit thread."""

    def __init__(self, path: Path) -> None:
        self._path = path / "node.db"
        self._open()

    def _open(self) -> None:
        self._clock = TurnClock()
        self._posted: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        committer = ThreadCommitter(self._posted.put)
        writer = open_database(self._path)
        reader = open_reader(self._path)
        self.store = Store(writer, reader, self._clock, committer, broken)

    def settle(self) -> None:
        self._clock.turn()
        while not self.store.idle:
            self._posted.get(timeout=20)()
            self._clock.turn()

    def again(self) -> None:
        self.settle()
        self.store.close()
        self._open()


class Life:
    """What a world's disk asks of a life."""

    alive, name, offset = True, "home", 0

    def begin(self) -> None: ...

    def tick(self, what: str) -> None: ...


class InWorld:
    """The disk of a simulated machine: commits take virtual time."""

    def __init__(self) -> None:
        self._timeline = Timeline(Log())
        self._disk = Disk()
        self.again()

    def again(self) -> None:
        committer = DiskCommitter(self._disk, self._timeline, Life(), lambda: 0.001)
        disk = self._disk
        self.store = Store(disk.writer, disk.reader, self._timeline, committer, broken)

    def settle(self) -> None:
        while self._timeline.step(self._timeline.time + 1.0):
            pass
        assert self.store.idle


@pytest.fixture(params=["memory", "file", "world"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    made: Kept
    if request.param == "memory":
        made = InMemory()
    elif request.param == "file":
        made = OnFile(tmp_path)
    else:
        made = InWorld()
    yield made
    made.settle()
    made.store.close()


def message(seq: int, **changes: object) -> MessageRow:
    told: dict[str, object] = {
        "seq": seq,
        "id": f"018bcfe5-6800-7000-8000-{seq:012x}",
        "direction": "out",
        "peer": 1,
        "sender": "main",
        "recipient": "bob",
        "want": "answer",
        "conversation": "c",
        "created": 1000 + seq,
        "expires": 1000 + seq + HOUR,
        "accepted": 1000 + seq,
        **changes,
    }
    return MessageRow(**told)  # type: ignore[arg-type]


def entry(seq: int, about: int, **changes: object) -> EntryRow:
    told: dict[str, object] = {
        "seq": seq,
        "peer": 1,
        "sent": True,
        "message": about,
        "kind": "update",
        "id": f"018bcfe5-6800-7000-8000-{about:012x}",
        "at": 5,
        **changes,
    }
    return EntryRow(**told)  # type: ignore[arg-type]


def add(kept: Kept, *rows: MessageRow) -> None:
    for row in rows:
        kept.store.messages.add(row)
    kept.settle()


def seqs(rows: Iterator[MessageRow] | list[MessageRow]) -> list[int]:
    return [row.seq for row in rows]


def test_every_field_of_a_message_comes_back_as_it_was(kept: Kept) -> None:
    full = message(
        7, direction="in", slot=3, state="working", since=9, reason="r", by="agent", attempt=2,
        started=8, late=True, redelivered=True, request_key="k", digest=b"d",
    )  # fmt: skip
    add(kept, full)
    kept.again()
    assert kept.store.messages.find(full.id) == [full]


@pytest.mark.requirement("P1")
def test_what_is_written_is_seen_once_it_is_committed_and_after_a_restart(kept: Kept) -> None:
    told: list[list[int]] = []
    kept.store.messages.add(message(1))
    kept.store.then(lambda: told.append(seqs(kept.store.messages.waiting(1, 0, 9))))
    kept.settle()
    assert told == [[1]]
    kept.again()
    assert seqs(kept.store.messages.waiting(1, 0, 9)) == [1]
    assert kept.store.messages.last_seq() == (1, 0)


def test_callbacks_come_in_the_order_they_were_asked_for(kept: Kept) -> None:
    told: list[int] = []
    for n in range(5):
        kept.store.messages.add(message(n + 1))
        kept.store.then(lambda n=n: told.append(n))
    kept.settle()
    assert told == [0, 1, 2, 3, 4]


def test_a_body_is_kept_beside_its_message_and_read_by_its_seq(kept: Kept) -> None:
    kept.store.messages.add(message(1))
    kept.store.messages.add_body(1, b"salt", bytes(300_000))
    kept.settle()
    assert kept.store.messages.body(1) == (b"salt", bytes(300_000))
    assert kept.store.messages.body(2) is None


def test_the_queue_is_what_has_no_slot_and_has_not_ended_in_order(kept: Kept) -> None:
    add(
        kept,
        message(1, slot=4),
        message(2),
        message(3, state="done"),
        message(4, state="held"),
        message(5, peer=2),
        message(6, direction="in"),
        message(7),
    )
    assert seqs(kept.store.messages.waiting(1, 0, 9)) == [2, 7]
    assert seqs(kept.store.messages.waiting(1, 2, 9)) == [7]
    assert seqs(kept.store.messages.waiting(1, 0, 1)) == [2]
    assert seqs(kept.store.messages.held()) == [4]
    assert kept.store.messages.count_waiting(1) == (2, 1002, 7)


def test_a_slot_takes_a_message_out_of_the_queue(kept: Kept) -> None:
    add(kept, message(1), message(2))
    kept.store.messages.set_slot(1, 12)
    kept.settle()
    assert seqs(kept.store.messages.waiting(1, 0, 9)) == [2]
    assert seqs(kept.store.messages.open(1, "out")) == [1]


def test_an_ended_message_is_no_longer_open(kept: Kept) -> None:
    add(kept, message(1, direction="in"), message(2, direction="in"))
    kept.store.messages.set_state(1, "done", 50, "why", "agent")
    kept.settle()
    assert seqs(kept.store.messages.open(1, "in")) == [2]
    row = kept.store.messages.find(message(1).id)[0]
    assert (row.state, row.since, row.reason, row.by) == ("done", 50, "why", "agent")


def test_a_run_counts_up_and_is_kept(kept: Kept) -> None:
    add(kept, message(1, direction="in"))
    kept.store.messages.set_run(1, 2, 70, True, "working")
    kept.settle()
    row = kept.store.messages.find(message(1).id)[0]
    assert (row.attempt, row.started, row.redelivered, row.state) == (2, 70, True, "working")


def test_expired_are_those_whose_end_is_this_nodes_to_say(kept: Kept) -> None:
    late = {"expires": 10}
    add(
        kept,
        message(1, **late),
        message(2, slot=1, **late),
        message(3, direction="in", **late),
        message(4, direction="in", attempt=1, **late),
        message(5, direction="local", **late),
        message(6, state="done", **late),
        message(7, expires=100),
    )
    assert sorted(seqs(kept.store.messages.expired(10, 9))) == [1, 3, 5]
    assert len(kept.store.messages.expired(10, 2)) == 2
    assert kept.store.messages.next_expiry(10) == 100
    assert kept.store.messages.next_expiry(100) == 0


def test_a_message_is_found_by_any_unique_beginning_of_its_id(kept: Kept) -> None:
    add(kept, message(1), message(2), message(0x20))
    assert seqs(kept.store.messages.find(message(1).id)) == [1]
    assert len(kept.store.messages.find("018bcfe5", 64)) == 3
    assert kept.store.messages.find("ffff") == []


def test_a_request_key_belongs_to_its_sender(kept: Kept) -> None:
    add(kept, message(1, request_key="k"), message(2, sender="eve", request_key="k"), message(3))
    found = kept.store.messages.by_request("main", "k")
    assert found is not None
    assert found.seq == 1
    assert kept.store.messages.by_request("main", "") is None
    assert kept.store.messages.by_request("bob", "k") is None


def test_unacknowledged_is_what_stands_above_the_acked_slot(kept: Kept) -> None:
    add(
        kept,
        message(1, slot=1),
        message(2, slot=3),
        message(3, slot=2, state="done"),
        message(4),
        message(5, peer=2, slot=9),
    )
    for row in (
        entry(1, 3, slot=2, kind="void"),
        entry(2, 1, slot=4),
        entry(3, 1, slot=0),
        entry(4, 1, slot=5, sent=False),
        entry(5, 5, slot=9, peer=2),
    ):
        kept.store.messages.add_entry(row)
    kept.settle()
    messages, entries = kept.store.messages.unacked(1, 0, 1)
    assert (seqs(messages), [row.seq for row in entries]) == ([2], [1, 2])
    assert [row.seq for row in kept.store.messages.unacked(1, 2, 1)[1]] == [2]
    assert [row.seq for row in kept.store.messages.waiting_entries(1, 0, 9)] == [3]
    assert kept.store.messages.waiting_entries(1, 3, 9) == []
    kept.store.messages.set_entry_slot(3, 6)
    kept.settle()
    assert kept.store.messages.waiting_entries(1, 0, 9) == []


def test_entries_about_a_message_come_in_order_and_whole(kept: Kept) -> None:
    add(kept, message(1))
    rows = [
        entry(n, 1, what="state", state="working", salt=b"s", data=bytes([n])) for n in (2, 1, 3)
    ]
    for row in rows:
        kept.store.messages.add_entry(row)
    kept.settle()
    assert kept.store.messages.entries(1) == sorted(rows, key=lambda row: row.seq)


def test_a_cut_takes_messages_of_one_peer_above_a_slot_with_all_that_belongs_to_them(
    kept: Kept,
) -> None:
    add(
        kept,
        message(1, direction="in", slot=1),
        message(2, direction="in", slot=2),
        message(3, direction="in", slot=2, peer=2),
        message(4, slot=2),
    )
    for seq in (1, 2, 3, 4):
        kept.store.messages.add_body(seq, b"", b"x")
        kept.store.messages.add_entry(entry(seq, seq))
    kept.settle()
    kept.store.messages.cut(1, 1)
    kept.settle()
    there = [n for n in (1, 2, 3, 4) if kept.store.messages.find(message(n).id)]
    assert there == [1, 3, 4]
    assert kept.store.messages.body(2) is None
    assert kept.store.messages.entries(2) == []
    assert kept.store.messages.body(1) is not None


def test_lists_are_newest_first_and_asked_for_by_state_peer_and_agent(kept: Kept) -> None:
    add(kept, message(1), message(2, state="done"), message(3, peer=2, sender="eve"))

    def listed(peer: int | None = None, **query: object) -> list[int]:
        return seqs(kept.store.messages.recent(MessagesQuery(**query), peer))  # type: ignore[arg-type]

    assert listed() == [3, 2, 1]
    assert listed(limit=2) == [3, 2]
    assert listed(state="done") == [2]
    assert listed(open_only=True) == [3, 1]
    assert listed(peer=2) == [3]
    assert listed(agent="eve") == [3]
    assert listed(agent="bob") == [3, 2, 1]
    assert kept.store.messages.counts() == {"out.accepted": 2, "out.done": 1}


def test_a_journal_is_the_last_one_saved(kept: Kept) -> None:
    assert kept.store.peers.journal(1) is None
    first = JournalRow(peer=1, next=3, h_next=b"h", tail=b"t", life="1.2.aa", low=7)
    kept.store.peers.save_journal(first)
    kept.store.peers.save_journal(JournalRow(peer=2))
    kept.settle()
    kept.again()
    assert kept.store.peers.journal(1) == first
    last = JournalRow(peer=1, next=4, cursor=9, committed=8, fork="1.2.bb")
    kept.store.peers.save_journal(last)
    kept.settle()
    assert kept.store.peers.journal(1) == last


def test_peers_are_kept_with_all_that_was_decided_about_them(kept: Kept) -> None:
    row = PeerRow(
        number=1, node="n" * 52, alias="lab", record=b"r", endpoint="h:1", words="w", paired=3,
        blocked=True, stopped="fork", owner="o", removed=0,
    )  # fmt: skip
    kept.store.peers.save(row)
    kept.store.peers.save(PeerRow(**{**_fields(row), "number": 2, "removed": 5}))
    kept.settle()
    kept.again()
    assert [peer.number for peer in kept.store.peers.all()] == [1, 2]
    assert kept.store.peers.all()[0] == row


def _fields(row: PeerRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


def test_the_first_ack_of_a_slot_says_when_it_was_received(kept: Kept) -> None:
    for at, acked in ((10, 2), (20, 5), (30, 5)):
        row = FrameRow(peer=1, at=at, first=0, count=0, acked=acked, signed=b"s", control=b"c")
        kept.store.peers.add_frame(row)
    kept.settle()
    assert [kept.store.peers.acked_at(1, slot, 0) for slot in (1, 2, 3, 5, 6)] == [
        10,
        10,
        20,
        20,
        0,
    ]
    assert kept.store.peers.acked_at(2, 1, 0) == 0
    assert kept.store.peers.acked_at(1, 1, 15) == 20


def test_an_invitation_is_kept_until_it_is_dropped(kept: Kept) -> None:
    row = InviteRow(id="i", public="p", alias="lab", expires=100)
    kept.store.peers.save_invite(row)
    kept.settle()
    row.used_by, row.answer = "n", b"a"
    kept.store.peers.save_invite(row)
    kept.settle()
    kept.again()
    assert kept.store.peers.invite("i") == row
    kept.store.peers.drop_invites(100)
    kept.settle()
    assert kept.store.peers.invite("i") is not None
    kept.store.peers.drop_invites(101)
    kept.settle()
    assert kept.store.peers.invite("i") is None


def test_agents_tokens_and_marks_are_kept_and_forgotten(kept: Kept) -> None:
    registry = kept.store.registry
    registry.save_agent(AgentSpec(name="b", command=("x",), safe_to_repeat=True), 1)
    registry.save_agent(AgentSpec(name="a"), 2)
    token = TokenRow(id="t", agent="a", hash=b"h", note="n", created=1)
    registry.save_token(token)
    registry.set_mark("life", "0.1.aa")
    registry.set_mark("life", "0.2.bb")
    kept.settle()
    kept.again()
    registry = kept.store.registry
    assert [spec.name for spec in registry.agents()] == ["b", "a"]
    assert registry.agents()[0] == AgentSpec(name="b", command=("x",), safe_to_repeat=True)
    assert registry.tokens() == [token]
    assert (registry.mark("life"), registry.mark("never")) == ("0.2.bb", "")
    registry.drop_agent("b")
    registry.drop_token("t")
    kept.settle()
    assert ([spec.name for spec in registry.agents()], registry.tokens()) == (["a"], [])


def test_the_size_grows_with_what_is_kept(kept: Kept) -> None:
    before = kept.store.size()
    for seq in range(1, 40):
        kept.store.messages.add_body(seq, b"", bytes(20_000))
    kept.settle()
    assert kept.store.size() > before + 39 * 20_000


def held(seq: int, key: str = "carol@work", **more: object) -> HoldRow:
    return HoldRow(message=seq, key=key, at=1000 + seq, **more)  # type: ignore[arg-type]


def test_a_hold_is_kept_and_found_as_long_as_its_message_is_open(kept: Kept) -> None:
    messages, holds = kept.store.messages, kept.store.holds
    for seq in (1, 2, 3):
        messages.add(message(seq, state="held"))
        holds.save(held(seq, taint=b'["x"]'))
    answered = held(2, approved=b'{"look":"00"}', digest=b"d", answer="approved", answered=5)
    holds.save(answered)
    messages.set_state(3, "expired", 2000)
    kept.settle()
    kept.again()
    assert kept.store.holds.open() == [held(1, taint=b'["x"]'), answered]


def test_who_was_refused_is_known_for_a_while(kept: Kept) -> None:
    for seq, at in ((1, 10), (2, 30), (3, 20)):
        kept.store.holds.save(held(seq, answer="refused", answered=at, reason="no"))
    kept.store.holds.save(held(4, answer="approved", answered=40))
    kept.settle()
    assert kept.store.holds.refused(10) == [("carol@work", 20), ("carol@work", 30)]


def test_approvals_stand_until_their_end_or_until_they_are_taken_back(kept: Kept) -> None:
    rows = [ApprovalRow(id=id, until=until, data=b"{}") for id, until in (("a", 0), ("b", 5))]
    rows += [ApprovalRow(id="c", until=9, data=b"x"), ApprovalRow(id="d", until=0, data=b"y")]
    for row in rows:
        kept.store.holds.save_approval(row)
    kept.store.holds.drop_ended(5)
    kept.store.holds.drop_approval("d")
    kept.settle()
    kept.again()
    assert kept.store.holds.approvals() == [rows[0], rows[2]]


def test_a_message_held_after_it_waited_is_late_and_keeps_its_mark(kept: Kept) -> None:
    kept.store.messages.add(message(1, direction="in", attempt=1, state="working"))
    kept.store.messages.set_held(1, 1500, True)
    kept.settle()
    (row,) = kept.store.messages.open(1, "in")
    assert (row.state, row.late, row.redelivered, row.since) == ("held", True, True, 1500)
    assert kept.store.messages.expired(10**15, 5) == [row]
