"""Nodes that can only link: what a transport needs of a node, written down as it happens.

`Fleet` has them over either transport: real sockets on 127.0.0.1, or the loopback wire in virtual
time. A test waits with `until`: for real until a node is told something, virtually it lets the next
timer ring. Both give up at a deadline.
"""

import asyncio
import heapq
import itertools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from gatepost.core.identity import NodeRecord
from gatepost.host import certificate
from gatepost.host.clock import LoopClock
from gatepost.ports import Line
from gatepost.transports.limits import Limits
from gatepost.transports.link import LinkTransport
from gatepost.transports.loopback import Faults, LoopbackTransport, Wire
from tests.seeded import SeededEntropy, SeededKeys

PATIENCE = 20.0


class Recorder:
    """A LinkOwner that knows the peers it is given and remembers what it is told."""

    def __init__(self, node: str, told: Callable[[], None]) -> None:
        self.node = node
        self.peers: dict[str, NodeRecord] = {}
        self.lines: dict[str, Line] = {}
        self.ups: list[tuple[Line, bytes]] = []
        self.downs: list[tuple[Line, str]] = []
        self.frames: list[bytes] = []
        self.failures: list[tuple[str, str, str]] = []
        self.ready: list[Line] = []
        self.newer: list[NodeRecord] = []
        self.conflicts: list[tuple[str, bytes]] = []
        self.requests: list[tuple[bytes, bytes]] = []
        self.reply: Callable[[Callable[[bytes | None], None]], object] = lambda answer: answer(None)
        self.on_up: Callable[[Line], object] = lambda line: None
        self.on_frame: Callable[[Line, bytes], object] = lambda line, data: None
        self._told = told

    def record_of(self, node: str) -> NodeRecord | None:
        return self.peers.get(node)

    def greeting(self, node: str) -> bytes:
        return b"from " + self.node.encode() + b" to " + node.encode()

    def newer_record(self, record: NodeRecord, signed: bytes) -> None:
        self.newer.append(record)

    def meet_request(
        self, request: bytes, spki: bytes, answer: Callable[[bytes | None], None]
    ) -> None:
        self.requests.append((request, spki))
        self.reply(answer)

    def conflict(self, node: str, signed: bytes) -> None:
        self.conflicts.append((node, signed))

    def link_up(self, line: Line, control: bytes) -> None:
        assert line.peer not in self.lines, "two links at once"
        self.lines[line.peer] = line
        self.ups.append((line, control))
        self._told()
        self.on_up(line)

    def link_down(self, line: Line, reason: str) -> None:
        assert self.lines.pop(line.peer) is line, "down twice, or before up"
        self.downs.append((line, reason))
        self._told()

    def link_ready(self, line: Line) -> None:
        self.ready.append(line)
        self._told()

    def frame(self, line: Line, data: bytes) -> None:
        assert self.lines[line.peer] is line, "a frame of a link that is down"
        self.frames.append(data)
        self._told()
        self.on_frame(line, data)

    def dial_failed(self, node: str, code: str, why: str) -> None:
        self.failures.append((node, code, why))
        self._told()

    def pair_request(
        self, request: bytes, spki: bytes, answer: Callable[[bytes | None], None]
    ) -> None:
        self.requests.append((request, spki))
        self._told()
        self.reply(answer)


class Linked:
    """One node of a fleet."""

    def __init__(self, keys: SeededKeys, owner: Recorder, transport: Any, endpoint: str) -> None:
        self.keys = keys
        self.owner = owner
        self.transport: Any = transport
        self.endpoint = endpoint

    @property
    def id(self) -> str:
        return self.keys.node

    def knows(self, *others: "Linked") -> None:
        for other in others:
            self.owner.peers[other.id] = other.keys.record

    def dial(self, other: "Linked", *endpoints: str, pin: bytes | None = None) -> None:
        pin = pin or other.keys.record.tls_bytes
        self.transport.dial(other.id, endpoints or (other.endpoint,), pin)

    def line(self, other: "Linked") -> Line:
        return self.owner.lines[other.id]

    def linked(self, other: "Linked") -> bool:
        return other.id in self.owner.lines


class RealFleet:
    """Nodes with sockets. Use as `async with`."""

    kind = "link"

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._told = asyncio.Event()
        self._tasks = asyncio.TaskGroup()
        self._errors: list[dict[str, Any]] = []
        self.nodes: list[Linked] = []
        self.entropy = SeededEntropy("fleet")

    async def __aenter__(self) -> "RealFleet":
        asyncio.get_running_loop().set_exception_handler(self._unexpected)
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> None:
        for node in self.nodes:
            assert await node.transport.close(), "a connection is left"
        await self._tasks.__aexit__(None, None, None)
        assert self._errors == [], self._errors

    def _unexpected(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self._errors.append(context)

    async def node(
        self, name: str, *, limits: Limits | None = None, listen: bool = True, port: int = 0
    ) -> Linked:
        key = self._directory / f"{name}.key"
        pem = self._directory / f"{name}.pem"
        if not key.exists():
            key.write_bytes(certificate.make_tls_key())
            pem.write_bytes(certificate.make_certificate(key.read_bytes(), 1))
        keys = SeededKeys(name, tls=certificate.spki_hash(key.read_bytes()))
        owner = Recorder(keys.node, self._told.set)
        transport = LinkTransport(
            keys=keys,
            owner=owner,
            entropy=self.entropy,
            clock=LoopClock(asyncio.get_running_loop()),
            tasks=self._tasks,
            certificate=pem,
            key=key,
            limits=limits,
        )
        endpoint = "127.0.0.1:1"
        if listen:
            ((host, port),) = await transport.listen("127.0.0.1", port)
            endpoint = f"{host}:{port}"
        node = Linked(keys, owner, transport, endpoint)
        self.nodes.append(node)
        return node

    async def until(self, reached: Callable[[], object], patience: float = PATIENCE) -> None:
        async with asyncio.timeout(patience):
            while not reached():
                self._told.clear()
                await self._told.wait()

    async def settle(self) -> None:
        """Let everything under way arrive: a hundred turns of the loop, each with what is there."""
        for _ in range(100):
            await asyncio.sleep(0)


class VirtualClock:
    """A Clock whose time passes when a timer rings. `stopped` clocks ring no more."""

    def __init__(self, world: "VirtualClock | None" = None) -> None:
        self.time = 0.0
        self.stopped = False
        self._world = world or self
        self._queue: list[tuple[float, int, _Ring]] = []
        self._count = itertools.count()

    def now(self) -> int:
        return 1_700_000_000_000 + int(self._world.time * 1000)

    def monotonic(self) -> float:
        return self._world.time

    def call_later(self, seconds: float, fn: Callable[[], None]) -> "_Ring":
        ring = _Ring(self, fn)
        world = self._world
        heapq.heappush(world._queue, (world.time + seconds, next(world._count), ring))
        return ring

    def call_soon(self, fn: Callable[[], None]) -> None:
        self.call_later(0.0, fn)

    def step(self) -> bool:
        """Ring the next timer. False when there is none."""
        if not self._queue:
            return False
        self.time, _, ring = heapq.heappop(self._queue)
        ring.ring()
        return True

    def run(self, seconds: float) -> None:
        """Let so much time pass."""
        end = self.time + seconds
        while self._queue and self._queue[0][0] <= end:
            self.step()
        self.time = end


class _Ring:
    def __init__(self, clock: VirtualClock, fn: Callable[[], None]) -> None:
        self._clock = clock
        self._fn: Callable[[], None] | None = fn

    def cancel(self) -> None:
        self._fn = None

    def ring(self) -> None:
        fn, self._fn = self._fn, None
        if fn is not None and not self._clock.stopped:
            fn()


class VirtualFleet:
    """Nodes on one wire, in virtual time."""

    kind = "loopback"

    def __init__(self, seed: str = "fleet", faults: Faults | None = None) -> None:
        self.clock = VirtualClock()
        self.entropy = SeededEntropy(seed)
        self.wire = Wire(self.clock, self.entropy, faults)
        self.nodes: list[Linked] = []
        self.log: list[tuple[float, str]] = []

    async def __aenter__(self) -> "VirtualFleet":
        return self

    async def __aexit__(self, *error: Any) -> None:
        for node in self.nodes:
            node.transport.close()
        self.clock.run(10.0)

    async def node(
        self, name: str, *, limits: Limits | None = None, listen: bool = True, port: int = 0
    ) -> Linked:
        keys = SeededKeys(name)
        owner = Recorder(keys.node, lambda: self.log.append((self.clock.time, name)))
        clock = VirtualClock(self.clock)
        transport = LoopbackTransport(
            self.wire, keys=keys, owner=owner, entropy=self.entropy, clock=clock, limits=limits
        )
        endpoint = f"127.0.0.1:{port or 7000 + len(self.nodes)}"
        if listen:
            transport.listen(endpoint)
        node = Linked(keys, owner, transport, endpoint)
        self.nodes.append(node)
        return node

    def crash(self, node: Linked, *, silent: bool = False) -> None:
        node.transport.clock.stopped = True
        self.wire.crash(node.id, silent=silent)
        self.nodes.remove(node)

    async def until(self, reached: Callable[[], object], patience: float = PATIENCE) -> None:
        end = self.clock.time + patience
        while not reached():
            assert self.clock.step() and self.clock.time <= end, "it never came to that"

    async def settle(self) -> None:
        self.clock.run(1.0)


Fleet = RealFleet | VirtualFleet


def acquainted(nodes: Iterable[Linked]) -> None:
    """Every node knows every other."""
    for one, other in itertools.permutations(nodes, 2):
        one.knows(other)
