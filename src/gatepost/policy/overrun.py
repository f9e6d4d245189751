"""What is said when a limit is reached: which, whose, by how much, and how to raise it.

Made only when something is over; every rule whose limit is exceeded gets its own line, for
raising one of two changes nothing.
"""

from collections.abc import Iterable

from gatepost.policy.decision import Step, Word
from gatepost.policy.law import Law, Outcome, Rule, origin
from gatepost.policy.limits import WIRE_BYTES, Limits, Rate, show
from gatepost.policy.usage import Charge

CYCLE = Step(
    "limits",
    "deny",
    because="the chain of messages that led here has passed the node it now goes to",
    fix="send it anew, outside the run that caused it",
    code="policy.cycle",
    word="limited",
)

_SAYS = {
    "bytes": "the message has {used}",
    "hops": "this is message {used} of a chain",
    "turns": "this is automatic turn {used} of the conversation",
    "open": "this would be open conversation {used}",
    "holds": "its sender would have {used} messages that wait for a person or were just refused",
    "concurrent": "this would be run {used} at a time",
}
_CODES = {"bytes": "message.too_large", "hops": "policy.hops", "turns": "policy.turns"}
_WORDS: dict[str, Word] = {"bytes": "too_large"}


def over(law: Law, outcome: Outcome, key: str, used: int) -> Iterable[Step]:
    """One step for each limit of kind `key` that `used` exceeds."""
    for rule, limits in _sources(law, outcome):
        limit: int | None = getattr(limits, key)
        if limit is None or used <= limit:
            continue
        because = f"{_SAYS[key].format(used=show(key, used))}; the limit is {show(key, limit)}"
        fix = _raise(rule, key, str(max(used, 2 * limit)))
        if key == "bytes" and used > WIRE_BYTES:
            fix = "send a summary, or put the file where the other agent can reach it"
        where = _where(law, rule, key)
        name = rule.id if rule else ""
        if key == "concurrent":
            because += ", and it waits for one to end"
            yield Step("limits", "wait", name, where, because, fix, "policy.limited")
        else:
            code = _CODES.get(key, "policy.limited")
            yield Step(
                "limits", "deny", name, where, because, fix, code, _WORDS.get(key, "limited")
            )


def spent(law: Law, outcome: Outcome, charge: Charge, wait: int) -> Step:
    """The step for a counter that has no room for `wait` ms."""
    rule = next((one for one in outcome.rules if one.id == charge.rule), None)
    because = f"the {charge.kind} limit {charge.rate} is used up"
    because += f"; there is room again in {-(-wait // 1000)} s"
    fix = _raise(rule, charge.kind, str(Rate(2 * charge.rate.count, charge.rate.per)))
    where = _where(law, rule, charge.kind)
    return Step("limits", "deny", charge.rule, where, because, fix, "policy.limited", "limited")


def _sources(law: Law, outcome: Outcome) -> Iterable[tuple[Rule | None, Limits]]:
    yield None, law.limits
    for rule in outcome.rules:
        yield rule, rule.limit


def _raise(rule: Rule | None, key: str, value: str) -> str:
    return f"gatepost policy limit {key} {value}" + (f" --rule {rule.id}" if rule else "")


def _where(law: Law, rule: Rule | None, key: str) -> str:
    """Where a limit stands: its rule, or the place of the default."""
    if rule is not None:
        return origin(rule)
    written = law.limit_origins.get(key)
    return f"{written}" if written else "default"
