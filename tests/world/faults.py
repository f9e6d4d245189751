"""When what goes wrong: every fault is an event of its own, drawn from the world's seed.

All faults end at `heal`; afterwards every node is up, every law, link, disk and clock as it should
be (a wrong clock stays as wrong as it is: it need not ever be right). `counts` tells how often each
kind struck.
"""

from collections import Counter
from collections.abc import Callable
from random import Random

from gatepost.policy.law import Law
from tests.world.attacker import Attacker
from tests.world.gateway import Gateway
from tests.world.machine import Machine
from tests.world.options import Options
from tests.world.timeline import Timeline
from tests.world.wire import WorldWire

HOUR = 3_600_000
YEAR = 365 * 24 * HOUR


class Weather:
    """Brings the faults of one world."""

    def __init__(
        self,
        options: Options,
        timeline: Timeline,
        wire: WorldWire,
        machines: list[Machine],
        gateways: list[Gateway],
        laws: Callable[[Machine], Law],
        attacker: Attacker | None,
        chance: Random,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.over = False
        self._options = options
        self._timeline = timeline
        self._wire = wire
        self._machines = machines
        self._gateways = gateways
        self._laws = laws
        self._good = {machine.name: machine.law for machine in machines}
        self._attacker = attacker
        self._chance = chance

    def begin(self) -> None:
        o = self._options
        self._storm()
        for every, strike in (
            (o.cut_every, self._cut),
            (o.break_every, self._break),
            (o.crash_every, self._crash),
            (o.stop_every, self._stop),
            (o.stall_every, self._stall),
            (o.full_every, self._full),
            (o.step_every, self._step),
            (o.policy_every, self._policy),
            (o.block_every, self._block),
            (o.pause_every, self._pause),
            (o.agent_every, self._agent),
            (o.attack_every, self._attack),
        ):
            if every:
                self._again(every, strike)

    def heal(self) -> None:
        """Everything is well again."""
        self.over = True
        self._wire.faults = self._options.fair
        for one in self._machines:
            one.fuse.rest()
            one.disk.full = False
            one.away = lambda: 0.1
            one.latency = lambda: 0.001
            for other in self._machines:
                self._wire.mend(one.keys.node, other.keys.node)
        for gateway in self._gateways:
            gateway.calm = True
        self.tend()

    def tend(self) -> None:
        """The operators take back what they did, again if a crash undid that."""
        for one in self._machines:
            self._legislate(one, self._good[one.name])
            self._resume(one)
            for other in self._machines:
                self._set_block(one, other.name, False)

    # one kind each

    def _storm(self) -> None:
        if self.over:
            return
        fair = self._chance.random() > self._options.storms
        self._wire.faults = self._options.fair if fair else self._options.faults
        self._timeline.after(self._chance.uniform(2, 15), self._storm, None, "weather")

    def _cut(self) -> None:
        one, other = self._pair()
        self.counts["cut"] += 1
        both = self._chance.random() < 0.3
        self._wire.cut(one.keys.node, other.keys.node)
        if both:
            self._wire.cut(other.keys.node, one.keys.node)

        def mend() -> None:
            self._wire.mend(one.keys.node, other.keys.node)
            self._wire.mend(other.keys.node, one.keys.node)

        self._timeline.after(self._chance.choice((0.5, 5, 40)), mend, None, "mend")

    def _break(self) -> None:
        one, other = self._pair()
        self.counts["break"] += 1
        self._wire.break_links(one.keys.node, other.keys.node)

    def _crash(self) -> None:
        machine = self._any()
        self.counts["crash"] += 1
        away = self._chance.choice((0.0, 0.05, 0.5, 5.0, 30.0))
        machine.away = lambda: away
        if self._chance.random() < 0.2:
            machine.crash(silent=self._chance.random() < 0.5)
        else:
            machine.fuse.left = int(self._chance.expovariate(1 / 40))

    def _stop(self) -> None:
        self.counts["stop"] += 1
        machine = self._any()
        machine.away = lambda: 0.5
        machine.stop()

    def _stall(self) -> None:
        machine = self._any()
        self.counts["stall"] += 1
        most = self._chance.choice((0.05, 0.5, 2.0))
        machine.latency = lambda: most * self._chance.random()

        def normal() -> None:
            machine.latency = lambda: 0.001

        self._timeline.after(self._chance.uniform(1, 10), normal, None, "disk well")

    def _full(self) -> None:
        machine = self._any()
        self.counts["full"] += 1
        machine.disk.full = True

        def room() -> None:
            machine.disk.full = False

        self._timeline.after(self._chance.uniform(0.1, 5), room, None, "disk room")

    def _step(self) -> None:
        machine = self._any()
        self.counts["step"] += 1
        by = self._chance.choice((HOUR, YEAR, 400_000)) * self._chance.choice((-1, 1))
        machine.offset += by
        back = self._chance.random() < 0.7
        if back:

            def undo() -> None:
                machine.offset -= by

            self._timeline.after(self._chance.uniform(1, 30), undo, None, "clock right")

    def _policy(self) -> None:
        machine = self._any()
        self.counts["policy"] += 1
        self._legislate(machine, self._laws(machine))
        good = self._good[machine.name]
        self._timeline.after(
            self._chance.uniform(1, 10), lambda: self._legislate(machine, good), None, "law well"
        )

    def _block(self) -> None:
        one, other = self._pair()
        if self._set_block(one, other.name, True):
            self.counts["block"] += 1
            self._timeline.after(
                self._chance.uniform(1, 15),
                lambda: self._unblock(one, other.name),
                None,
                "unblock",
            )

    def _pause(self) -> None:
        machine = self._any()
        node = machine.node
        if node is None:
            return
        self.counts["pause"] += 1
        what = self._chance.choice(("", *node.agents, *node.peers.by_alias))
        machine.enter()
        node.pause(what)
        self._timeline.after(
            self._chance.uniform(1, 10), lambda: self._resume(machine), None, "resume"
        )

    def _agent(self) -> None:
        self.counts["agent"] += 1
        gateway = self._chance.choice(self._gateways)
        gateway.crash(self._chance.choice((0.0, 0.2, 3.0)))

    def _attack(self) -> None:
        if self._attacker is not None:
            self._attacker.strike()
            self.counts["attack"] = self._attacker.struck

    # inside

    def _again(self, every: float, strike: Callable[[], None]) -> None:
        def go() -> None:
            if not self.over:
                self._again(every, strike)
                strike()

        wait = self._chance.expovariate(1 / every)
        self._timeline.after(wait, go, None, strike.__name__)

    def _any(self) -> Machine:
        return self._chance.choice(self._machines)

    def _pair(self) -> tuple[Machine, Machine]:
        one, other = self._chance.sample(self._machines, 2)
        return one, other

    def _legislate(self, machine: Machine, law: Law) -> None:
        changed, machine.law = machine.law is not law, law
        if changed and machine.node is not None:
            machine.enter()
            machine.node.law_changed(law)

    def _resume(self, machine: Machine) -> None:
        node = machine.node
        if node is not None:
            machine.enter()
            for what in sorted(node.guard.paused):
                node.resume(what)

    def _unblock(self, machine: Machine, alias: str) -> None:
        if not self._set_block(machine, alias, False) and machine.node is None:
            again = lambda: self._unblock(machine, alias)  # noqa: E731
            self._timeline.after(1.0, again, None, "unblock")

    def _set_block(self, machine: Machine, alias: str, blocked: bool) -> bool:
        """As the operator's `block` and `unblock` do it."""
        node = machine.node
        peer = node.peers.by_alias.get(alias) if node is not None else None
        if node is None or peer is None or peer.row.blocked == blocked:
            return False
        machine.enter()
        peer.row.blocked = blocked
        node.peers.save(peer)
        node.peers.drop_link(peer, "the operator changed this peer")
        node.peers.dial_later(peer, 0.0)
        return True
