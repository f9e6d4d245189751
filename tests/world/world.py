"""A world: machines on one wire, callers and agents at them, faults over them, and a checker.

`World(options, seed).run()` builds it, lets faults and calls go on together, heals everything,
waits at most `BOUND` for the last outcome, and returns what the checker found. One thread, virtual
time, all chance from the seed.
"""

import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from gatepost.core.entry import uuid7
from gatepost.core.journal import outgoing
from gatepost.core.lifecycle import is_outcome
from gatepost.core.origin import Document
from gatepost.core.records import PeerRow
from gatepost.core.views import AgentSpec
from gatepost.node import exchange
from gatepost.node.settings import Settings
from gatepost.policy.law import Law
from gatepost.policy.rules import read_law
from tests.seeded import SeededEntropy
from tests.world.attacker import Attacker
from tests.world.caller import Caller, Lane, Step
from tests.world.checker import Checker, Known
from tests.world.faults import Weather
from tests.world.fuse import Crash
from tests.world.gateway import Gateway, Manner
from tests.world.holding import HoldChecker, draw
from tests.world.ledger import Ledger
from tests.world.machine import Machine
from tests.world.options import Options
from tests.world.person import Person
from tests.world.timeline import EPOCH, Log, Timeline
from tests.world.wire import WorldWire

BOUND = 300.0
MOST_STEPS = 500_000
AGENTS = 2
LAW = """
[[rule]]
id = "all"
allow = ["ping", "see", "send", "ask", "delegate"]
from = ["*", "*@*"]
to = ["*", "*@*"]

[limits]
rate = "none"
concurrent = 1000
turns = 1000000
holds = "none"
"""
DENY = """
[[rule]]
id = "not-now"
deny = ["send", "ask", "delegate"]
from = "{}"
to = "{}"
"""

HOLD = DENY.replace("deny =", "hold =")


@dataclass(slots=True)
class Result:
    """What one world came to."""

    seed: int
    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    digest: str = ""
    events: int = 0
    seconds: float = 0.0


class World:
    """One world. `log` > 0 keeps that many lines of the event log."""

    def __init__(self, options: Options, seed: int, log: int = 0) -> None:
        self.options = options
        self.seed = seed
        self.log = Log(log)
        self.timeline = Timeline(self.log)
        self.ledger = Ledger()
        self.result = Result(seed)
        self._chance = Random(f"world {seed}")
        self.wire = WorldWire(
            self.timeline, SeededEntropy(f"wire {seed}"), self._tick, options.fair
        )
        names = [f"node{n}" for n in range(options.nodes)]
        self.plans = draw(names, options.holds, self._draw("holds"))
        self.machines = [self._machine(name) for name in names]
        self._by_node = {machine.keys.node: machine for machine in self.machines}
        self._by_name = {machine.name: machine for machine in self.machines}
        self._acquaint()
        self.gateways = [
            self._gateway(machine, n) for machine in self.machines for n in range(AGENTS)
        ]
        self.callers = [self._caller(machine) for machine in self.machines]
        self.persons = [self._person(machine) for machine in self.machines if options.holds]
        attacker = None
        if options.attack_every:
            attacker = Attacker(self.wire, self.machines, self._draw("attacker"))
        self.weather = Weather(
            options,
            self.timeline,
            self.wire,
            self.machines,
            self.gateways,
            self._bad_law,
            attacker,
            self._draw("weather"),
        )

    # running

    def run(self) -> Result:
        """The whole story; never raises for what the product does wrong."""
        before = exchange.CREDIT, outgoing.WINDOW
        exchange.CREDIT, outgoing.WINDOW = self.options.credit, self.options.window
        try:
            self._story()
        except Exception:
            self.result.wrong.append("raised: " + traceback.format_exc(limit=-6))
        finally:
            exchange.CREDIT, outgoing.WINDOW = before
            for machine in self.machines:
                machine.disk.close()
        return self._sum_up()

    def _story(self) -> None:
        for machine in self.machines:
            self._guarded(machine.boot)
        self.weather.begin()
        self._until(self.options.length)
        self._guarded(self.weather.heal)
        for person in self.persons:
            person.calm = True
        end = self.timeline.time + BOUND
        healed = self.timeline.time
        while self.timeline.time < end and not self._settled():
            self._guarded(self.weather.tend)
            for person in self.persons:
                self._guarded(lambda person=person: person.answer(100))
            self._until(min(self.timeline.time + 5.0, end))
        self.result.counts["settled_ms"] = int((self.timeline.time - healed) * 1000)
        for caller in self.callers:
            caller.collect()
        self._stopped_pairs()

    def _until(self, time: float) -> None:
        while self._guarded(lambda: self.timeline.step(time)):
            if self.timeline.steps > MOST_STEPS:
                raise RuntimeError(f"{MOST_STEPS} steps and no end")

    def _guarded(self, act: Callable[[], object]) -> object:
        try:
            return act()
        except Crash as crash:
            self.result.faults["mid_step"] += 1
            self._by_name[crash.machine].crash(silent=self._chance.random() < 0.2)
            return True

    def _tick(self, node: str, what: str) -> None:
        machine = self._by_node[node]
        if machine.life is not None:
            machine.life.tick(what)

    def _settled(self) -> bool:
        """Whether every lane is through and every caller was shown an outcome of every message."""
        if any(machine.node is None for machine in self.machines):
            return False
        return all(caller.finished for caller in self.callers) and all(
            call.shown and is_outcome(call.shown[-1].state)
            for call in self.ledger.calls
            if call.ids
        )

    def _stopped_pairs(self) -> None:
        for machine in self.machines:
            if machine.node is None:
                self.result.wrong.append(f"{machine.name} is not up after the heal")
                continue
            for peer in machine.node.peers.by_alias.values():
                if peer.row.stopped or peer.exchange.incoming.fork is not None:
                    self.result.wrong.append(
                        f"{machine.name} refuses {peer.row.alias}: {peer.row.stopped or 'fork'}"
                    )

    def _sum_up(self) -> Result:
        o = self.options
        known = Known(
            nodes={machine.name: machine.keys.node for machine in self.machines},
            forgetful=frozenset(g.agent for g in self.gateways if g.manner.forgets),
            unknown_allowed=o.forgetful and (o.unsafe or o.policy_every > 0),
        )
        verdict = Checker(self.ledger, known).check()
        result = self.result
        held = HoldChecker(self.ledger, self.plans, known.forgetful).check()
        result.wrong = result.wrong or verdict.wrong + held
        result.faults["held"] = len(self.ledger.seen)
        for said in self.ledger.said:
            result.faults[f"said.{said.refused or said.answer}"] += 1
        result.counts.update(verdict.counts)
        result.faults.update(self.weather.counts)
        result.faults.update({f"wire.{kind}": n for kind, n in self.wire.counts.items()})
        for machine in self.machines:
            result.counts["lives"] += machine.lives
            result.counts["commits"] += machine.disk.commits
            result.faults["commit_failed"] += len(machine.failures)
            result.faults.update({f"at.{what}": n for what, n in machine.fuse.struck.items()})
        result.digest, result.events = self.log.digest, self.log.count
        result.seconds = self.timeline.time
        return result

    # building

    def _draw(self, what: str) -> Random:
        return Random(f"{what} {self.seed}")

    def _person(self, machine: Machine) -> Person:
        o, chance = self.options, self._draw(f"person {machine.name}")
        return Person(machine, o.person_every, o.noes, self.ledger, chance)

    def _law(self, name: str, more: str = "") -> Law:
        prompts = f"holds = {self.options.prompts}" if self.options.prompts else 'holds = "none"'
        rules = "".join(plan.rule for plan in self.plans if plan.node == name)
        return law(name, LAW.replace('holds = "none"', prompts) + rules + more)

    def _machine(self, name: str) -> Machine:
        settings = Settings(
            name=name,
            listen=f"10.0.0.{int(name.removeprefix('node')) + 1}:7443",
            queue_in_memory=self.options.queue,
        )
        good = self._law(name)
        return Machine(name, str(self.seed), self.timeline, self.wire, good, settings)

    def _acquaint(self) -> None:
        for one in self.machines:
            others = [other for other in self.machines if other is not one]
            for number, other in enumerate(others, 1):
                one.disk.add_peer(
                    PeerRow(
                        number=number,
                        node=other.keys.node,
                        alias=other.name,
                        record=other.keys.record_bytes,
                        endpoint="",
                        words="",
                        paired=EPOCH,
                    )
                )

    def _gateway(self, machine: Machine, n: int) -> Gateway:
        o, agent = self.options, f"agent{n}"
        chance = self._draw(f"{machine.name} {agent}")
        forgets = o.forgetful and n == 1
        manner = Manner(
            delay=chance.choice((0.0, 0.0, 0.2)),
            work=o.work,
            news=0.2,
            asks=o.asks,
            fails=o.fails,
            declines=o.declines,
            heeds=chance.random() < 0.7,
            forgets=forgets,
            safe=forgets and not o.unsafe,
            capacity=chance.choice((1, 2, 8)),
            concurrent=chance.choice((1, 2, 4)),
        )
        name = f"{agent}-{machine.name}" if forgets else agent
        spec = AgentSpec(name=name, concurrent=manner.concurrent, safe_to_repeat=manner.safe)
        machine.disk.add_agent(spec)
        return Gateway(machine, name, manner, self.ledger, chance)

    def _caller(self, machine: Machine) -> Caller:
        name = f"caller-{machine.name}"
        machine.disk.add_agent(AgentSpec(name=name))
        chance = self._draw(name)
        share = max(1, self.options.lanes // len(self.machines))
        lanes = [self._lane(machine, chance) for _ in range(share)]
        return Caller(machine, name, lanes, self.ledger, chance)

    def _lane(self, machine: Machine, chance: Random) -> Lane:
        gateway = chance.choice(self.gateways)
        at = next(m for m in self.machines if gateway in m.tenants)
        to = gateway.agent if at is machine else f"{gateway.agent}@{at.name}"
        conversation = uuid7(EPOCH, chance.randbytes(10))
        steps = [self._step(chance) for _ in range(self.options.calls)]
        return Lane(to, conversation, steps)

    def _step(self, chance: Random) -> Step:
        o = self.options
        return Step(
            pause=o.pause * chance.random() * 2,
            verb="send" if chance.random() < o.sends else chance.choice(("ask", "delegate")),
            keyed=chance.random() < o.keyed or o.asks > 0,  # who lost its id cannot reply
            expires=chance.choice((0.3, 3.0, 20.0)) if chance.random() < o.short else 0.0,
            cancel=chance.choice((0.001, 0.02, 0.5, 5)) if chance.random() < o.cancels else 0.0,
            size=60_000 if chance.random() < o.large else 0,
        )

    def _bad_law(self, machine: Machine) -> Law:
        chance = self._chance
        others = [other.name for other in self.machines if other is not machine]
        inbound = f"*@{chance.choice((*others, '*'))}", chance.choice(("*", "agent0"))
        outbound = "*", f"*@{chance.choice((*others, '*'))}"
        ends = chance.choice((inbound, inbound, outbound))
        said = chance.choice((DENY, HOLD)) if self.options.holds else DENY
        return self._law(machine.name, said.format(*ends))


def law(name: str, text: str) -> Law:
    return read_law([Document("policy.toml", text)], [name])


def floors(results: list[Result]) -> list[str]:
    """Kinds of faults that struck too seldom for these runs to be a test."""
    total: Counter[str] = sum((result.faults for result in results), Counter())
    runs = len(results)
    return [
        f"{kind} struck {total[kind]} times in {runs} worlds, at least {int(each * runs)} wanted"
        for kind, each in FLOORS.items()
        if total[kind] < int(each * runs)
    ]


# How often each kind must strike in a world on average: about half of what the draw brings.
FLOORS = {
    "wire.drop": 5,
    "wire.duplicate": 4,
    "wire.reorder": 5,
    "wire.delay": 4,
    "wire.flip": 1.5,
    "wire.loss": 3,
    "wire.cut": 3,
    "mid_step": 2,
    "cut": 1.5,
    "break": 2.5,
    "crash": 4,
    "stop": 0.5,
    "stall": 2.5,
    "full": 0.7,
    "commit_failed": 0.8,
    "step": 0.9,
    "policy": 1.2,
    "block": 0.4,
    "pause": 0.4,
    "agent": 2.5,
    "attack": 20,
    "held": 8,
    "said.yes": 4,
    "said.no": 1,
    "said.hold.unknown": 1,
}
