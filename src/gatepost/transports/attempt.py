"""An attempt: a connection this node dials to one endpoint, until it is a link, a reply or nothing.

The listener's key is compared with the pin before anything is sent in the secured connection, so
whoever answers with another key learns nothing, not even that a node called. Then comes hello or
the request. A link is up when the listener has welcomed it: until then a dialler cannot know
whether it was refused. The whole has one deadline.
"""

import hmac
from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial

import msgspec

from gatepost.core import hello
from gatepost.core.identity import NodeRecord
from gatepost.ports import Timer
from gatepost.transports.channel import NORMAL, SHUT, Channel
from gatepost.transports.means import LINK_PATH, MEET_PATH, PAIR_PATH, WELCOME, Connector, Means


class Failure(msgspec.Struct, frozen=True):
    """Why there is nothing. `code` is of the error catalogue; `final`: do not try elsewhere."""

    code: str
    why: str
    final: bool = False


Ended = Callable[[Failure | None], None]


class Attempt(ABC):
    """What both kinds have in common: pin, deadline, one end. `ended` gets None on success."""

    def __init__(self, means: Means, connector: Connector, path: str, pin: bytes) -> None:
        self._means = means
        self._connector = connector
        self._path = path
        self._pin = pin
        self.channel: Channel  # from `begin` on
        self._ended: Ended | None = None
        self._deadline: Timer | None = None
        self._give_up: Callable[[], None]

    def begin(self, endpoint: str, seconds: float, ended: Ended) -> None:
        """Connect to HOST:PORT. `ended` is called once, in a later callback."""
        self._ended = ended
        late = Failure("peer.unreachable", f"no answer within {seconds:g} s")
        self._deadline = self._means.clock.call_later(seconds, partial(self.end, late))
        self.channel, self._give_up = self._connector.connect(
            endpoint, self._path, self, self._unreachable
        )

    def end(self, failure: Failure | None) -> None:
        """This is how it went; later news changes nothing. What is not a line by then is closed."""
        if self._ended is None:
            return
        ended, self._ended = self._ended, None
        if self._deadline is not None:
            self._deadline.cancel()
        if failure is not None:
            self._give_up()
            self.channel.close(NORMAL, failure.why)
        ended(failure)

    def abandon(self) -> None:
        """Give it up without a word to whoever waits for its end."""
        if self._ended is not None:
            self._ended = _nobody
        self.end(Failure("peer.unreachable", "given up"))

    def connected(self) -> bool:
        """The other side is there."""
        return True

    def secured(self, spki: bytes) -> bool:
        """Whether the listener's key is the one this node knows."""
        if hmac.compare_digest(spki, self._pin):
            return True
        why = "its key is not the one this node knows"
        self.channel.cut(why)  # not a word, not even good-bye
        self.end(Failure("peer.wrong_node", why))
        return False

    @abstractmethod
    def opened(self, path: str) -> None:
        """Say the first word."""

    @abstractmethod
    def message(self, data: bytes) -> None:
        """The listener's word."""

    def writable(self) -> None:
        """Nothing waits for room yet."""
        return

    def closed(self, reason: str) -> None:
        """It is over before it was anything."""
        self.end(Failure("peer.refused" if reason == SHUT else "peer.unreachable", reason))

    def _unreachable(self, why: str) -> None:
        self.end(Failure("peer.unreachable", why))


class LinkAttempt(Attempt):
    """An attempt to link with `peer`. After success `greeted` holds.

    `greeting` is True from the own hello to the end: the pin holds, so it is likely to succeed.
    """

    def __init__(self, means: Means, connector: Connector, peer: NodeRecord, pin: bytes) -> None:
        super().__init__(means, connector, LINK_PATH, pin)
        self.greeting = False
        self.greeted: hello.Greeted | None = None
        self._peer = peer
        self._said = b""

    def opened(self, path: str) -> None:
        """Say hello."""
        keys = self._means.keys
        self._said = hello.hello(
            keys.record,
            keys.record_bytes,
            self._peer,
            nonce=self._means.entropy.bytes(hello.NONCE_BYTES),
            spki=self._pin,
            sign=keys.sign,
        )
        self.greeting = self.channel.send(self._said)

    def message(self, data: bytes) -> None:
        """The answer, then the welcome."""
        if self._means.owner.record_of(self._peer.node) is None:
            self.end(Failure("peer.blocked", "blocked since it was dialled"))
        elif self.greeted is None:
            self._prove(data)
        elif data != WELCOME:
            self.end(Failure("peer.unreachable", "it answered out of turn"))
        else:
            self.end(None)

    def end(self, failure: Failure | None) -> None:
        """This is how it went."""
        self.greeting = False
        super().end(failure)

    def _prove(self, data: bytes) -> None:
        keys = self._means.keys
        proven = hello.prove(
            self._said,
            data,
            peer=self._peer,
            control=self._means.owner.greeting(self._peer.node),
            spki=self._pin,
            sign=keys.sign,
        )
        if isinstance(proven, hello.Refused):
            if proven.conflict:
                self._means.owner.conflict(self._peer.node, proven.conflict)
            self.end(Failure("peer.wrong_node", f"its answer does not hold: {proven.why}"))
        else:
            self.greeted = proven.peer
            self.channel.send(proven.proof)


class PairAttempt(Attempt):
    """An attempt to present an invitation. After success `reply` holds."""

    def __init__(self, means: Means, connector: Connector, pin: bytes, request: bytes) -> None:
        super().__init__(means, connector, PAIR_PATH, pin)
        self.reply = b""
        self._request = request
        self._sent = False

    def opened(self, path: str) -> None:
        """Present it."""
        self._sent = self.channel.send(self._request)

    def message(self, data: bytes) -> None:
        """The reply."""
        self.reply = data
        self.channel.close(NORMAL, "done")
        self.end(None)

    def end(self, failure: Failure | None) -> None:
        """This is how it went. What was presented once is not presented elsewhere: it is spent."""
        if failure is not None and self._sent:
            refused = failure.code == "peer.refused"
            code = "invitation.invalid" if refused else failure.code
            why = "the inviter closed without a word" if refused else failure.why
            failure = Failure(code, why, final=True)
        super().end(failure)


class MeetAttempt(Attempt):
    """An attempt to meet a declared node, whose pin is not known yet. After success `reply` holds.

    Whoever answers there learns that this node looks for that one, and nothing more: it cannot
    answer for it, for what is signed names the TLS key it shows.
    """

    def __init__(self, means: Means, connector: Connector, make: Callable[[bytes], bytes]) -> None:
        super().__init__(means, connector, MEET_PATH, b"")
        self.reply = b""
        self._make = make
        self._spki = b""

    def secured(self, spki: bytes) -> bool:
        """Any key will do for now; the reply must name it."""
        self._spki = spki
        return True

    def opened(self, path: str) -> None:
        """Say who one is and whom one means."""
        self.channel.send(self._make(self._spki))

    def message(self, data: bytes) -> None:
        """The reply."""
        self.reply = data
        self.channel.close(NORMAL, "done")
        self.end(None)


def _nobody(failure: Failure | None) -> None:
    """Nobody waits."""
