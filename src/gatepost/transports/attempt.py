"""An attempt: a connection this node dials, until it is a link, a pairing, or a failure.

The server's key is compared with the pin after the TLS handshake and before anything is sent in
it, so whoever answers with another key learns nothing, not even that a node called. Then comes the
WebSocket, then hello or the request. A link is up when the listener has welcomed it: until then a
dialler cannot know whether it was refused.
"""

import asyncio
import hmac
from collections.abc import Callable
from typing import Final

import msgspec

from gatepost.core import hello
from gatepost.core.identity import NodeRecord
from gatepost.transports.channel import NORMAL, REASONS, REFUSED, Channel
from gatepost.transports.means import LINK_PATH, PAIR_PATH, WELCOME, Means
from gatepost.transports.tls import spki_hash

_SHUT: Final = REASONS[REFUSED]


class Failure(msgspec.Struct, frozen=True):
    """Why there is nothing. `code` is of the error catalogue; `final`: do not try elsewhere."""

    code: str
    why: str
    final: bool = False


class Attempt:
    """Implements `channel.Opening`. `outcome` ends with None (done) or the failure."""

    def __init__(self, means: Means, path: str, pin: bytes) -> None:
        self.channel = Channel(means.client, self, means.pool, dial=path)
        self.outcome: asyncio.Future[Failure | None]
        self.outcome = asyncio.get_running_loop().create_future()
        self._means = means
        self._pin = pin

    def end(self, failure: Failure | None) -> None:
        """This is how it went; later news changes nothing."""
        if not self.outcome.done():
            self.outcome.set_result(failure)

    def give_up(self) -> None:
        """Close it unless it has become a line."""
        self.end(Failure("peer.unreachable", "given up"))
        if self.channel.handler is self:
            self.channel.close(NORMAL, "given up")

    def connected(self) -> bool:
        """TCP is there."""
        return True

    def secured(self, certificate: bytes) -> bool:
        """Whether it is the key this node knows."""
        try:
            found = spki_hash(certificate)
        except ValueError:
            found = b""
        if hmac.compare_digest(found, self._pin):
            return True
        self.end(Failure("peer.wrong_node", "its key is not the one this node knows"))
        return False

    def opened(self, path: str) -> None:
        """Say the first word."""
        raise NotImplementedError

    def message(self, data: bytes) -> None:
        """The listener's word."""
        raise NotImplementedError

    def writable(self) -> None:
        """Nothing waits for room yet."""

    def closed(self, reason: str) -> None:
        """It is over before it was anything."""
        self.end(Failure("peer.unreachable", reason))

    def refuse(self, why: str) -> None:
        """End it: the listener does not keep to the rules."""
        self.end(Failure("peer.unreachable", why))
        self.channel.close(REFUSED, why)


class LinkAttempt(Attempt):
    """An attempt to link with `peer`. `done` makes a line of it, `missed` is told when it fails.

    `greeting` is True from the own hello to the end: the pin holds, so it is likely to succeed.
    """

    def __init__(
        self,
        means: Means,
        peer: NodeRecord,
        pin: bytes,
        done: Callable[["LinkAttempt", hello.Greeted], None],
        missed: Callable[["LinkAttempt"], None],
    ) -> None:
        super().__init__(means, LINK_PATH, pin)
        self.greeting = False
        self.peer = peer
        self._done = done
        self._missed = missed
        self._said = b""
        self._greeted: hello.Greeted | None = None

    def opened(self, path: str) -> None:
        """Say hello."""
        nonce = self._means.entropy.bytes(hello.NONCE_BYTES)
        self._said = hello.hello(self._means.keys.record, self.peer, nonce)
        self.greeting = self.channel.send(self._said)

    def message(self, data: bytes) -> None:
        """The answer, then the welcome."""
        if self._greeted is None:
            self._prove(data)
        elif data != WELCOME:
            self.refuse("it answered out of turn")
        elif self._means.owner.record_of(self.peer.node) is None:
            self.refuse("blocked since it was dialled")
        else:
            self.end(None)
            self._done(self, self._greeted)

    def end(self, failure: Failure | None) -> None:
        """This is how it went."""
        if not self.outcome.done():
            super().end(failure)
            self.greeting = False
            if failure is not None:
                self._missed(self)

    def closed(self, reason: str) -> None:
        """It is over before it was a link."""
        refused = reason == _SHUT
        self.end(Failure("peer.refused" if refused else "peer.unreachable", reason))

    def _prove(self, data: bytes) -> None:
        keys = self._means.keys
        proven = hello.prove(
            keys.record,
            keys.record_bytes,
            self._said,
            data,
            peer=self.peer,
            control=self._means.owner.greeting(self.peer.node),
            spki=self._pin,
            sign=keys.sign,
        )
        if isinstance(proven, hello.Refused):
            self.refuse(proven.why)
        else:
            self._greeted = proven.peer
            self.channel.send(proven.proof)


class PairAttempt(Attempt):
    """An attempt to present an invitation. `done` gets the reply."""

    def __init__(
        self, means: Means, pin: bytes, request: bytes, done: Callable[[bytes], None]
    ) -> None:
        super().__init__(means, PAIR_PATH, pin)
        self._request = request
        self._done = done
        self._sent = False

    def opened(self, path: str) -> None:
        """Present it."""
        self._sent = self.channel.send(self._request)

    def message(self, data: bytes) -> None:
        """The reply."""
        if not self.outcome.done():
            self.end(None)
            self._done(data)
            self.channel.close(NORMAL, "done")

    def closed(self, reason: str) -> None:
        """No reply. The invitation is spent or was refused: it is not presented elsewhere."""
        if self._sent and reason == _SHUT:
            reason = "the inviter closed without a word"
            self.end(Failure("invitation.invalid", reason, final=True))
        else:
            self.end(Failure("peer.unreachable", reason, final=self._sent))
