"""What a running node knows that bears on its law: for explanations, which change nothing."""

from collections.abc import Callable

import msgspec

from gatepost.errors import GatepostError
from gatepost.node.node import Node
from gatepost.policy.directory import Directory
from gatepost.policy.law import Law
from gatepost.policy.patterns import Party
from gatepost.policy.request import Facts, Request


class Standing:
    """Implements `explaining.Known` over a node."""

    def __init__(
        self, node: Node, fault: Callable[[], GatepostError | None] = lambda: None
    ) -> None:
        """`fault` tells what is wrong with the files of the law as they are now."""
        self._node = node
        self._fault = fault

    @property
    def notes(self) -> tuple[str, ...]:
        """That the files say something else than the law in force, when they do."""
        fault = self._fault()
        if fault is None:
            return ()
        return (f"{fault.what}; until it is mended the last good policy is in force",)

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
        guard, held = self._node.guard, self._node.holds.count(sender)
        found = self._node.overview.facts_for(sender, to)
        names = (sender.alias, to.alias, to.agent if to.local else "")
        paused = [name for name in names if name and name in guard.paused]
        said = " ".join(["node", *paused] if guard.whole else paused)
        return msgspec.structs.replace(found, held=held, paused=said)

    def taint(self, agent: str) -> tuple[str, ...]:
        """The owners whose text an agent has in hand."""
        return self._node.desk(agent).taint() if agent in self._node.agents else ()

    def approved(self, request: Request) -> tuple[str, ...]:
        """The rules that a standing approval answers for it."""
        match = self.law.match(request.direction, request.verb, request.sender, request.to)
        rules = tuple(rule.id for rule in match.outcome(request).holds)
        return self._node.holds.approved(request, rules) if rules else ()
