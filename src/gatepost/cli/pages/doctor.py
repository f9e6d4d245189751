"""Doctor's page: a line for what is well, a block for what is not, consequences folded away."""

from collections.abc import Iterator, Sequence

import msgspec

from gatepost.cli.pages.messages import labelled
from gatepost.cli.render import Item
from gatepost.cli.times import clock, span
from gatepost.core.health import Checkup, Finding, Repair
from gatepost.node.health.catalogue import BY_CODE, CHECKS
from gatepost.node.health.check import Check, Group
from gatepost.node.health.facts import Facts

MARK = {"error": "✗", "warning": "!", "hint": "·"}
ALIKE = 5
"""How many findings of one check are shown in full."""
GROUPS: tuple[Group, ...] = ("Home", "Node", "Disk", "Config", "Policy", "Peers", "Agents")


class Look(msgspec.Struct, frozen=True):
    """What was seen, and what was found in it."""

    facts: Facts
    checkup: Checkup

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """The safe steps, each once."""
        return tuple(dict.fromkeys(step for one in self.checkup.findings for step in one.repairs))


def page(look: Look, every: bool) -> list[Item]:
    """The whole examination, group by group; with `every` also what only follows."""
    lines: list[Item] = []
    for group in GROUPS:
        lines += _group(group, look, every)
    return [*lines, "", _sum(look), *_unseen(look)]


def lines(look: Look) -> list[Item]:
    """One line a finding, for programs that read lines: severity, code, subject, what."""
    return [
        f"{one.severity}  {one.key}: {one.what}" + (f"   ({one.where})" if one.where else "")
        for one in look.checkup.findings
    ] or ["ok"]


def plan(steps: Sequence[Repair]) -> list[Item]:
    """What `--fix` is about to do."""
    if not steps:
        return ["nothing here is safe to do without you"]
    return ["plan", *(f"  {step}" for step in steps)]


def explained(check: Check) -> tuple[dict[str, str], list[Item]]:
    """One check, as it is explained without an occasion: as data, and for people."""
    fix = check.fix.replace("{subject}", "NAME")
    told = {"code": check.code, "severity": check.severity, "title": check.title}
    told |= {"explain": check.explain, "fix": fix}
    return told, [
        f"{check.severity}[{check.code}]: {check.title}",
        f"  means   {check.explain}",
        f"  fix     {fix}",
    ]


def _group(group: Group, look: Look, every: bool) -> Iterator[Item]:
    mine = [one for one in look.checkup.findings if _group_of(one) == group]
    roots = [one for one in mine if every or not one.cause]
    well = _well(group, look.facts)
    codes = {check.code for check in CHECKS if check.group == group}
    looked = bool(well) and not codes.isdisjoint(look.checkup.looked)
    if not roots:
        state = "✓" if looked and not mine else "–"
        said = well if looked else "not looked at"
        follows = "; what is wrong follows from the above" if mine else ""
        yield f"{group:<8}{state} {said}{follows}".rstrip()
        return
    worst = next(level for level in MARK if any(one.severity == level for one in roots))
    yield f"{group:<8}{MARK[worst]} {well}".rstrip()
    seen: dict[str, int] = {}
    for one in roots:
        seen[one.code] = seen.get(one.code, 0) + 1
        if seen[one.code] <= ALIKE or every:
            yield from _finding(one, look, every)
    for code, count in seen.items():
        if count > ALIKE and not every:
            yield f"        {count - ALIKE} more like that [{code}]   -v shows them"


def _finding(one: Finding, look: Look, every: bool) -> Iterator[Item]:
    subject = f" {one.subject}" if one.subject and one.subject not in one.what else ""
    yield f"        {MARK[one.severity]}{subject} {one.what}  [{one.code}]"
    since = clock(one.since, look.checkup.at) if one.since else ""
    old = one.since and look.checkup.at - one.since > 60_000
    fields = {
        "why": one.why,
        "where": one.where,
        "since": since if old else "",
        "fix": one.fix,
        "from": one.cause if every else "",
    }
    for label, text in fields.items():
        if text:
            yield f"          {label:<6}{text}"
    follow = [other for other in look.checkup.findings if other.cause == one.key]
    if follow and not every:
        count = _count(len(follow), "finding")
        yield f"          ({count} that only follow{'' if len(follow) > 1 else 's'}: -v shows)"


def _well(group: Group, facts: Facts) -> str:
    """What can be said of a group whether or not something is wrong in it."""
    match group:
        case "Home":
            return facts.home.path if facts.home is not None else ""
        case "Node":
            return _node(facts)
        case "Disk":
            return _disk(facts)
        case "Config":
            changed = [one for one in facts.config.settings if one.changed] if facts.config else []
            return _count(len(changed), "setting") + " of your own" if facts.config else ""
        case "Policy":
            return _count(len(facts.law.rules), "rule") if facts.law and facts.law.law else ""
        case "Peers":
            known = facts.known_peers
            return _count(len(known), "peer") if known is not None else ""
        case "Agents":
            agents = facts.known_agents
            return _count(len(agents), "agent") if agents is not None else ""


def _node(facts: Facts) -> str:
    process, node = facts.process, facts.node
    if process is None or not process.running:
        return "not running" + (", in a container" if process and process.keeper.contained else "")
    said = "running"
    if node is not None:
        said = f"{node.state} {span(facts.now - node.started)}, version {node.version}"
    pid = f", process {process.holder}" if process.holder else ""
    return f"{said}{pid}, run {process.keeper.plain}"


def _disk(facts: Facts) -> str:
    if facts.disk is None:
        return ""
    parts = [f"{_size(facts.disk.free)} free"]
    if facts.disk.fsync >= 0:
        parts.append(f"fsync {facts.disk.fsync:.1f} ms")
    if facts.database is not None and facts.database.fault is None:
        parts.append(f"database {_size(facts.database.size)}")
        if facts.database.quick == "ok":
            parts.append("sound")
    return ", ".join(parts)


def _size(size: int) -> str:
    for unit, factor in (("GiB", 1024**3), ("MiB", 1024**2)):
        if size >= factor:
            return f"{size / factor:.0f} {unit}"
    return f"{size // 1024} KiB"


def _sum(look: Look) -> str:
    found = [one for one in look.checkup.findings if not one.cause]
    counts = [
        _count(n, level)
        for level in MARK
        if (n := sum(1 for one in found if one.severity == level))
    ]
    said = ", ".join(counts) or "all is well"
    steps = len(look.repairs)
    return said + (
        f"; {_count(steps, 'safe step')} to mend:   gatepost doctor --fix" if steps else ""
    )


def _unseen(look: Look) -> list[Item]:
    """What could not be looked at, and why."""
    process = look.facts.process
    live = [
        check for check in CHECKS if {"links", "desks", "node", "paused"}.intersection(check.needs)
    ]
    unseen = [check for check in live if check.code not in look.checkup.looked]
    if not unseen or process is None:
        return []
    why = "the node is not running" if not process.running else "the node did not answer"
    if look.facts.silence is not None:
        why = f"the node did not tell this command: {look.facts.silence.what}"
    return [labelled("note", f"{_count(len(unseen), 'check')} not made: {why}")]


def _group_of(one: Finding) -> str:
    check = BY_CODE.get(one.code)
    return check.group if check is not None else "Node"


def _count(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"
