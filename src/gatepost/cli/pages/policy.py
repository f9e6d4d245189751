"""Policy for people: rules, a new grant."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gatepost.cli.pages.messages import labelled
from gatepost.cli.render import Item, Table
from gatepost.core.views import GrantView, RuleView
from gatepost.errors import Entry

if TYPE_CHECKING:
    from gatepost.policy.explain import Explanation, StageLine


def granted(made: GrantView) -> list[Item]:
    """A rule as it was written."""
    written = [f"  {line}" for line in made.text.strip().splitlines()]
    return [f"granted  {made.id}   {made.origin}", *written]


def rules(views: Sequence[RuleView]) -> list[Item]:
    """The whole law; silence is deny."""
    rows = [(v.id, v.word, ", ".join(v.verbs), f"{v.sender} → {v.to}", v.origin) for v in views]
    table = Table(("rule", "says", "verbs", "from → to", "where"), rows)
    return [
        *([table, ""] if rows else []),
        "deny beats hold beats allow; silence is deny; order never matters",
    ]


def shell(text: str) -> str:
    """One word of a shell command."""
    return f"'{text}'" if "*" in text else text


def explained(found: "Explanation", *, full: bool = False) -> list[Item]:
    """Headline first, then every blocker, where it stands, its fix; with `full` every stage."""
    lines: list[Item] = [found.headline]
    for line in found.stages:
        if line.verdict != "allow" or full:
            lines += ["", *_stage(line)]
    if found.remote:
        lines += ["", f"there  the operator of {found.remote_node} would type"]
        lines += [f"  {command}" for command in found.remote]
    return lines


def _stage(line: "StageLine") -> list[Item]:
    where = "  ".join(
        part for part in (line.origin, f"rule {line.rule}" if line.rule else "") if part
    )
    fields = (("why", line.because), ("where", where), ("fix", line.fix))
    return [
        f"{line.verdict}  {line.stage}",
        *(labelled(label, text) for label, text in fields if text),
    ]


def entry(found: Entry, fix: str) -> list[Item]:
    """One error of the catalogue."""
    code, _ = found.family.value
    return [
        f"error[{found.code}]: {found.title}",
        labelled("kind", f"{found.family.name.replace('_', ' ')}, exit code {code}"),
        labelled(
            "again", "it may pass by itself" if found.retryable else "it stays until somebody acts"
        ),
        labelled("fix", fix),
        labelled("who", found.who),
    ]
