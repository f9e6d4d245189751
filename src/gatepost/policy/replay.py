"""Decisions taken again: what was asked then, by another law.

What is recorded of a decision is what was asked and how the node stood, as far as that can be said
again: who exists, who is blocked or stopped, how many conversations were open. Counters cannot:
a rate that was used up then is not known to be, so replaying always finds room.
"""

import msgspec

from gatepost.policy.decision import Decision, Step, Verdict
from gatepost.policy.evaluate import evaluate
from gatepost.policy.law import Law
from gatepost.policy.request import Facts, Request
from gatepost.policy.usage import Usage


class Stand(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a node stood towards a request; the words are those of `Facts`."""

    frozen: str = ""
    blocked: str = ""
    unknown: tuple[str, ...] = ()
    open: int = 0

    @classmethod
    def of(cls, facts: Facts) -> "Stand":
        """What of these facts can be said again."""
        return cls(facts.frozen, facts.blocked, facts.unknown, facts.open)


class Recorded(msgspec.Struct, frozen=True, omit_defaults=True):
    """One decision as it is kept. `steps` and `verdict` are what came out, `revision` by which law.

    `spent`: a rate was used up, so it cannot be taken again.
    """

    message: str
    request: Request
    stand: Stand
    verdict: Verdict
    steps: tuple[Step, ...] = ()
    revision: str = ""
    spent: bool = False

    @property
    def at(self) -> int:
        """When it was taken, ms."""
        return self.request.at


def record(message: str, request: Request, facts: Facts, decision: Decision, law: Law) -> Recorded:
    """A decision to be kept. Asked before it takes from the counters."""
    if decision.verdict == "allow" and not request.approved:
        # What a rule holds was let in: a person had answered for it.
        match = law.match(request.direction, request.verb, request.sender, request.to)
        answered = tuple(rule.id for rule in match.outcome(request).holds)
        request = msgspec.structs.replace(request, approved=answered)
    limited = decision.code == "policy.limited"
    spent = limited and any(facts.usage.wait(one, request.at) for one in decision.charges)
    return Recorded(
        message, request, Stand.of(facts), decision.verdict, decision.steps, law.revision, spent
    )


def replay(law: Law, recorded: Recorded, node: str, name: str, full: bool = False) -> Decision:
    """Take a decision again by `law`, as it was asked then."""
    stand = recorded.stand
    facts = Facts(
        node=node,
        usage=Usage(),
        frozen=stand.frozen,
        blocked=stand.blocked,
        unknown=stand.unknown,
        open=stand.open,
        name=name,
    )
    return evaluate(law, recorded.request, facts, full)
