"""The transport `loopback`: links between nodes of one process, over a wire with switchable faults.

Everything above the connection is that of real links: hello, pins, which of two links stays, the
watch for silence. Only the connection is another: a pair of ends whose messages the `Wire` delivers
after a latency, in order and whole, unless a fault is on. Time is the clock handed in and
chance is the entropy handed in, so a world with the same seed replays to the byte. No event loop.

Faults strike messages (a frame, or a step of a hello): lost, doubled, late, overtaken, one bit
flipped. A real link never does that to a frame; what stands above must bear it all the same,
because carriers to come will. One direction between two nodes can be cut, every connection between
them broken, and a node crashed. `counts` tells how often each fault struck.
"""

from collections import Counter, deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import msgspec

from gatepost.core.frame import FRAME_MAX
from gatepost.ports import Clock, Entropy, Keys, LinkOwner
from gatepost.transports.channel import BROKEN, LOST, Channel, Handler, Opening, reason
from gatepost.transports.limits import Limits
from gatepost.transports.links import Links
from gatepost.transports.means import Means

ROOM: Final = 4 * 1024 * 1024


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """How the wire is. Chances are per message, times in seconds.

    `latency` is every message's, plus up to `jitter`. `delay` is the chance of up to `delay_max`
    more in order, `reorder` the same out of order; `loss` that the whole connection breaks.
    """

    latency: float = 0.001
    jitter: float = 0.0
    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    delay: float = 0.0
    delay_max: float = 1.0
    flip: float = 0.0
    loss: float = 0.0


class Wire:
    """What connects the nodes of one world. `faults` may be replaced at any time.

    `counts` has "sent" and "delivered" messages, and how often each fault struck: "drop",
    "duplicate", "reorder", "delay", "flip", "loss", "cut" (messages and dials), "crash".
    """

    def __init__(self, clock: Clock, entropy: Entropy, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.counts: Counter[str] = Counter()
        self.clock = clock
        self._entropy = entropy
        self._nodes: dict[str, LoopbackTransport] = {}
        self._cuts: set[tuple[str, str]] = set()
        self._ends: dict[End, None] = {}  # a set that keeps its order, so worlds replay

    # ── for the world ───────────────────────────────────────────────────────────────────────────

    def cut(self, source: str, target: str) -> None:
        """From now on nothing gets from node `source` to node `target`."""
        self._cuts.add((source, target))

    def mend(self, source: str, target: str) -> None:
        """What is sent from `source` to `target` arrives again."""
        self._cuts.discard((source, target))

    def break_links(self, one: str, other: str) -> None:
        """Every connection between two nodes breaks; each side sees it a little later."""
        for end in tuple(self._ends):
            if end.node == one and end.other is not None and end.other.node == other:
                self.counts["loss"] += 1
                self._break(end)

    def crash(self, node: str, *, silent: bool = False) -> None:
        """A node is gone at once. Its peers see their connections end, unless it is `silent`.

        Its transport calls nobody any more. Its timers are on its own clock, the world's to stop.
        """
        self.counts["crash"] += 1
        self._nodes = {at: one for at, one in self._nodes.items() if one.node != node}
        for end in tuple(self._ends):
            if end.node == node:
                end.die()
                if end.other is not None and not silent:
                    self.deliver(end, end.other.lose)

    # ── for transports and ends ─────────────────────────────────────────────────────────────────

    def attach(self, transport: "LoopbackTransport", endpoints: Sequence[str]) -> None:
        """A node is reachable at these endpoints."""
        for endpoint in endpoints:
            self._nodes[endpoint] = transport

    def detach(self, transport: "LoopbackTransport") -> None:
        """It is not reachable any more."""
        self._nodes = {at: one for at, one in self._nodes.items() if one is not transport}

    def keep(self, end: "End") -> None:
        """An end begins."""
        self._ends[end] = None

    def forget(self, end: "End") -> None:
        """An end is over."""
        self._ends.pop(end, None)

    def connect(self, end: "End", endpoint: str, failed: Callable[[str], None]) -> None:
        """Join `end` with a fresh one at whoever has `endpoint`, after a round trip."""
        self.clock.call_later(2 * self._latency(), partial(self._join, end, endpoint, failed))

    def carry(self, end: "End", other: "End", message: bytes) -> None:
        """Take a message to the other end, as the faults have it."""
        self.counts["sent"] += 1
        faults, size = self.faults, len(message)
        if (end.node, other.node) in self._cuts:
            self.counts["cut"] += 1
            end.arrived(size)
        elif self._strikes("drop", faults.drop):
            end.arrived(size)
        elif self._strikes("loss", faults.loss):
            self._break(end)
        else:
            if self._strikes("flip", faults.flip):
                message = self._flipped(message)
            if self._strikes("duplicate", faults.duplicate):
                self.deliver(end, partial(other.take, message, 0))
            arrive = partial(other.take, message, size)
            if self._strikes("reorder", faults.reorder):
                self.clock.call_later(self._latency() + self._extra(), arrive)
            else:
                late = self._extra() if self._strikes("delay", faults.delay) else 0.0
                self.deliver(end, arrive, late)

    def deliver(self, end: "End", arrive: Callable[[], None], late: float = 0.0) -> None:
        """Call `arrive` at the other end when its turn comes, after all that was sent before."""
        if end.other is None or (end.node, end.other.node) in self._cuts:
            return
        now = self.clock.monotonic()
        end.due = max(end.due, now + self._latency() + late)
        end.queue.append(arrive)
        # Each timer takes what is next, not what set it, so rounding cannot change the order.
        self.clock.call_later(end.due - now, lambda: end.queue.popleft()())

    # ── inside ──────────────────────────────────────────────────────────────────────────────────

    def _join(self, end: "End", endpoint: str, failed: Callable[[str], None]) -> None:
        target = self._nodes.get(endpoint)
        if end.over:
            return
        if target is None:
            failed("connection refused")
            return
        if not self._cuts.isdisjoint(((end.node, target.node), (target.node, end.node))):
            self.counts["cut"] += 1
            return  # nobody answers: the attempt has a deadline
        arrival = target.arrival()
        arrival.channel = other = End(self, target, arrival, end.path, f"{end.node[:7]}:0")
        end.other, other.other = other, end
        if not arrival.connected():
            other.over = True
            end.lose()
        elif end.opening.connected() and end.opening.secured(target.spki):
            arrival.opened(end.path)
            end.opening.opened(end.path)

    def _break(self, end: "End") -> None:
        for one in (end, end.other):
            if one is not None:
                self.clock.call_later(self._latency(), one.lose)

    def _strikes(self, fault: str, chance: float) -> bool:
        if chance <= 0.0 or self._entropy.uniform() >= chance:
            return False
        self.counts[fault] += 1
        return True

    def _latency(self) -> float:
        jitter = self.faults.jitter
        return self.faults.latency + (jitter * self._entropy.uniform() if jitter else 0.0)

    def _extra(self) -> float:
        return self.faults.delay_max * self._entropy.uniform()

    def _flipped(self, message: bytes) -> bytes:
        at = int(self._entropy.uniform() * len(message) * 8)
        flipped = bytearray(message)
        flipped[at // 8] ^= 1 << at % 8
        return bytes(flipped)


class End:
    """One end of a connection over the wire. Implements `channel.Channel`.

    `due` and `queue` are the wire's: what is on the way from here, and when the last of it arrives.
    """

    def __init__(
        self, wire: Wire, owner: "LoopbackTransport", opening: Opening, path: str, address: str
    ) -> None:
        self.node = owner.node
        self.opening = opening
        self.handler: Handler = opening
        self.path = path
        self.address = address
        self.heard = False
        self.over = False
        self.other: End | None = None
        self.due = 0.0
        self.queue: deque[Callable[[], None]] = deque()
        self._wire = wire
        self._clock = owner.clock
        self._under_way = 0
        self._starved = False
        wire.keep(self)

    # ── for the handler ─────────────────────────────────────────────────────────────────────────

    @property
    def unsent(self) -> int:
        """Bytes under way."""
        return self._under_way

    def send(self, message: bytes) -> bool:
        """Hand one message to the wire. False when over or full."""
        if self.over or self.other is None:
            return False
        if self._under_way >= ROOM:
            self._starved = True
            return False
        self._under_way += len(message)
        self._wire.carry(self, self.other, message)
        return True

    def ping(self) -> None:
        """Ask for a sign of life."""
        if not self.over and self.other is not None:
            self._wire.deliver(self, self.other.pinged)

    def trust(self) -> None:
        """Nothing to lift."""

    def close(self, code: int, reason: str) -> None:
        """Say good-bye, then close."""
        self._end(reason, lambda other: other.hang_up(code))

    def cut(self, reason: str) -> None:
        """End it without good-bye."""
        self._end(reason, lambda other: other.lose())

    # ── from the wire ───────────────────────────────────────────────────────────────────────────

    def take(self, message: bytes, size: int) -> None:
        """A message arrives; `size` is what its sender waits to see arrive."""
        if self.other is not None:
            self.other.arrived(size)
        if self.over:
            return
        self.heard = True
        self._wire.counts["delivered"] += 1
        if len(message) > FRAME_MAX:
            self.close(BROKEN, f"it sent {len(message)} bytes where a frame belongs")
        else:
            self.handler.message(message)

    def arrived(self, size: int) -> None:
        """So much of what was sent is not under way any more."""
        self._under_way -= size
        if self._starved and self._under_way < ROOM // 4 and not self.over:
            self._starved = False
            self._clock.call_soon(self._writable)

    def pinged(self) -> None:
        """The other side asks for a sign of life."""
        if not self.over and self.other is not None:
            self.heard = True
            self._wire.deliver(self, self.other.answered)

    def answered(self) -> None:
        """The other side is alive."""
        self.heard = True

    def hang_up(self, code: int) -> None:
        """The other side has closed it."""
        if not self.over:
            self.over = True
            self._wire.forget(self)
            self.handler.closed(reason(code))

    def lose(self) -> None:
        """The connection breaks."""
        if not self.over:
            self.over = True
            self._wire.forget(self)
            self.handler.closed(LOST)

    def die(self) -> None:
        """This node crashed: nobody here is told anything any more."""
        self.over = True
        self._wire.forget(self)

    # ── inside ──────────────────────────────────────────────────────────────────────────────────

    def _end(self, why: str, leave: "Callable[[End], None]") -> None:
        if self.over:
            return
        self.over = True
        self._wire.forget(self)
        self._clock.call_soon(partial(self.handler.closed, why))
        if self.other is not None:
            self._wire.deliver(self, partial(leave, self.other))

    def _writable(self) -> None:
        if not self.over:
            self.handler.writable()


class LoopbackTransport:
    """Implements `ports.Transport` and `means.Connector` for one life of a node.

    `clock` is the node's own; it may stop when the node does.
    """

    def __init__(
        self,
        wire: Wire,
        *,
        keys: Keys,
        owner: LinkOwner,
        entropy: Entropy,
        clock: Clock,
        limits: Limits | None = None,
    ) -> None:
        self.clock = clock
        self._wire = wire
        self._keys = keys
        self._links = Links(Means(keys, owner, entropy, clock, limits or Limits()), self)
        self.dial = self._links.dial
        self.pair = self._links.pair
        self.probe = self._links.probe
        self.meet = self._links.meet
        self.arrival = self._links.arrival

    @property
    def node(self) -> str:
        """The node this is of."""
        return self._keys.node

    @property
    def spki(self) -> bytes:
        """The hash of the key it answers dials with."""
        return self._keys.record.tls_bytes

    def listen(self, *endpoints: str) -> None:
        """Take peers at these endpoints, HOST:PORT."""
        self._wire.attach(self, endpoints)

    def close(self) -> None:
        """Close everything cleanly."""
        self._wire.detach(self)
        self._links.stop()

    def connect(
        self, endpoint: str, path: str, opening: Opening, failed: Callable[[str], None]
    ) -> tuple[Channel, Callable[[], None]]:
        """An end on its way to `endpoint`. Closing it is giving it up."""
        end = End(self._wire, self, opening, path, endpoint)
        self._wire.connect(end, endpoint, failed)
        return end, lambda: None
