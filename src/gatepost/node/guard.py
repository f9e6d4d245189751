"""Asks the one evaluator with what this node knows, and takes from the counters.

It holds the law in force, what is paused, and the rate counters. It decides nothing by itself.
"""

from collections.abc import Callable
from typing import Protocol

from gatepost.core.address import is_node_id
from gatepost.node.opened import OpenMessage
from gatepost.policy.evaluate import Decision, Facts, Party, Request, evaluate
from gatepost.policy.law import Law
from gatepost.policy.request import Direction
from gatepost.policy.turns import Turns
from gatepost.policy.usage import Usage
from gatepost.ports import Clock

PAUSE_FILE = "PAUSE"
"""Stands among what is paused for the file of that name; no peer or agent can be called so."""
DISK = "DISK"
"""Stands there while the disk has less room than `store.keep_free`."""


Noted = Callable[[str, Request, Facts, Decision, Law], None]
"""Is told, by message id, what a message's own row does not tell of its decision."""


class Answers(Protocol):
    """What persons have said about messages that wait for one."""

    def judge(
        self, law: Law, message: OpenMessage, request: Request, facts: Facts, decision: Decision
    ) -> Decision:
        """A decision to hold, made again with what is known of persons."""
        ...


class _Nobody:
    """Nobody has said anything."""

    def judge(
        self, law: Law, message: OpenMessage, request: Request, facts: Facts, decision: Decision
    ) -> Decision:
        """It stands."""
        return decision


class Guard:
    """Policy as the node uses it.

    `law` may be exchanged at any time; a decision is always made by the one in force.
    """

    def __init__(
        self, node: str, name: str, law: Law, clock: Clock, agents: Callable[[], tuple[str, ...]]
    ) -> None:
        self.node = node
        self.name = name
        self.law = law
        self.usage = Usage()
        self.turns = Turns()
        self.paused: set[str] = set()
        self.noted: Noted = _not_kept
        self._usual = Facts(node=node, usage=self.usage, name=name)
        self._clock = clock
        self._agents = agents
        self.answers: Answers = _Nobody()

    def facts(
        self,
        *,
        blocked: str = "",
        frozen: str = "",
        paired: bool = True,
        unknown: tuple[str, ...] = (),
        adapter: str = "",
        running: int = 0,
        open: int = 0,
        paused: str = "",
        peers: tuple[str, ...] = (),
    ) -> Facts:
        """How the node stands now."""
        odd = blocked or frozen or unknown or adapter or running or open or paused or peers
        if paired and not odd and not self.paused:
            return self._usual
        return Facts(
            node=self.node,
            usage=self.usage,
            paused="node" if self.paused and self.whole else paused,
            paired=paired,
            frozen=frozen,
            blocked=blocked,
            unknown=unknown,
            adapter=adapter,
            running=running,
            open=open,
            agents=self._agents() if unknown else (),
            peers=peers,
            name=self.name,
        )

    def admit(
        self,
        direction: Direction,
        message: OpenMessage,
        sender: Party,
        to: Party,
        facts: Facts,
        taint: tuple[str, ...] = (),
    ) -> Decision:
        """May this message be accepted here? Takes from the counters when it may, or is held."""
        header = message.said
        now = self._clock.now()
        request = Request(
            direction=direction,
            verb=message.verb,
            sender=sender,
            to=to,
            at=now,
            size=len(message.body),
            hops=header.hops,
            visited=header.visited,
            turns=header.turns,
            conversation=header.conversation,
            taint=taint,
            expires=header.expires,
        )
        decision = evaluate(self.law, request, facts)
        if answered := decision.verdict == "hold":
            decision = self.answers.judge(self.law, message, request, facts, decision)
        if answered or taint or decision.verdict != "allow":
            self.noted(message.row.id, request, facts, decision, self.law)
        if decision.verdict in ("allow", "hold"):
            self.usage.take(decision.charges, now)
            self.turns.saw(message.row.peer, header.conversation, header.turns)
        return decision

    def run(self, message: OpenMessage, sender: Party, to: Party, facts: Facts) -> Decision:
        """Decide whether a message may be handed over now."""
        row = message.row
        request = Request(
            direction="local" if row.direction == "local" else "inbound",
            verb=message.verb,
            sender=sender,
            to=to,
            at=self._clock.now(),
            moment="run",
            conversation=row.conversation,
        )
        decision = evaluate(self.law, request, facts)
        if decision.verdict == "hold":
            return self.answers.judge(self.law, message, request, facts, decision)
        if decision.verdict == "deny":
            self.noted(row.id, request, facts, decision, self.law)
        return decision

    def spend(self, message: OpenMessage, sender: Party, to: Party, tokens: int) -> bool:
        """A run has used tokens of a model: they count against every limit of its sender.

        True when there is any.
        """
        now = self._clock.now()
        direction: Direction = "local" if message.row.direction == "local" else "inbound"
        request = Request(direction, message.verb, sender, to, now, moment="run")
        outcome = self.law.match(direction, message.verb, sender, to).outcome(request)
        self.usage.take(outcome.charges, now, tokens, "tokens")
        return any(charge.kind == "tokens" for charge in outcome.charges)

    def ask(self, request: Request, facts: Facts, full: bool = False) -> Decision:
        """Decide a request that is no message: a ping, a look at agents, an explanation."""
        return evaluate(self.law, request, facts, full)

    @property
    def whole(self) -> bool:
        """Whether the whole node is paused, by command, by the file, or for its disk."""
        return not self.paused.isdisjoint(("", PAUSE_FILE, DISK))

    def is_paused(self, *names: str) -> bool:
        """Whether the node, or any of these peers or agents, is paused."""
        return bool(self.paused) and (self.whole or any(n in self.paused for n in names))


def _not_kept(message: str, request: Request, facts: Facts, decision: Decision, law: Law) -> None:
    """Nobody keeps it."""


def party(agent: str, node: str = "", alias: str = "", owner: str = "") -> Party:
    """One end of a request; an alias that is a node id is only an id."""
    return Party(agent, node, alias if alias and not is_node_id(alias) else "", owner)
