"""Policy for people: rules, a new grant, who may, what is expected, what would be otherwise."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gatepost.cli.pages.messages import SHORTEST, labelled
from gatepost.cli.render import Item, Table
from gatepost.cli.times import clock, now
from gatepost.core.views import GrantView, RuleView

if TYPE_CHECKING:
    from gatepost.policy.answers import Difference, Examined, Whose

LAW = "deny beats hold beats allow; silence is deny; order never matters"


def granted(made: GrantView) -> list[Item]:
    """A rule as it was written."""
    written = [f"  {line}" for line in made.text.strip().splitlines()]
    return [f"granted  {made.id}   {made.origin}", *written]


def rules(views: Sequence[RuleView]) -> list[Item]:
    """The whole law; silence is deny."""
    rows = [
        (v.id, v.word, ", ".join(v.verbs), f"{v.sender} → {v.to}", v.text, v.origin) for v in views
    ]
    bound = any(view.text for view in views)
    head = ("rule", "says", "verbs", "from → to", "bounds", "where")
    if not bound:
        head, rows = (*head[:4], head[5]), [(*row[:4], row[5]) for row in rows]
    return [*([Table(head, rows), ""] if rows else []), LAW]


def shell(text: str) -> str:
    """One word of a shell command."""
    return f"'{text}'" if "*" in text else text


def who(found: "Whose") -> list[Item]:
    """Who may, the widest first; a deny narrows the line above it."""
    if not found.who:
        return [f"nobody may {found.verb} {found.to}: no rule says so"]
    words = {"allow": "yes", "hold": "held", "deny": "no"}
    rows = [
        (words.get(one.verdict, one.verdict), one.who, one.rule, one.when, one.origin)
        for one in found.who
    ]
    return [Table((found.verb, "who", "rule", "bounds", "where"), rows)]


def tested(found: "Examined") -> list[Item]:
    """The expectations that failed, each with what decides, and how many there are."""
    if not found.cases:
        return ["no expectations: add [[expect]] to policy.toml"]
    lines: list[Item] = []
    for one in found.cases:
        if not one.passed:
            lines.append(f"✗ {one.who} {one.verb}  wanted {one.want}, got {one.got}")
            lines += [labelled("why", one.says), labelled("where", one.origin), ""]
    failed = f", {found.failed} failed" if found.failed else ""
    return [*lines, f"{found.passed} passed{failed}"]


def edited(name: str, made: Sequence[str], gone: Sequence[str], other: Sequence[str]) -> list[Item]:
    """What an edit did to the rules of a file."""
    rows = (("added", made), ("removed", gone), ("altered", other))
    lines: list[Item] = [f"{name} is taken"]
    return lines + [labelled(word, ", ".join(ids)) for word, ids in rows if ids]


def difference(found: "Difference", span: str) -> list[Item]:
    """What would be decided otherwise, the latest first."""
    lines: list[Item] = []
    if found.changes:
        today = now()
        rows = [
            (
                one.message[:SHORTEST],
                clock(one.at, today),
                f"{one.sender} → {one.to}",
                one.verb,
                f"{one.then} → {one.now}",
                " ".join(part for part in (one.rule, one.origin) if part),
            )
            for one in found.changes
        ]
        lines += [Table(("id", "when", "from → to", "verb", "then → now", "by"), rows), ""]
    if found.changed > len(found.changes):
        lines.append(f"the latest {len(found.changes)} of {found.changed} are shown")
    many = "decision" if found.replayed == 1 else "decisions"
    lines.append(
        f"{found.changed} of {found.replayed} {many} of the last {span} would be taken otherwise"
    )
    lines += [f"not taken again: {one.count}, {one.why}" for one in found.skipped]
    return lines
