"""Every pair of agents of one gateway explained, and what is shut for how many of them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gatepost.adapters.openclaw.explain import allow
from gatepost.adapters.openclaw.explain.configuration import ALLOW, Configuration
from gatepost.adapters.openclaw.explain.explanation import Explanation, Warned, asked, explain
from gatepost.adapters.openclaw.explain.gates import Gate, Name

ORDER: tuple[Name, ...] = ("sandbox", "visibility", "agentToAgent.enabled", "agentToAgent.allow")
MOST = 60
"""Agents whose pairs are all asked; of more, the first so many."""


@dataclass(frozen=True, slots=True)
class Survey:
    """The answers for all pairs, `warnings` once each."""

    given: Configuration
    pairs: tuple[Explanation, ...]

    @property
    def passing(self) -> int:
        """How many pairs pass."""
        return sum(one.allowed for one in self.pairs)

    @property
    def blockers(self) -> tuple[Gate, ...]:
        """Every gate that is shut for some pair, in the gateway's order; opened, it is for all."""
        found = {gate.name: gate for one in self.pairs for gate in one.blockers}
        return tuple(self._for_all(found[name]) for name in ORDER if name in found)

    def shut_for(self, name: str) -> int:
        """How many pairs this gate stops."""
        return sum(any(gate.name == name for gate in one.blockers) for one in self.pairs)

    @property
    def warnings(self) -> Iterator[Warned]:
        """What stands beside the gates; what is said of one pair alone is left out."""
        if not self.pairs:
            yield Warned("there is no agent in this configuration")
        if (count := len(self.given.roster.ids)) > MOST:
            yield Warned(f"there are {count} agents; only pairs of the first {MOST} were asked")
        told = (one for pair in self.pairs for one in pair.warnings if not one.paired)
        yield from dict.fromkeys(told)

    def _for_all(self, gate: Gate) -> Gate:
        if gate.key != ALLOW:
            return gate
        wanted = allow.repaired(self.given.written(ALLOW), self.given.roster.ids)
        return replace(gate, wanted=wanted)


def survey(given: Configuration) -> Survey:
    """Ask for every ordered pair of two agents; a single agent is asked about itself.

    The entries of the list are the same for all pairs and are looked at once.
    """
    ids = given.roster.ids[:MOST]
    couples = [(a, b) for a in ids for b in ids if a != b] or [(a, a) for a in ids]
    wishes = [asked(sender, target, given) for sender, target in couples]
    return Survey(given, tuple(explain(wish, given, entries=wish == wishes[0]) for wish in wishes))
