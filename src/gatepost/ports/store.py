"""The store as the node needs it.

Writes join the current batch, `then` runs once the batch is durable.

Reads see what is committed. One implementation runs on a file and in memory; the SQL is the same.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

from gatepost.core.records import (
    AliasRow,
    ApprovalRow,
    DecisionRow,
    EntryRow,
    FrameRow,
    HoldRow,
    InviteRow,
    JournalRow,
    LawRow,
    MessageRow,
    OldMessage,
    PeerRow,
    TokenRow,
)
from gatepost.core.views import AgentSpec, MessagesQuery


class MessageTable(Protocol):
    """Messages, bodies and the entries about them."""

    def add(self, row: MessageRow) -> None:
        """Keep a new message."""
        ...

    def add_body(self, seq: int, salt: bytes, data: bytes) -> None:
        """Keep the entry bytes of message `seq`."""
        ...

    def set_body(self, seq: int, data: bytes) -> None:
        """Message `seq`, which nobody was given yet, says something else."""
        ...

    def add_entry(self, row: EntryRow) -> None:
        """Keep an entry about a message."""
        ...

    def set_state(self, seq: int, state: str, since: int, reason: str = "", by: str = "") -> None:
        """A message changed its state, or ended."""
        ...

    def set_run(self, seq: int, attempt: int, started: int, redelivered: bool, state: str) -> None:
        """A run of a message was claimed (attempt counts up) or given back."""
        ...

    def set_held(self, seq: int, since: int, redelivered: bool) -> None:
        """A message that waited for its agent waits for a person now, and has left its order."""
        ...

    def set_read(self, seq: int, read: str) -> None:
        """Whose text the receiver of a message has in hand."""
        ...

    def set_slot(self, seq: int, slot: int) -> None:
        """A waiting message got its slot."""
        ...

    def set_entry_slot(self, seq: int, slot: int) -> None:
        """A waiting entry got its slot."""
        ...

    def cut(self, peer: int, slot: int) -> None:
        """Delete what was taken from `peer` above `slot`: its sender never committed it."""
        ...

    def last_seq(self) -> tuple[int, int]:
        """The highest seq of messages and of entries."""
        ...

    def open(self, peer: int, direction: str) -> Iterator[MessageRow]:
        """Open messages with a peer in order; sent ones only when they have a slot."""
        ...

    def held(self) -> Iterator[MessageRow]:
        """Messages that wait for a person here before they are sent."""
        ...

    def waiting(self, peer: int, after: int, limit: int) -> list[MessageRow]:
        """Messages to a peer without a slot, in order, from behind seq `after`."""
        ...

    def count_waiting(self, peer: int) -> tuple[int, int, int]:
        """Messages to a peer without a slot.

        How many, when the oldest was accepted, the highest seq.
        """
        ...

    def expired(self, now: int, limit: int) -> list[MessageRow]:
        """Open messages whose time is over and whose end is this node's to say.

        Unslotted or unclaimed.
        """
        ...

    def next_expiry(self, after: int) -> int:
        """When the next open message expires after time `after`; 0 when none does."""
        ...

    def body(self, seq: int) -> tuple[bytes, bytes] | None:
        """(salt, entry bytes) of a message, None when they are not kept."""
        ...

    def find(self, id: str, limit: int = 2) -> list[MessageRow]:
        """Messages whose id is or begins with `id`."""
        ...

    def by_request(self, sender: str, key: str) -> MessageRow | None:
        """The message a request key of an agent stands for."""
        ...

    def entries(self, message: int) -> list[EntryRow]:
        """Entries about a message, in order."""
        ...

    def unacked(self, peer: int, low: int, out: int) -> tuple[list[MessageRow], list[EntryRow]]:
        """What stands in slots above `out` of the journal to a peer, by slot.

        Entries are sought from seq `low` on.
        """
        ...

    def waiting_entries(self, peer: int, after: int, limit: int) -> list[EntryRow]:
        """Entries for a peer without a slot, in order, from behind seq `after`."""
        ...

    def recent(self, query: MessagesQuery, peer: int | None) -> list[MessageRow]:
        """Messages newest first."""
        ...

    def counts(self) -> dict[str, int]:
        """Messages by direction and state, as `out.done`: the conservation counters."""
        ...


class PeerTable(Protocol):
    """Peers, journals, evidence and invitations."""

    def save(self, row: PeerRow) -> None:
        """Keep a peer, new or changed."""
        ...

    def all(self) -> list[PeerRow]:
        """Every peer, removed ones too (their messages name them)."""
        ...

    def save_alias(self, row: AliasRow) -> None:
        """Keep the name a peer had."""
        ...

    def drop_alias(self, alias: str) -> None:
        """Forget whose a name was."""
        ...

    def aliases(self) -> list[AliasRow]:
        """Every name a peer had."""
        ...

    def save_journal(self, row: JournalRow) -> None:
        """Keep the positions of both journals with a peer."""
        ...

    def journal(self, peer: int) -> JournalRow | None:
        """The positions of both journals with a peer, None before the first contact."""
        ...

    def add_frame(self, row: FrameRow) -> None:
        """Keep the signed part of a frame as evidence."""
        ...

    def frame_acking(self, peer: int, slot: int, since: int) -> FrameRow | None:
        """The first kept frame of a peer that acknowledges a slot of the journal to it."""
        ...

    def frame_holding(self, peer: int, slot: int, since: int) -> FrameRow | None:
        """The first kept frame of a peer that holds this slot of its journal."""
        ...

    def acked_at(self, peer: int, slot: int, since: int) -> int:
        """When the peer first acknowledged a slot of the journal to it; 0 when it has not.

        `since` (ms) is a time before that: frames are sought from there on.
        """
        ...

    def save_invite(self, row: InviteRow) -> None:
        """Keep an invitation, new or used."""
        ...

    def invite(self, id: str) -> InviteRow | None:
        """The invitation with this id."""
        ...

    def drop_invites(self, before: int) -> None:
        """Forget invitations that expired before a time."""
        ...


class HoldTable(Protocol):
    """Messages that wait for a person, and approvals that stand."""

    def save(self, row: HoldRow) -> None:
        """Keep a hold, new or changed."""
        ...

    def open(self) -> list[HoldRow]:
        """Holds of messages that have not ended, in order, whether answered or not."""
        ...

    def of(self, message: int) -> HoldRow | None:
        """The hold of one message, by its seq."""
        ...

    def refused(self, since: int) -> list[tuple[str, int]]:
        """Whom a person refused since a time, and when."""
        ...

    def save_approval(self, row: ApprovalRow) -> None:
        """Keep an approval."""
        ...

    def drop_approval(self, id: str) -> None:
        """Forget an approval."""
        ...

    def drop_ended(self, now: int) -> None:
        """Forget approvals whose time is over."""
        ...

    def approvals(self) -> list[ApprovalRow]:
        """Every approval, in the order they were given."""
        ...


class DecisionTable(Protocol):
    """Decisions that messages' own rows do not tell, and the laws that were in force."""

    def add(self, at: int, message: str, data: bytes) -> None:
        """Keep a decision, in place of the oldest when there are too many."""
        ...

    def of(self, message: str) -> list[DecisionRow]:
        """Decisions about a message, in order."""
        ...

    def since(self, at: int) -> Iterator[DecisionRow]:
        """Decisions from a time (ms) on, the latest first."""
        ...

    def add_law(self, row: LawRow) -> None:
        """Keep a law that came into force."""
        ...

    def laws(self) -> list[LawRow]:
        """The laws that are kept, the oldest first."""
        ...


class RegistryTable(Protocol):
    """Agents, tokens and the node's own marks."""

    def save_agent(self, spec: AgentSpec, added: int) -> None:
        """Keep an agent, new or changed."""
        ...

    def drop_agent(self, name: str) -> None:
        """Forget an agent. Its messages stay."""
        ...

    def agents(self) -> list[AgentSpec]:
        """Every agent, in the order they were added."""
        ...

    def save_token(self, row: TokenRow) -> None:
        """Keep a token (its hash)."""
        ...

    def drop_token(self, id: str) -> None:
        """Revoke a token."""
        ...

    def tokens(self) -> list[TokenRow]:
        """Every token."""
        ...

    def set_mark(self, key: str, value: str) -> None:
        """Set one of the node's marks."""
        ...

    def mark(self, key: str) -> str:
        """One of the node's marks, "" when it was never set."""
        ...


class RetentionTable(Protocol):
    """What is old enough to go."""

    def window(self, before: int, after: int, limit: int) -> list[OldMessage]:
        """The next messages in order, from behind seq `after`; those that ended `before` may go."""
        ...

    def drop(self, seq: int) -> None:
        """Delete a message with its body and the entries about it."""
        ...

    def old_frames(self, peer: int, before: int) -> int:
        """How many frames of a peer came before a time (ms)."""
        ...

    def drop_frames(self, peer: int, before: int, limit: int) -> None:
        """Delete up to `limit` of them, the oldest first."""
        ...


class Store(Protocol):
    """Everything durable of one node."""

    @property
    def messages(self) -> MessageTable:
        """Messages, bodies and the entries about them."""
        ...

    @property
    def peers(self) -> PeerTable:
        """Peers, journals, evidence and invitations."""
        ...

    @property
    def decisions(self) -> DecisionTable:
        """Decisions and laws."""
        ...

    @property
    def registry(self) -> RegistryTable:
        """Agents, tokens and marks."""
        ...

    @property
    def holds(self) -> HoldTable:
        """Messages that wait for a person, and approvals that stand."""
        ...

    @property
    def retention(self) -> RetentionTable:
        """What is old enough to go."""
        ...

    @property
    def idle(self) -> bool:
        """Nothing is written that is not durable."""
        ...

    def then(self, fn: Callable[[], None]) -> None:
        """Call `fn` once everything written so far is durable."""
        ...

    def before(self, key: object, fn: Callable[[], None]) -> None:
        """Call `fn` just before the batch is executed, once per `key`."""
        ...

    def ride(self, key: object, fn: Callable[[], None]) -> None:
        """Like `before`, but not worth a commit of its own."""
        ...

    def size(self) -> int:
        """Bytes of the database."""
        ...

    def close(self) -> None:
        """Close it. Nothing may be committing."""
        ...
