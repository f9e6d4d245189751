"""What becomes of a held message: it goes on, late, or it is refused; and who is told.

Its new state, what its sender is told, and (for one that was given to this node) perhaps its run
are one commit. Decides nothing.
"""

from gatepost.core.entry import SALT_BYTES, Part, Update, encode_entry
from gatepost.core.lifecycle import State, is_outcome
from gatepost.core.message import Content
from gatepost.core.parts import pack
from gatepost.core.records import EntryRow
from gatepost.node.ground import Ground
from gatepost.node.inbox import Inbox
from gatepost.node.opened import OpenMessage
from gatepost.node.outbox import Outbox
from gatepost.node.peers import Peers
from gatepost.node.telling import NO_PARTS, Telling


class Releasing:
    """The ways out of a hold."""

    def __init__(
        self, ground: Ground, peers: Peers, outbox: Outbox, inbox: Inbox, telling: Telling
    ) -> None:
        self._store = ground.store
        self._clock = ground.clock
        self._entropy = ground.entropy
        self._sequence = ground.sequence
        self._peers = peers
        self._outbox = outbox
        self._inbox = inbox
        self._telling = telling

    def let_go(self, message: OpenMessage) -> None:
        """It goes on: into its peer's queue behind what waits there, or to its agent."""
        row = message.row
        if row.direction == "out":
            self._outbox.change(message, "accepted", self._clock.now(), "", "")
            self.note(message, "accepted", "")
            self._outbox.queue(row.peer).head.append(message)
            self._store.then(self._peers.by_number[row.peer].exchange.fill)
            return
        self._inbox.set_state(message, "received" if row.peer else "accepted", "", "")
        self.tell(message)
        message.told = False  # what its sender was told is not that the agent works on it
        self._inbox.release(message)

    def refuse(
        self, message: OpenMessage, word: str, code: str, shown: tuple[Content, ...] = ()
    ) -> None:
        """End it: nothing of it ever ran, unless an earlier run may have.

        `word` is what a peer learns, `code` what is said here.
        """
        described, body = pack(shown)
        if message.row.direction == "out":
            if word == "expired":
                self._outbox.drop(message, "expired")
                return
            self._outbox.drop(message, "rejected", code, "rule", shown)
            self.note(message, "rejected", code, described, body)
        else:
            self._inbox.turn_away(message, word, described, body, shown)

    def tell(self, message: OpenMessage) -> None:
        """Tell the sender of a message given to this node how it stands."""
        self._telling.news(message, "state", NO_PARTS, b"", ())

    def note(
        self,
        message: OpenMessage,
        state: State,
        reason: str,
        parts: tuple[Part, ...] = NO_PARTS,
        body: bytes = b"",
    ) -> None:
        """A line in the timeline of a message that has not left: no peer says it."""
        row, now = message.row, self._clock.now()
        what = "outcome" if is_outcome(state) else "state"
        said = Update(
            id=row.id, what=what, state=state, at=now, reason=reason, by=row.by, parts=parts
        )
        self._store.messages.add_entry(
            EntryRow(
                seq=self._sequence.entry(),
                peer=row.peer,
                sent=False,
                message=row.seq,
                kind="hold",
                id=row.id,
                at=now,
                what=what,
                state=state,
                salt=self._entropy.bytes(SALT_BYTES),
                data=encode_entry(said, body),
            )
        )
