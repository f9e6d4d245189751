"""The question the other way round: who may do something to an agent.

Nobody can be asked for all agents there may ever be, so those to ask for are taken from what is
known (agents, peers) and from the rules: everybody a pattern names, as one. Each is decided by the
one evaluator, by the rules alone. From the widest to the narrowest, a line is given only where it
says something that the line around it does not; so "anybody of home, but not eve" is two lines.
"""

from collections.abc import Iterable, Iterator

from gatepost.policy.answers import Who
from gatepost.policy.conditions import Unless
from gatepost.policy.decision import strongest
from gatepost.policy.directory import Directory
from gatepost.policy.evaluate import evaluate
from gatepost.policy.law import Law, Rule, origin
from gatepost.policy.limits import NO_LIMITS, RULE_KEYS, show
from gatepost.policy.patterns import ANY, Party, Pattern, glob
from gatepost.policy.request import Facts
from gatepost.policy.usage import Usage
from gatepost.policy.words import stamp

ANOTHER = "another"


def who_can(law: Law, verb: str, to: Party, directory: Directory, now: int) -> tuple[Who, ...]:
    """Everybody who may do `verb` to `to` at a moment (ms), each with the rule that says so."""
    facts = Facts(node=directory.node, usage=Usage(), name=directory.name)
    said: list[tuple[Pattern, str, str]] = []
    found: list[Who] = []
    for pattern in _patterns(law, verb, to, directory):
        sender = _anybody(pattern, directory)
        decision = evaluate(law, directory.request(sender, verb, to, now), facts, full=True)
        top = strongest([step for step in decision.steps if step.stage == "allowed"])
        verdict = top.verdict if top else "allow"
        rule = law.rule(top.rule) if top else _allowing(law, decision.rules, verb)
        line = (verdict, rule.id if rule else "")
        around = next((one for one in reversed(said) if _covers(one[0], pattern)), None)
        said.append((pattern, *line))
        if line == (around[1:] if around else ("deny", "")):
            continue
        if verdict == "deny" and (around is None or around[1] == "deny"):
            continue
        where, when = (origin(rule), bounds(rule)) if rule else ("no rule", "")
        found.append(Who(str(pattern), verdict, line[1], where, when))
    return tuple(found)


def bounds(rule: Rule) -> str:
    """How a rule is bound, in words: its end, when it steps aside, its limits."""
    words: list[str] = []
    if rule.until:
        words.append(f"until {stamp(rule.until)}")
    if rule.unless is not None:
        words.append(f"unless {_conditions(rule.unless)}")
    if rule.limit != NO_LIMITS:
        for key in RULE_KEYS:
            value = getattr(rule.limit, key)
            if value is not None:
                words.append(f"{key} {show(key, value)}")
    return ", ".join(words)


def _conditions(unless: Unless) -> str:
    words: list[str] = []
    if unless.hours is not None:
        words.append(unless.hours.text)
    if unless.tainted is not None:
        words.append("tainted" if unless.tainted else "untainted")
    if unless.conversation:
        words.append("in a conversation it names")
    return " or ".join(words)


def _allowing(law: Law, rules: Iterable[str], verb: str) -> Rule | None:
    found = (law.rule(one) for one in rules)
    return next((rule for rule in found if rule is not None and verb in rule.allow), None)


def _patterns(law: Law, verb: str, to: Party, directory: Directory) -> Iterator[Pattern]:
    """Whom to ask for, the widest first."""
    found = {Pattern(ANY): None, **{Pattern(name): None for name in directory.agents}}
    if to.local:
        found[Pattern(ANY, ANY)] = None
        found |= {Pattern(ANY, alias): None for alias in directory.aliases}
    for rule in law.rules:
        if verb in (*rule.allow, *rule.hold, *rule.deny):
            found |= {one: None for one in rule.from_ if to.local or not one.node}
    # `alice@*` and `*@home` are not one within the other: both speak of `alice@home`.
    nodes = [node for node in {one.node for one in found} if node not in ("", ANY)]
    anywhere = [one.agent for one in found if one.node == ANY and one.agent != ANY]
    found |= {Pattern(agent, node): None for agent in anywhere for node in nodes}
    yield from sorted(found, key=_narrowness)


def _narrowness(pattern: Pattern) -> tuple[bool, int, bool, int, str]:
    wide = {"": 0, ANY: 1}.get(pattern.node, 2)
    return bool(pattern.node), wide, pattern.literal, len(pattern.agent), str(pattern)


def _covers(wide: Pattern, narrow: Pattern) -> bool:
    nodes = wide.node == narrow.node or (wide.node == ANY and narrow.node != "")
    return wide != narrow and nodes and glob(wide.agent, narrow.agent)


def _anybody(pattern: Pattern, directory: Directory) -> Party:
    """Somebody of this pattern whom no narrower one names."""
    node = ANOTHER if pattern.node == ANY else pattern.node
    agent = "" if pattern.agent == ANY else pattern.agent.replace(ANY, ANOTHER)
    return directory.at(node, agent)
