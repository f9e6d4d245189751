"""Telling a sender what became of its message: by the journal to a peer, at once to one here.

Every word about a message is an update with a row of its own. `working` waits a moment: a quick
answer says when its run began, and needs no second update.
"""

from collections import deque
from collections.abc import Callable
from copy import copy
from typing import Literal

from gatepost.core.entry import SALT_BYTES, Part, Update, encode_entry
from gatepost.core.message import Content
from gatepost.core.records import EntryRow, MessageRow
from gatepost.node.exchange import Exchange
from gatepost.node.ground import Ground
from gatepost.node.opened import OpenMessage
from gatepost.ports import Timer

What = Literal["state", "progress", "artifact", "outcome"]

NO_PARTS: tuple[Part, ...] = ()


class Telling:
    """Updates of this node about messages it was given.

    `changed` tells those who watch a local message.
    """

    def __init__(
        self,
        ground: Ground,
        exchange_of: Callable[[int], Exchange | None],
        changed: Callable[[MessageRow, tuple[Content, ...]], None],
    ) -> None:
        self._store = ground.store
        self._clock = ground.clock
        self._entropy = ground.entropy
        self._settings = ground.settings
        self._sequence = ground.sequence
        self._exchange_of = exchange_of
        self._changed = changed
        self.heard: Callable[[OpenMessage], None] | None = None
        self._untold: deque[tuple[float, OpenMessage]] = deque()
        self._timer: Timer | None = None
        self._closed = False

    def news(
        self,
        message: OpenMessage,
        what: What,
        parts: tuple[Part, ...],
        body: bytes,
        shown: tuple[Content, ...],
    ) -> None:
        """Say something about a message, with parts in both their forms."""
        exchange = self._exchange_of(message.row.peer)
        if exchange is not None:
            self.tell(message, exchange, what, parts, body)
        else:
            self._store.messages.add_entry(self._entry(message, what, parts, body))
            if parts and self.heard is not None:
                self.heard(message)
            row = copy(message.row)
            self._store.then(lambda: self._changed(row, shown))

    def working(self, message: OpenMessage) -> None:
        """A run began."""
        if message.row.peer == 0:
            self._changed(message.row, ())
        else:
            self._tell_later(message)

    def close(self) -> None:
        """Nothing more is said later."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()

    def tell(
        self,
        message: OpenMessage,
        exchange: Exchange,
        what: What,
        parts: tuple[Part, ...] = NO_PARTS,
        body: bytes = b"",
    ) -> None:
        """Say something about a message to the peer it came from."""
        message.told = True
        exchange.say(self._entry(message, what, parts, body))

    def _entry(
        self, message: OpenMessage, what: What, parts: tuple[Part, ...], body: bytes
    ) -> EntryRow:
        row = message.row
        begun = what == "state" and row.state == "working"
        update = Update(
            id=row.id,
            what=what,
            state=row.state,
            at=row.started if begun else self._clock.now(),
            run=row.attempt,
            started=row.started,
            reason=row.reason,
            by=row.by,
            late=row.late,
            redelivered=row.redelivered,
            seq=message.news,
            parts=parts,
        )
        return EntryRow(
            seq=self._sequence.entry(),
            peer=row.peer,
            sent=row.peer != 0,
            message=row.seq,
            kind="update",
            id=row.id,
            at=update.at,
            what=what,
            state=row.state,
            salt=self._entropy.bytes(SALT_BYTES),
            data=encode_entry(update, body),
        )

    def _tell_later(self, message: OpenMessage) -> None:
        """Say `working` unless the outcome comes first: a quick answer needs no second update."""
        self._untold.append((self._clock.monotonic() + self._settings.working_delay, message))
        if self._timer is None:
            self._timer = self._clock.call_later(self._settings.working_delay, self._tell_due)

    def _tell_due(self) -> None:
        self._timer = None
        now = self._clock.monotonic()
        while self._untold and self._untold[0][0] <= now:
            message = self._untold.popleft()[1]
            exchange = self._exchange_of(message.row.peer)
            if message.row.state == "working" and not message.told and exchange is not None:
                self.tell(message, exchange, "state")
        if self._untold and not self._closed:
            wait = max(0.001, self._untold[0][0] - now)
            self._timer = self._clock.call_later(wait, self._tell_due)
