"""Links: authenticated connections to peers, WebSocket over pinned TLS 1.3, either side dials.

`LinkTransport` keeps one line per peer. When both nodes dial at once, both must keep the same link
without asking: the node with the smaller id decides, and the link it dialled stays.

- The larger node takes every proven arrival from the smaller one, in place of whatever it has.
- The smaller node lets a proven arrival wait while its own hello to that peer is under way: it is
  welcomed if that fails and dismissed if it succeeds.
- An arrival whose hello came before the own dial was up is of the same moment: dismissed. One whose
  hello came after it shows that the peer has lost that link: it takes its place at once, without
  waiting for TCP to notice.

An own dial that is overtaken by an arrival ends quietly: `link_up` has been told.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from gatepost.core import hello
from gatepost.errors import GatepostError
from gatepost.ports import Entropy, Keys, LinkOwner
from gatepost.transports.arrival import Arrival
from gatepost.transports.attempt import Failure, LinkAttempt, PairAttempt
from gatepost.transports.channel import Channel, Pool
from gatepost.transports.dialler import reach
from gatepost.transports.limits import Limits
from gatepost.transports.line import LinkLine
from gatepost.transports.listener import HalfOpen, listen
from gatepost.transports.means import Means
from gatepost.transports.tls import client_context, server_context


class Dial:
    """One dial under way: its task, and the attempt it is at."""

    def __init__(self, node: str) -> None:
        self.node = node
        self.task: asyncio.Task[None] | None = None
        self.attempt: LinkAttempt | None = None

    @property
    def greeting(self) -> bool:
        """The peer's key was as pinned and hello was said: it is likely to succeed."""
        return self.attempt is not None and self.attempt.greeting


class LinkTransport:
    """Implements `ports.Transport`. Used from the loop's thread alone; dials run in `tasks`."""

    def __init__(
        self,
        keys: Keys,
        owner: LinkOwner,
        entropy: Entropy,
        tasks: asyncio.TaskGroup,
        certificate: Path,
        key: Path,
        limits: Limits | None = None,
    ) -> None:
        limits = limits or Limits()
        server = server_context(certificate, key)
        self._pool = Pool()
        self._means = Means(keys, owner, entropy, limits, server, client_context(), self._pool)
        self._tasks = tasks
        self._half_open = HalfOpen(limits)
        self._servers: list[asyncio.Server] = []
        self._lines: dict[str, LinkLine] = {}
        self._dials: dict[str, Dial] = {}
        self._waiting: dict[str, Arrival] = {}
        self._pairs: set[asyncio.Task[None]] = set()
        self._order = 0
        self._stopped = False

    # ── for the node and whoever composes it ────────────────────────────────────────────────────

    async def listen(self, host: str, port: int) -> list[tuple[str, int]]:
        """Take peers at `host`:`port` (0: any free port); what it is. Raises `listen.taken`."""
        server = await listen(self._accept, host, port)
        self._servers.append(server)
        return [socket.getsockname()[:2] for socket in server.sockets]

    def dial(self, node: str, endpoints: Sequence[str], spki: bytes) -> None:
        """Start one attempt to link. Ends in `link_up`, whoever dialled, or in `dial_failed`."""
        line = self._lines.get(node)
        if self._stopped or node in self._dials or (line is not None and line.open):
            return
        dial = self._dials[node] = Dial(node)
        dial.task = self._tasks.create_task(self._dial(dial, tuple(endpoints), spki))

    def pair(
        self,
        endpoints: Sequence[str],
        spki: bytes,
        request: bytes,
        done: Callable[[bytes | GatepostError], None],
    ) -> None:
        """Present an invitation to its inviter; `done` gets the reply or why there is none."""
        task = self._tasks.create_task(self._pair(tuple(endpoints), spki, request, done))
        self._pairs.add(task)
        task.add_done_callback(self._pairs.discard)

    async def close(self) -> None:
        """Close everything cleanly; returns when all is closed, soon in any case."""
        self._stopped = True
        for server in self._servers:
            server.close()
        for task in (*self._pairs, *(dial.task for dial in self._dials.values())):
            if task is not None:
                task.cancel()
        for arrival in (*self._half_open.all(), *self._waiting.values()):
            arrival.drop("this node is stopping")
        for line in tuple(self._lines.values()):
            line.stop()
        await self._pool.drained()

    # ── from arrivals ───────────────────────────────────────────────────────────────────────────

    def admit(self, arrival: Arrival) -> bool:
        """It has connected. False: no room for it."""
        now = asyncio.get_running_loop().time()
        return not self._stopped and self._half_open.admit(arrival, now)

    def claimed(self) -> int:
        """A hello came; its place in the order of things."""
        self._order += 1
        return self._order

    def proven(self, arrival: Arrival) -> None:
        """Its proof holds: welcome it, make it wait, or dismiss it, as the module says."""
        self._half_open.leave(arrival)
        if self._means.keys.node < arrival.peer:
            dial, line = self._dials.get(arrival.peer), self._lines.get(arrival.peer)
            if dial is not None and dial.greeting:
                self._wait(arrival)
                return
            if line is not None and line.open and line.dialled and line.order > arrival.order:
                arrival.dismiss()
                return
        self._welcome(arrival)

    def left(self, arrival: Arrival) -> None:
        """It is over, or it is a line now."""
        self._half_open.leave(arrival)
        if self._waiting.get(arrival.peer) is arrival:
            del self._waiting[arrival.peer]

    # ── inside ──────────────────────────────────────────────────────────────────────────────────

    def _accept(self) -> Channel:
        return Arrival(self._means, self).channel

    def _wait(self, arrival: Arrival) -> None:
        before = self._waiting.pop(arrival.peer, None)
        if before is not None:
            before.dismiss()
        self._waiting[arrival.peer] = arrival

    def _welcome(self, arrival: Arrival) -> None:
        dial = self._dials.pop(arrival.peer, None)
        if dial is not None and dial.task is not None:
            dial.task.cancel()
        if arrival.greeted is not None:
            arrival.welcome()
            self._raise(arrival.peer, arrival.channel, arrival.greeted, dialled=False)

    def _raise(self, peer: str, channel: Channel, greeted: hello.Greeted, *, dialled: bool) -> None:
        before = self._lines.get(peer)
        if before is not None:
            before.retire()
        owner = self._means.owner
        self._order += 1
        line = LinkLine(peer, channel, owner, self._fell, dialled=dialled, order=self._order)
        self._lines[peer] = line
        line.watch(self._means.limits)
        if greeted.changed:
            owner.newer_record(greeted.record, greeted.record_bytes)
        owner.link_up(line, greeted.control)

    def _fell(self, line: LinkLine) -> None:
        if self._lines.get(line.peer) is line:
            del self._lines[line.peer]

    async def _dial(self, dial: Dial, endpoints: tuple[str, ...], spki: bytes) -> None:
        means = self._means
        record = means.owner.record_of(dial.node)
        if record is None:
            failure = Failure("peer.unknown", "this node does not link with it")
        else:
            peer = record

            def attempt() -> LinkAttempt:
                made = LinkAttempt(means, peer, spki, partial(self._won, dial), self._missed)
                dial.attempt = made
                return made

            failure = await reach(endpoints, attempt, means.limits.handshake)
        if self._dials.get(dial.node) is dial:
            del self._dials[dial.node]
            if failure is not None:
                means.owner.dial_failed(dial.node, failure.code, failure.why)

    def _won(self, dial: Dial, attempt: LinkAttempt, greeted: hello.Greeted) -> None:
        """The listener welcomes this dial."""
        if self._dials.get(dial.node) is dial:
            del self._dials[dial.node]
        arrival = self._waiting.pop(dial.node, None)
        if arrival is not None:
            arrival.dismiss()
        self._raise(dial.node, attempt.channel, greeted, dialled=True)

    def _missed(self, attempt: LinkAttempt) -> None:
        """This attempt fails: an arrival that waited for it need wait no more."""
        arrival = self._waiting.get(attempt.peer.node)
        if arrival is not None:
            self._welcome(arrival)

    async def _pair(
        self,
        endpoints: tuple[str, ...],
        spki: bytes,
        request: bytes,
        done: Callable[[bytes | GatepostError], None],
    ) -> None:
        means = self._means
        failure = await reach(
            endpoints, lambda: PairAttempt(means, spki, request, done), means.limits.pair
        )
        if failure is not None:
            done(GatepostError(failure.code, why=failure.why))
