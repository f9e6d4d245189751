"""The people of a world: one at each node, who looks now and then at what waits for a yes or no.

A person writes down what was shown, what was answered before it is answered, and whether the node
said that the answer is durable. Some answers come from a look that is long past: what was shown
then may have gone, or its rules may be others.
"""

from random import Random

from gatepost.core.holding import HoldView, Scope
from gatepost.core.message import text_of
from gatepost.errors import GatepostError
from gatepost.node.approving import Approving
from tests.world.ledger import Ledger, Said, Seen
from tests.world.machine import Machine

REASON = "not in this world"


class Person:
    """Looks every `every` seconds or so; says no to a share of `noes`."""

    def __init__(
        self, machine: Machine, every: float, noes: float, ledger: Ledger, chance: Random
    ) -> None:
        self.calm = False
        self._machine = machine
        self._every = every
        self._noes = noes
        self._ledger = ledger
        self._chance = chance
        self._remembered: list[HoldView] = []
        self._later()

    def _later(self) -> None:
        self._machine.later(self._chance.expovariate(1 / self._every), self._look)

    def _look(self) -> None:
        if not self.calm:
            self._later()
            self.answer(self._chance.choice((0, 1, 1, 3)))

    def answer(self, most: int) -> None:
        """Look at what waits, and answer some of it."""
        shown = self.look()
        stale, self._remembered = self._remembered, shown
        if stale and self._chance.random() < 0.2:
            shown = stale
        for view in self._chance.sample(shown, min(most, len(shown))):
            self._decide(view)

    def look(self) -> list[HoldView]:
        """What waits now, each with its content."""
        node = self._machine.node
        if node is None:
            return []
        approving = Approving(node, _nothing)
        shown = [approving.hold(view.id) for view in approving.holds()]
        for view in shown:
            seen = Seen(self._machine.name, view.id, self._machine.time(), text_of(view.parts))
            self._ledger.see(seen)
        return shown

    def _decide(self, view: HoldView) -> None:
        if self._chance.random() < self._noes:
            self._say(view, "no", "once", 0)
            return
        scope: Scope = self._chance.choice(("once", "once", "once", "conversation", "time"))
        until = 0
        node = self._machine.node
        if scope == "time" and node is not None:
            until = node.clock.now() + self._chance.choice((500, 20_000))
        self._say(view, "yes", scope, until)

    def _say(self, view: HoldView, answer: str, scope: Scope, until: int) -> None:
        node = self._machine.node
        if node is None:
            return
        said = Said(
            node=self._machine.name,
            id=view.id,
            at=self._machine.time(),
            answer=answer,
            scope=scope,
            conversation=view.conversation,
            flow=(view.direction, view.verb, view.sender, view.to),
        )
        self._ledger.said.append(said)
        self._machine.enter()
        approving = Approving(node, _nothing)
        try:
            if answer == "no":
                approving.no(view.id, REASON)
            else:
                approving.yes(view.id, view.yes(scope, until))
        except GatepostError as error:
            said.refused = error.code
            return
        node.store.then(said.kept)


def _nothing() -> None:
    """The law of a world is not in files."""
