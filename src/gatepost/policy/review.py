"""What is odd in a law though it can be read: said to whoever writes it, and never enforced.

Rules that can never matter (of nobody, ended, of two peers, aside for ever, or let in what another
rule denies), names that no agent and no peer has, each with the nearest that one has, and aliases
that mean another node now. A name nobody has is no fault: rules may be written before there is
anybody they speak of.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Literal

import msgspec

from gatepost.policy.directory import Directory
from gatepost.policy.law import Law, Rule, origin
from gatepost.policy.patterns import ANY, Pattern, glob
from gatepost.policy.words import near, stamp

Kind = Literal["never", "agent", "peer", "moved"]
MOST = 100
Nearest = Callable[[str, tuple[str, ...]], str]


class Remark(msgspec.Struct, frozen=True):
    """One oddity: what kind, of which rule ("" for an expectation), where, what, what was meant.

    "never": the rule can never matter. "agent", "peer": nobody has a name it uses. "moved": an
    alias in it stands for another node now.
    """

    kind: Kind
    rule: str
    origin: str
    says: str
    suggestion: str = ""

    @property
    def text(self) -> str:
        """One line: where, which, what."""
        hint = f"; did you mean `{self.suggestion}`?" if self.suggestion else ""
        who = f"rule `{self.rule}` " if self.rule else "an expectation "
        return f"{self.origin}: {who}{self.says}{hint}"


def review(law: Law, directory: Directory, now: int) -> tuple[Remark, ...]:
    """The first `MOST` oddities of a law, as this node stands at a moment (ms)."""
    return tuple(islice(_all(law, law.rules, directory, now), MOST))


def review_of(law: Law, rule: Rule, directory: Directory, now: int) -> tuple[Remark, ...]:
    """What is odd about one rule of a law."""
    found = _all(law, (rule,), directory, now)
    return tuple(remark for remark in found if remark.rule == rule.id)


def _all(law: Law, rules: Sequence[Rule], directory: Directory, now: int) -> Iterator[Remark]:
    nearest = cache(near)
    for rule in rules:
        why = _never(law, rule, now)
        if why:
            yield Remark("never", rule.id, str(rule.origin), why)
        patterns = (*rule.from_, *rule.to)
        for kind, says, suggestion in _names(patterns, directory, nearest):
            yield Remark(kind, rule.id, str(rule.origin), says, suggestion)
    for expected in law.expectations:
        patterns = (expected.sender, expected.to)
        for kind, says, suggestion in _names(patterns, directory, nearest):
            yield Remark(kind, "", str(expected.origin), says, suggestion)


def _never(law: Law, rule: Rule, now: int) -> str:
    """Why a rule can never matter from now on; "" when it can."""
    verbs = (*rule.allow, *rule.hold, *rule.deny)
    for what, there in (("verbs", verbs), ("`from`", rule.from_), ("`to`", rule.to)):
        if not there:
            return f"has nobody or nothing in its {what}, so it never applies"
    if rule.until and now >= rule.until:
        return f"ended {stamp(rule.until)} and does nothing any more"
    pairs = [(one, other) for one in rule.from_ for other in rule.to]
    if all(one.node and other.node for one, other in pairs):
        return "speaks of two peers; one end is always an agent of this node"
    if all(_unasked(verb, one, other) for verb in verbs for one, other in pairs):
        return f"never applies: `{verbs[0]}` comes from a node as a whole, so only `*` is one"
    if rule.unless is not None and rule.unless.tainted is False:
        if all(one.node for one, _ in pairs):
            return "never applies: only agents of this node count as having read what"
    return _denied(law, rule)


def _unasked(verb: str, one: Pattern, other: Pattern) -> bool:
    """Nobody ever asks this: pings, and looks of a peer at agents, come from no agent."""
    if verb == "ping":
        return one.agent.strip(ANY) != "" or other.agent.strip(ANY) != ""
    return verb == "see" and one.node != "" and one.agent.strip(ANY) != ""


def _denied(law: Law, rule: Rule) -> str:
    """Why an allow or a hold lets nothing through: always denied by one rule for each part.

    A blocked peer is no reason: its rules wait for the end of the block.
    """
    said = {*rule.allow, *rule.hold}
    if not said or rule.deny:
        return ""
    deniers: dict[str, Rule] = {}
    for verb in said:
        for one in rule.from_:
            for other in rule.to:
                denying = law.denying(verb, one, other)
                denier = next((rule for rule in denying if not rule.blocks), None)
                if denier is None:
                    return ""
                deniers[denier.id] = denier
    named = ", ".join(f"`{one.id}` ({origin(one)})" for one in deniers.values())
    return f"lets nothing through: {named} always denies it"


def _names(
    patterns: tuple[Pattern, ...], directory: Directory, nearest: Nearest
) -> Iterator[tuple[Kind, str, str]]:
    for pattern in dict.fromkeys(patterns):
        if not pattern.node:
            if not any(glob(pattern.agent, name) for name in directory.agents):
                if pattern.agent != ANY:
                    says = f"names the agent `{pattern.agent}`, which this node has not"
                    yield "agent", says, nearest(pattern.agent, directory.agents)
        elif pattern.node != ANY:
            yield from _peer(pattern, directory, nearest)


def _peer(
    pattern: Pattern, directory: Directory, nearest: Nearest
) -> Iterator[tuple[Kind, str, str]]:
    known = directory.peers.get(pattern.node)
    if known is None:
        name = pattern.alias or pattern.node
        says = f"names the peer `{name}`, which this node has not"
        if pattern.alias in directory.peers:
            says = f"was made for another node that was called `{name}` then"
            yield "moved", f"{says} ({pattern.node})", ""
        else:
            yield "peer", says, nearest(name, directory.aliases)
    elif known.alias and (pattern.alias or pattern.node) not in (known.alias, known.node):
        says = f"says `{pattern.alias or pattern.node}` for what is called `{known.alias}` now"
        yield "moved", says, known.alias
