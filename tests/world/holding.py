"""Which messages of a world wait for a person, and what must be true of those that do.

The plan is drawn with the world and written into each node's law; who must say yes to what is
worked out from the plan and the caller's own words, not from what a node says.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

from tests.world.ledger import Call, Ledger, Said, Start

RULE = """
[[rule]]
id = "{id}"
hold = ["{verb}"]
from = "{sender}"
to = "{to}"
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """At `node`, messages with `verb` wait: those that come `in`, go `out`, or stay (`local`)."""

    node: str
    direction: str
    verb: str

    @property
    def rule(self) -> str:
        inside = {"in": ("*@*", "*"), "out": ("*", "*@*"), "local": ("*", "*")}[self.direction]
        id = f"look-{self.direction}-{self.verb}"
        return RULE.format(id=id, verb=self.verb, sender=inside[0], to=inside[1])

    def covers(self, call: Call) -> bool:
        return call.verb == self.verb and _flows(call).get(self.node, ("",))[0] == self.direction


def draw(names: Iterable[str], share: float, chance: Random) -> list[Plan]:
    """Some plans for each node."""
    return [
        Plan(name, direction, verb)
        for name in names
        for direction in ("in", "out", "local")
        for verb in ("send", "ask", "delegate")
        if chance.random() < share
    ]


class HoldChecker:
    """What callers, agents and persons wrote down, compared. `forgetful` agents may run twice."""

    def __init__(self, ledger: Ledger, plans: list[Plan], forgetful: frozenset[str]) -> None:
        self._ledger = ledger
        self._plans = plans
        self._forgetful = forgetful
        self._said: dict[str, list[Said]] = defaultdict(list)
        for said in ledger.said:
            self._said[said.id].append(said)

    def check(self) -> list[str]:
        """What is wrong, in words."""
        calls = {call.id: call for call in self._ledger.calls if call.ids}
        wrong: list[str] = []
        for start in self._ledger.starts:
            call = calls.get(start.id)
            if call is not None:
                wrong += self._ran(call, start)
        for id, call in calls.items():
            wrong += self._ended(call, self._said[id])
        for seen in self._ledger.seen.values():
            call = calls.get(seen.id)
            if call is not None and seen.text.rstrip(".") != call.text:
                wrong.append(f"{call.text}: a person at {seen.node} was shown {seen.text!r}")
        return wrong

    def _ran(self, call: Call, start: Start) -> Iterable[str]:
        for plan in self._plans:
            if plan.covers(call) and not self._yes(call, plan.node, start):
                yield f"{call.text}: ran, though nobody at {plan.node} said yes"
        for node in _flows(call):
            seen = self._ledger.seen.get((node, call.id))
            if seen is not None and seen.at < start.at and not start.late:
                yield f"{call.text}: was held at {node}, and ran as if it had not been"

    def _yes(self, call: Call, node: str, start: Start) -> bool:
        return any(
            said.answer == "yes"
            and said.node == node
            and not said.refused
            and said.at <= start.at
            and (said.id == call.id or said.stands_for(call.lane, _flows(call)[node]))
            for said in self._ledger.said
        )

    def _ended(self, call: Call, said: list[Said]) -> Iterable[str]:
        final = call.final
        if final is None:
            return
        noes = [one for one in said if one.answer == "no" and not one.refused]
        refused = final.state == "rejected" and final.reason == "hold.refused"
        if refused and not noes:
            yield f"{call.text}: refused by a person, and no person said no"
        agent = call.to.partition("@")[0]
        if any(one.sure for one in noes) and not refused:
            if final.state != "unknown" or agent not in self._forgetful:
                yield f"{call.text}: a person said no, and it is {final.state} ({final.reason})"


def _flows(call: Call) -> dict[str, tuple[str, str, str, str]]:
    """The nodes a call passes, and how it looks to a person there."""
    agent, _, alias = call.to.partition("@")
    if not alias or alias == call.node:
        return {call.node: ("local", call.verb, call.caller, agent)}
    return {
        call.node: ("out", call.verb, call.caller, call.to),
        alias: ("in", call.verb, f"{call.caller}@{call.node}", agent),
    }
