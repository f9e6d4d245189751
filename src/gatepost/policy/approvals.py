"""A person's yes: which rules it answers, for what, and how long.

A yes answers the rules it was given for, as they were then: a rule that came to hold something
else meanwhile is not answered. It never answers a deny. What is approved once is bound to the
content itself and known to the node; here are those that stand for more than one message.
"""

import hashlib
from collections.abc import Iterable, Mapping

import msgspec

from gatepost.policy.law import Law, Rule
from gatepost.policy.patterns import Party
from gatepost.policy.request import Request


class Approval(msgspec.Struct, frozen=True):
    """A yes that stands: for one conversation, up to a time (ms, 0: no end), or both.

    `rules` are the ids of the rules it answers, each with its mark. Both ends, verb and direction
    are exactly those of the message it was given for. `message` is that message's id.
    """

    id: str
    rules: Mapping[str, str]
    direction: str
    verb: str
    sender: Party
    to: Party
    conversation: str
    until: int
    made: int
    message: str

    def covers(self, request: Request) -> bool:
        """True when `request` is one of those it was given for."""
        return (
            self.stands(request.at)
            and request.conversation == (self.conversation or request.conversation)
            and (request.direction, request.verb) == (self.direction, self.verb)
            and _same(request.sender, self.sender)
            and _same(request.to, self.to)
        )

    def stands(self, at: int) -> bool:
        """True while its time is not over."""
        return not self.until or at < self.until


def mark(rule: Rule) -> str:
    """What a rule holds, as 16 hex digits: another mark, another rule, whatever its id."""
    unless = rule.unless
    hours = unless.hours.text if unless and unless.hours else ""
    said = (
        rule.id,
        sorted(rule.hold),
        sorted((one.agent, one.node) for one in rule.from_),
        sorted((one.agent, one.node) for one in rule.to),
        [hours, unless.tainted, sorted(unless.conversation)] if unless else [],
        rule.until,
    )
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()[:16]


def answered(
    law: Law,
    request: Request,
    waiting: Iterable[str],
    once: Mapping[str, str],
    standing: Iterable[Approval],
) -> tuple[str, ...]:
    """Those of the rules `waiting` (ids) that a person has answered for `request`.

    `once` are the rules approved for this very content, with their marks.
    """
    yes = [once, *(approval.rules for approval in standing if approval.covers(request))]
    found: list[str] = []
    for id in waiting:
        rule = law.rule(id)
        if rule is not None and any(given.get(id) == mark(rule) for given in yes):
            found.append(id)
    return tuple(found)


def _same(one: Party, other: Party) -> bool:
    """Peers by node id: an alias may go to another node."""
    return (one.agent, one.node) == (other.agent, other.node)
