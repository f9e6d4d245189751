"""One machine of a world: a disk, keys and a wall clock that stay, and a node that comes and goes.

The node is the whole production node over the ports of this world. A crash discards it and what was
not committed; a commit that fails does the same to its core, as `compose` does; a stop lets it end
in order.
"""

from collections.abc import Callable
from typing import TypeVar

from gatepost.core.message import Content, MessageView, Receipt, Run, Submission, UpdateIn
from gatepost.core.views import Event
from gatepost.errors import GatepostError
from gatepost.node.node import Node
from gatepost.node.settings import Settings
from gatepost.policy.law import Law
from gatepost.ports import Claim, Client, Desk, Timer
from gatepost.store.store import Store
from gatepost.transports.loopback import LoopbackTransport
from tests.seeded import SeededEntropy, SeededKeys
from tests.world.disk import Disk, DiskCommitter
from tests.world.fuse import Fuse
from tests.world.place import Tenant
from tests.world.timeline import NodeClock, Timeline
from tests.world.wire import WorldWire

RETRY = 1.0
T = TypeVar("T")


class Life:
    """One life of a node."""

    def __init__(self, machine: "Machine") -> None:
        self._machine = machine
        self.name = machine.name
        self.alive = True
        self.up = False
        self.node: Node | None = None
        self.transport: LoopbackTransport | None = None

    @property
    def offset(self) -> int:
        return self._machine.offset

    def begin(self) -> None:
        self._machine.fuse.begin()

    def tick(self, what: str) -> None:
        self._machine.fuse.tick(what)


class Machine:
    """Implements `place.Place`. `offset` is how far its wall clock is off, in ms."""

    def __init__(
        self,
        name: str,
        seed: str,
        timeline: Timeline,
        wire: WorldWire,
        law: Law,
        settings: Settings,
    ) -> None:
        self.name = name
        self.endpoint = settings.listen
        self.keys = SeededKeys(f"{seed}/{name}", endpoints=(settings.listen,))
        self.disk = Disk()
        self.fuse = Fuse(name)
        self.offset = 0
        self.life: Life | None = None
        self.law = law
        self.paused = False
        self.lives = 0
        self.latency: Callable[[], float] = lambda: 0.001
        self.away: Callable[[], float] = lambda: 0.5
        self.failures: list[str] = []
        self._settings = settings
        self._timeline = timeline
        self._wire = wire
        self._entropy = SeededEntropy(f"{seed}/{name}/entropy")
        self.tenants: list[Tenant] = []

    # lives

    @property
    def node(self) -> Node | None:
        """The node, when it is up."""
        return self.life.node if self.life is not None and self.life.up else None

    def boot(self) -> None:
        """Begin a life. The node is up once its new life is committed."""
        if self.life is not None:
            return
        self.lives += 1
        life = self.life = Life(self)
        life.begin()
        self._timeline.log.add(self._timeline.time, f"{self.name} boots")
        clock = NodeClock(self._timeline, life)
        self.disk.tick = life.tick
        committer = DiskCommitter(self.disk, self._timeline, life, lambda: self.latency())
        store = Store(
            self.disk.writer,
            self.disk.reader,
            clock,
            committer,
            lambda error: self._failed(life, error),
        )
        node = life.node = Node(store, clock, self._entropy, self.keys, self._settings, self.law)
        node.events.subscribe(self._happened)
        life.transport = LoopbackTransport(
            self._wire, keys=self.keys, owner=node.peers, entropy=self._entropy, clock=clock
        )
        life.transport.listen(self.endpoint)
        node.start(life.transport, lambda: self._started(life))

    def _happened(self, event: Event) -> None:
        told = f"{event.kind} {event.message} {event.peer} {event.agent} {event.text}"
        self._timeline.log.add(self._timeline.time, f"{self.name} {told}")

    def _started(self, life: Life) -> None:
        life.up = True
        for tenant in self.tenants:
            self._timeline.after(0.0, tenant.node_up, life, f"{self.name} tells")

    def crash(self, silent: bool = False) -> None:
        """The node is gone at this instant; it comes back after a while."""
        if self.life is None:
            return
        self._end(silent)
        self._timeline.after(self.away(), self.boot)

    def stop(self) -> None:
        """End the node in order: nothing more is handed over, what is written is committed."""
        life = self.life
        if life is None or not life.up or life.node is None or life.transport is None:
            return
        life.begin()
        life.up = False
        life.node.close()
        life.transport.close()
        life.node.store.then(lambda: self._stopped(life))

    def _stopped(self, life: Life) -> None:
        if life.node is not None and not life.node.store.idle:
            life.node.store.then(lambda: self._stopped(life))
        else:
            self._timeline.after(0.0, self.crash, life)

    def _failed(self, life: Life, error: Exception) -> None:
        self.failures.append(str(error))
        self._timeline.after(0.0, lambda: self._broken(life), life, f"{self.name} breaks")

    def _broken(self, life: Life) -> None:
        """A commit failed: the core is thrown away, links and all, and made again soon."""
        if life.node is not None and life.transport is not None:
            life.node.close()
            life.transport.close()
        self._end(silent=True)
        self._timeline.after(RETRY, self.boot)

    def _end(self, silent: bool) -> None:
        assert self.life is not None
        self.life.alive = self.life.up = False
        self.life = None
        self.disk.crash()
        self._wire.crash(self.keys.node, silent=silent)
        self._timeline.log.add(self._timeline.time, f"{self.name} is down")
        for tenant in self.tenants:
            tenant.node_down()

    def enter(self) -> None:
        """A step of the node begins from outside: its operator does something."""
        if self.life is not None:
            self.life.begin()

    # place.Place

    def desk(self, agent: str) -> Desk | None:
        """The mailbox of an agent, every answer of which is an effect of the node."""
        life = self.life
        if life is None or not life.up or life.node is None:
            return None
        life.begin()
        return TickedDesk(life.node.desk(agent), life)

    def later(self, seconds: float, fn: Callable[[], None]) -> Timer:
        return self._timeline.after(seconds, fn, None, f"{self.name} later")

    def time(self) -> float:
        return self._timeline.time

    def join(self, tenant: Tenant) -> None:
        self.tenants.append(tenant)


class TickedDesk:
    """A desk whose answers are effects: the node may die just before any of them."""

    def __init__(self, desk: Desk, life: Life) -> None:
        self._desk = desk
        self._life = life

    @property
    def agent(self) -> str:
        return self._desk.agent

    def submit(
        self, submission: Submission, done: Callable[[Receipt | GatepostError], None]
    ) -> None:
        self._desk.submit(submission, self._answer(done))

    def update(self, update: UpdateIn, done: Callable[[GatepostError | None], None]) -> None:
        self._desk.update(update, self._answer(done))

    def cancel(self, message: str, done: Callable[[MessageView | GatepostError], None]) -> None:
        self._desk.cancel(message, self._answer(done))

    def watch(self, message: str, seen: Callable[[MessageView], None]) -> Callable[[], None]:
        return self._desk.watch(message, self._answer(seen))

    def claim(self, client: Client, capacity: int, kind: str) -> Claim:
        return self._desk.claim(TickedClient(client, self._life), capacity, kind)

    def _answer(self, told: Callable[[T], None]) -> Callable[[T], None]:
        def answer(what: T) -> None:
            self._life.tick("answer")
            told(what)

        return answer


class TickedClient:
    """A client every call to which is an effect of the node."""

    def __init__(self, client: Client, life: Life) -> None:
        self._client = client
        self._life = life

    def offer(self, run: Run) -> None:
        self._life.tick("offer")
        self._client.offer(run)

    def cancel(self, run: str, reason: str) -> None:
        self._life.tick("offer")
        self._client.cancel(run, reason)

    def supply(self, run: str, parts: tuple[Content, ...]) -> None:
        self._life.tick("offer")
        self._client.supply(run, parts)
