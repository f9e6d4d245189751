"""What taking a rule away lets through: said before it is done, for only this can widen.

A rule that allows opens nothing by going, unless it carried a limit. A deny or a hold opens what
other rules allow where both speak of the same verb and some of the same parties; which those are
is worked out from the patterns alone, so it holds for every agent there may ever be.
"""

from gatepost.policy.law import Law, Rule
from gatepost.policy.limits import NO_LIMITS
from gatepost.policy.patterns import ANY, Pattern, common


def opens(law: Law, rule_id: str) -> tuple[str, ...]:
    """Sentences on what revoking the rule would open; empty when it opens nothing."""
    rule = law.rule(rule_id)
    if rule is None:
        return ()
    said: list[str] = []
    for word, verbs in (("deny", rule.deny), ("hold", rule.hold)):
        for verb in verbs:
            allowing = [one.id for one in _others(law, rule) if verb in one.allow]
            if allowing:
                named = ", ".join(f"`{one}`" for one in sorted(allowing))
                how = "allows it" if len(allowing) == 1 else "allow it"
                waits = " without a person" if word == "hold" else ""
                said.append(f"{_whom(rule)} may then {verb}{waits}: {named} {how}")
    if rule.limit != NO_LIMITS:
        said.append("its limits no longer narrow what other rules allow")
    return tuple(said)


def _others(law: Law, rule: Rule) -> list[Rule]:
    return [
        one
        for one in law.rules
        if one.id != rule.id and _meet(one.from_, rule.from_) and _meet(one.to, rule.to)
    ]


def _whom(rule: Rule) -> str:
    from_ = ", ".join(str(pattern) for pattern in rule.from_)
    to = ", ".join(str(pattern) for pattern in rule.to)
    return f"{from_} → {to}"


def _meet(some: tuple[Pattern, ...], others: tuple[Pattern, ...]) -> bool:
    return any(_overlap(one, other) for one in some for other in others)


def _overlap(one: Pattern, other: Pattern) -> bool:
    """True unless no party can match both. An alias and an id may be names of one node."""
    if (one.node == "") != (other.node == ""):
        return False
    if one.node != other.node and ANY not in (one.node, other.node):
        if (len(one.node) == 52) == (len(other.node) == 52):
            return False
    return common(one.agent, other.agent) is not None
