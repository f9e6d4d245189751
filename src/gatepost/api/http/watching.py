"""News of one message for one call of a socket: an `ask` (submit, then wait) or a `watch`."""

from collections.abc import Callable

from gatepost.api.http.inside import FollowingDesk
from gatepost.api.http.outgoing import Outgoing
from gatepost.api.http.receipts import Receipts
from gatepost.core.calls import Nothing
from gatepost.core.lifecycle import OUTCOMES
from gatepost.core.message import MessageView, Receipt
from gatepost.errors import GatepostError

_NOTHING = Nothing()


class Watcher:
    """Tells call `n` of a message: at every change, or only of what matters; ends with the outcome.

    What matters is an outcome and `needs_input`; `away` says that the message leaves this node. The
    call's `ok` always goes before its first
    event, even when the desk has news at once.
    """

    __slots__ = (
        "_away",
        "_desk",
        "_early",
        "_every",
        "_forget",
        "_last",
        "_n",
        "_out",
        "_receipts",
        "_stop",
        "_stopped",
    )

    def __init__(
        self,
        n: int,
        every: bool,
        desk: FollowingDesk,
        out: Outgoing,
        forget: Callable[[int], object],
        receipts: Receipts,
        away: bool = False,
    ) -> None:
        self._n = n
        self._every = every
        self._desk = desk
        self._out = out
        self._forget = forget
        self._receipts = receipts
        self._away = away
        self._last = ""
        self._early: MessageView | None = None
        self._stop: Callable[[], None] | None = None
        self._stopped = False

    def accepted(self, answer: Receipt | GatepostError) -> None:
        """The submission of an `ask` is durable, or refused."""
        if isinstance(answer, GatepostError):
            self._forget(self._n)
            self._out.put(self._n, "error", answer.report())
        elif self._stopped:
            self._out.put(self._n, "ok", answer)
        elif self._away and not answer.attached:
            # It has just left: nothing can be known of it yet but that it was accepted.
            self._stop = self._desk.follow(answer.id, self._seen)
            self._receipts.later(self._n, answer)
        else:
            self._follow(answer.id, answer)

    def start(self, message: str) -> None:
        """Follow `message`. Raises `message.unknown`."""
        self._follow(message, _NOTHING)

    def stop(self) -> None:
        """Say no more."""
        self._stopped = True
        if self._stop is not None:
            self._stop()
            self._stop = None

    def _follow(self, message: str, ok: Receipt | Nothing) -> None:
        stop = self._desk.watch(message, self._seen)
        early, self._early = self._early, None
        if early is not None and early.id != message:  # a shortened id; changes know the whole one
            stop()
            stop = self._desk.watch(early.id, self._seen)
            self._early = None
        self._stop = stop
        self._out.put(self._n, "ok", ok)
        if early is not None:
            self._seen(early)

    def _seen(self, view: MessageView) -> None:
        if self._stopped:
            return
        if self._stop is None:
            self._early = view
            return
        state = view.state
        if state in OUTCOMES:
            self._receipts.needless(self._n)
            self._out.put(self._n, "event", view)
            self._forget(self._n)
            self.stop()
        elif self._every or (state == "needs_input" and self._last != state):
            self._receipts.now(self._n)
            self._out.put(self._n, "event", view)
        self._last = state
