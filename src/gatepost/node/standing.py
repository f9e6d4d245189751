"""What a running node knows that bears on its law: for explanations, which change nothing."""

import msgspec

from gatepost.node.node import Node
from gatepost.policy.directory import Directory
from gatepost.policy.law import Law
from gatepost.policy.patterns import Party
from gatepost.policy.request import Facts, Request


class Standing:
    """Implements `explaining.Known` over a node."""

    notes: tuple[str, ...] = ()

    def __init__(self, node: Node) -> None:
        self._node = node

    @property
    def law(self) -> Law:
        """The law in force."""
        return self._node.guard.law

    @property
    def directory(self) -> Directory:
        """Its agents and peers."""
        return self._node.overview.directory()

    def now(self) -> int:
        """The time, ms."""
        return self._node.clock.now()

    def facts(self, sender: Party, to: Party) -> Facts:
        """How the node stands towards two parties."""
        held = self._node.holds.count(sender)
        return msgspec.structs.replace(self._node.overview.facts_for(sender, to), held=held)

    def taint(self, agent: str) -> tuple[str, ...]:
        """The owners whose text an agent has in hand."""
        return self._node.desk(agent).taint() if agent in self._node.agents else ()

    def approved(self, request: Request) -> tuple[str, ...]:
        """The rules that a standing approval answers for it."""
        match = self.law.match(request.direction, request.verb, request.sender, request.to)
        rules = tuple(rule.id for rule in match.outcome(request).holds)
        return self._node.holds.approved(request, rules) if rules else ()
