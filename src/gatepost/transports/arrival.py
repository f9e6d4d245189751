"""An arrival: a connection this node accepted, until it is a link, a pairing, or nothing.

The path asked for says what it wants. For a link: its hello names a node and is signed by it; when
that node may link now, it gets the answer, and its proof decides. For a pairing: its request goes
to the node, whose reply goes back. Everything else, and everyone else, gets the same close without
a word: an unknown node, a blocked one, a bad signature and a bad invitation cannot be told apart.

What is checked before any signature: size and form. Whether a node is known must not show in time,
so a stranger's signature is checked like a peer's. One arrival signs once at most.
"""

from functools import partial
from typing import Protocol

from gatepost.core import hello, pairing
from gatepost.ports import Timer
from gatepost.transports.channel import REFUSED, REPLACED, Channel
from gatepost.transports.means import LINK_PATH, MEET_PATH, PAIR_PATH, WELCOME, Means


class Reception(Protocol):
    """Who decides about arrivals."""

    def admit(self, arrival: "Arrival") -> bool:
        """It has connected. False: no room for it."""
        ...

    def claimed(self) -> int:
        """A hello came; its place in the order of things."""
        ...

    def proven(self, arrival: "Arrival") -> None:
        """Its proof holds. It is to be welcomed, made to wait, or dismissed."""
        ...

    def left(self, arrival: "Arrival") -> None:
        """It is over, or it is a line now."""
        ...


class Arrival:
    """Implements `channel.Opening`. Once `proven` is called, `peer` and `greeted` hold."""

    def __init__(self, means: Means, reception: Reception) -> None:
        self.channel: Channel  # set by whoever makes it, before it connects
        self.peer: str = ""
        self.order = 0
        self.greeted: hello.Greeted | None = None
        self.refusal = ""
        self._means = means
        self._reception = reception
        self._path = ""
        self._caller: hello.Caller | None = None
        self._said = b""
        self._heard = b""
        self._deadline: Timer | None = None

    # ── from the channel ────────────────────────────────────────────────────────────────────────

    def connected(self) -> bool:
        """It is there: from now on it has so long to prove itself."""
        if not self._reception.admit(self):
            return False
        self._allow(self._means.limits.handshake)
        return True

    def secured(self, spki: bytes) -> bool:
        """It is secret; who dials shows in the hello."""
        return True

    def opened(self, path: str) -> None:
        """It has said what it wants."""
        self._path = path
        if path not in (LINK_PATH, PAIR_PATH, MEET_PATH):
            self.refuse("it asks for something else")

    def message(self, data: bytes) -> None:
        """The next step of the hello, or the request to pair."""
        if self._path == PAIR_PATH and not self._heard:
            self._pair(data)
        elif self._path == MEET_PATH and not self._heard:
            self._meet(data)
        elif self._path == LINK_PATH and self._caller is None:
            self._answer(data)
        elif self._path == LINK_PATH and self.greeted is None and self._caller is not None:
            self._finish(data, self._caller)
        else:
            self.refuse("it spoke out of turn")

    def writable(self) -> None:
        """Nothing waits for room yet."""

    def closed(self, reason: str) -> None:
        """It is over before it was anything."""
        self._leave()

    # ── for the reception ───────────────────────────────────────────────────────────────────────

    def welcome(self) -> None:
        """Tell it that the link is kept. The channel is the line's from here."""
        self._leave()
        self.channel.send(WELCOME)

    def wait(self) -> None:
        """Let it wait for what becomes of the own dial, which has its own deadline."""
        if self._deadline is not None:
            self._deadline.cancel()

    def dismiss(self) -> None:
        """Tell it that another link between the two nodes is kept."""
        self.channel.close(REPLACED, "another link is kept")

    def refuse(self, why: str) -> None:
        """The one close that strangers get."""
        self.refusal = why
        self.channel.close(REFUSED, why)
        self._leave()

    def drop(self, why: str) -> None:
        """End it without a word."""
        self.refusal = why
        self.channel.cut(why)
        self._leave()

    # ── inside ──────────────────────────────────────────────────────────────────────────────────

    def _answer(self, data: bytes) -> None:
        means = self._means
        said = hello.read_hello(data, means.keys.node)
        if isinstance(said, hello.Refused):
            self.refuse(said.why)
            return
        keys, spki = means.keys, means.keys.record.tls_bytes
        known = means.owner.record_of(said.node)
        caller = hello.call(said, known=known, me=keys.record, spki=spki)
        if isinstance(caller, hello.Refused):
            if caller.conflict:
                means.owner.conflict(said.node, caller.conflict)
            self.refuse(caller.why)
            return
        self.peer, self._caller, self._heard = said.node, caller, data
        self.order = self._reception.claimed()
        self._said = hello.answer(
            keys.record,
            keys.record_bytes,
            data,
            control=means.owner.greeting(said.node),
            nonce=means.entropy.bytes(hello.NONCE_BYTES),
            spki=spki,
            sign=keys.sign,
        )
        self.channel.send(self._said)

    def _finish(self, proof: bytes, caller: hello.Caller) -> None:
        spki = self._means.keys.record.tls_bytes
        greeted = hello.finish(self._heard, self._said, proof, caller=caller, spki=spki)
        if isinstance(greeted, hello.Refused):
            self.refuse(greeted.why)
        elif self._means.owner.record_of(self.peer) is None:
            self.refuse("blocked since it said hello")
        else:
            self.greeted = greeted
            self._reception.proven(self)

    def _pair(self, data: bytes) -> None:
        said = pairing.read_request(data)
        if isinstance(said, pairing.Refused):
            self.refuse(said.why)
            return
        self._heard = data
        self._allow(self._means.limits.pair)
        spki = self._means.keys.record.tls_bytes
        self._means.owner.pair_request(data, spki, self._reply)

    def _meet(self, data: bytes) -> None:
        self._heard = data
        self._allow(self._means.limits.pair)
        spki = self._means.keys.record.tls_bytes
        self._means.owner.meet_request(data, spki, self._reply)

    def _reply(self, reply: bytes | None) -> None:
        if reply is None:
            self.refuse("no such invitation")
        else:
            self.channel.send(reply)
            self._allow(self._means.limits.handshake)  # to read it and go

    def _allow(self, seconds: float) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        late = partial(self.drop, "it took too long")
        self._deadline = self._means.clock.call_later(seconds, late)

    def _leave(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._reception.left(self)
