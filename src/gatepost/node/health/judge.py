"""Judges facts by the checks, and folds what follows under what it follows from.

A finding is folded when a check it depends on failed too, about the same subject or about the
whole node. Causes are followed to the first of them, so that one broken thing is one line.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from gatepost.core.health import Checkup, Finding
from gatepost.node.health.check import Check, Hit
from gatepost.node.health.facts import Facts


def judge(facts: Facts, checks: Sequence[Check], deep: bool = False) -> Checkup:
    """Look at everything that can be judged by these facts."""
    looked = [check for check in checks if can_look(check, facts) and (deep or not check.deep)]
    found = [_finding(check, hit) for check in looked for hit in _hits(check, facts)]
    return Checkup(
        at=facts.now,
        findings=fold(found, checks),
        looked=tuple(check.code for check in looked),
    )


def _hits(check: Check, facts: Facts) -> list[Hit]:
    """What a check finds; one that breaks off is a finding itself, and the others go on."""
    try:
        return list(check.probe(facts))
    except Exception as crash:
        said = f"the check itself failed ({type(crash).__name__}: {crash})"
        return [Hit(said, fix="gatepost doctor --bundle")]


def can_look(check: Check, facts: Facts) -> bool:
    """Whether all facts a check needs are there."""
    return all(getattr(facts, need) is not None for need in check.needs)


def merged(seen: Checkup, told: Checkup, checks: Sequence[Check]) -> Checkup:
    """One checkup of two: what a command saw, and what the running node told about itself.

    The node's word counts for what it alone can see.
    """
    inner = {check.code for check in checks if not _OUTSIDE.intersection(check.needs)}
    inner &= set(told.looked)
    unknown = {one.code for one in told.findings} - {check.code for check in checks}
    of_node = [one for one in told.findings if one.code in inner | unknown]
    mine = [one for one in seen.findings if one.code not in inner]
    return Checkup(
        at=seen.at,
        findings=fold([*mine, *of_node], checks),
        looked=tuple(dict.fromkeys([*seen.looked, *told.looked])),
    )


_OUTSIDE = frozenset({"home", "keys", "process", "listener", "disk", "database", "caller"})


def fold(findings: Iterable[Finding], checks: Sequence[Check]) -> tuple[Finding, ...]:
    """The findings in the order of the checks, each with its first cause."""
    known = {check.code: check for check in checks}
    order = {code: n for n, code in enumerate(known)}
    found = sorted(findings, key=lambda one: (order.get(one.code, len(order)), one.subject))
    failed: dict[str, dict[str, str]] = {}
    for one in found:
        failed.setdefault(one.code, {})[one.subject] = one.key
    causes = {one.key: _cause(one, failed, known) for one in found}
    return tuple(msgspec.structs.replace(one, cause=_first(one.key, causes)) for one in found)


def _cause(
    one: Finding, failed: Mapping[str, Mapping[str, str]], known: Mapping[str, Check]
) -> str:
    check = known.get(one.code)
    for code in check.depends_on if check is not None else ():
        others, of = failed.get(code, {}), known.get(code)
        if of is None:
            continue  # only some checks were asked, and this is none of them
        if check is not None and check.per == of.per and check.per:
            if one.subject in others:
                return others[one.subject]
        elif others and of.per in _WHOLE:
            return next(iter(others.values()))
    return ""


_WHOLE = ("", "path", "setting")
"""What a finding about one of these spoils is not said by its subject: it explains every other."""


def _first(key: str, causes: Mapping[str, str]) -> str:
    first, seen = causes[key], {key}
    while first and causes.get(first) and first not in seen:
        seen.add(first)
        first = causes[first]
    return first


def _finding(check: Check, hit: Hit) -> Finding:
    tellable = all(_plain(step.path) == step.path for step in hit.repairs)
    return Finding(
        code=check.code,
        severity=check.severity,
        title=check.title,
        what=_plain(hit.what),
        subject=_plain(hit.subject),
        why=_plain(hit.why),
        where=_plain(hit.where),
        fix=_plain(hit.fix or check.fix.replace("{subject}", hit.subject)),
        repairs=hit.repairs if check.safe and tellable else (),
    )


def _plain(text: str) -> str:
    """A name of a file may be no text: what is none is told as its bytes."""
    return text.encode("utf-8", "backslashreplace").decode()
