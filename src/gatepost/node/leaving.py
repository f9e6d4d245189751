"""Whether a message that waited for its peer may still go, asked in the step that gives its slot.

It was allowed when it was accepted. When the law has changed since, or knows the time, it is asked
again: what a rule forbids by now has not left this node, so that end is certain; what a rule holds
by now waits for a person and goes late. A message that found its peer there was decided a moment
ago, and is not asked about again.
"""

import msgspec

from gatepost.core.entry import encode_entry
from gatepost.node.decisions import Decisions
from gatepost.node.ground import Ground
from gatepost.node.guard import Guard
from gatepost.node.holds import HELD, Holds
from gatepost.node.opened import OpenMessage, load_body, message_of
from gatepost.node.releasing import Releasing


class Leaving:
    """Asks the law once more."""

    def __init__(
        self, ground: Ground, guard: Guard, decisions: Decisions, holds: Holds, releasing: Releasing
    ) -> None:
        self._store = ground.store
        self._clock = ground.clock
        self._hub = ground.hub
        self._guard = guard
        self._decisions = decisions
        self._holds = holds
        self._releasing = releasing

    def may(self, message: OpenMessage) -> bool:
        """May it go? When not, it has ended or waits for a person, in this very step."""
        row = message.row
        if row.accepted > self._decisions.law_since and not self._guard.law.timed:
            return True
        message.hold = message.hold or self._store.holds.of(row.seq)
        decision = self._holds.decide(message)
        if decision.verdict == "deny":
            self._releasing.refuse(message, decision.word, decision.code)
        elif decision.verdict == "hold":
            self._hold(message)
        else:
            load_body(self._store, message)
        return decision.verdict not in ("deny", "hold")

    def _hold(self, message: OpenMessage) -> None:
        row = message.row
        row.state, row.since, row.late = "held", self._clock.now(), True
        row.reason, row.by = HELD, ""
        self._store.messages.set_held(row.seq, row.since, row.redelivered)
        self._say_late(message)
        self._hub.emit("message.held", message=row.id, agent=row.sender)
        self._holds.keep(message)

    def _say_late(self, message: OpenMessage) -> None:
        """What its peer will get says so, before a person is shown these bytes and their digest."""
        load_body(self._store, message)
        said, body = message_of(message.data)
        message.data = b""
        if not said.late:
            message.header = msgspec.structs.replace(said, late=True)
            self._store.messages.set_body(message.row.seq, encode_entry(message.header, body))
