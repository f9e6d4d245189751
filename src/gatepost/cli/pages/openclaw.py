"""OpenClaw for people: who may `sessions_send` to whom, gate by gate, and what to type."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gatepost.cli.pages.messages import labelled
from gatepost.cli.render import Item, Table

if TYPE_CHECKING:
    from gatepost.adapters.openclaw.explain.explanation import Explanation, Warned
    from gatepost.adapters.openclaw.explain.files import Source
    from gatepost.adapters.openclaw.explain.fixes import Value
    from gatepost.adapters.openclaw.explain.gates import Gate
    from gatepost.adapters.openclaw.explain.survey import Survey

LISTED = 60
"""Pairs that are shown one by one."""


def explained(found: "Explanation", read: "Source") -> list[Item]:
    """The verdict, every gate, every blocker with the words the agent reads, one block to type."""
    wish = found.wish
    who = f"{wish.sender} → {wish.target}" + (" (sandboxed)" if wish.sandboxed else "")
    answer = "allow" if found.allowed else "deny"
    return [
        f"{answer}  sessions_send  {who}",
        *_read(read),
        "",
        Table(("gate", "value", "from", ""), [_row(gate) for gate in found.gates]),
        *_blockers(found),
        *_typed(found, read.baseline),
        *_told(found.warnings),
    ]


def surveyed(found: "Survey", read: "Source", warnings: "Sequence[Warned]") -> list[Item]:
    """How many pairs pass, what is shut for how many, the pairs, and what else is odd."""
    answer = "allow" if found.passing == len(found.pairs) else "deny"
    return [
        f"{answer}  sessions_send  {found.passing} of {len(found.pairs)} pairs pass",
        *_read(read),
        *_shut(found),
        *_pairs(found),
        *_told(warnings),
    ]


def _read(read: "Source") -> list[Item]:
    return [
        labelled("config", f"{read.path} ({read.because})"),
        labelled("release", f"{read.configuration.release.name} ({read.basis})"),
    ]


def _shut(found: "Survey") -> Iterator[Item]:
    for gate in found.blockers:
        yield ""
        yield f"✗ {gate.key}   {shown(gate.effective)}   {gate.origin}"
        yield labelled("stops", f"{found.shut_for(gate.name)} of {len(found.pairs)} pairs")
        yield labelled("error", gate.error)
        yield from (labelled("fix", line) for line in gate.fix)


def _pairs(found: "Survey") -> Iterator[Item]:
    if len(found.pairs) > LISTED or found.passing in (0, len(found.pairs)):
        return
    rows = [(one.wish.sender, one.wish.target, _outcome(one)) for one in found.pairs]
    yield from ("", Table(("from", "to", "sessions_send"), rows))


def _outcome(one: "Explanation") -> str:
    if one.allowed:
        return "allow"
    return "deny: " + (", ".join(gate.name for gate in one.blockers) or "see below")


def _row(gate: "Gate") -> tuple[str, str, str, str]:
    return gate.key, shown(gate.effective), gate.origin, "shut" if gate.error else "open"


def shown(value: "Value") -> str:
    """A value as it stands in the file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(value) + "]" if value else "none"
    return value


def _blockers(found: "Explanation") -> Iterator[Item]:
    for gate in found.blockers:
        yield ""
        yield f"✗ {gate.key}"
        yield labelled("error", gate.error)


def _typed(found: "Explanation", baseline: str) -> Iterator[Item]:
    if found.commands:
        yield from ("", "type", *(f"  {line}" for line in found.commands))
    if change := found.patch(baseline or "HASH"):
        known = "" if baseline else ", with the hash that `openclaw gateway call config.get` gives"
        again = "" if found.given.release.keyed else "; this release then starts the gateway anew"
        yield from ("", f"or all at once{known}{again}", f"  {change}")


def _told(warnings: "Sequence[Warned]") -> Iterator[Item]:
    for at, one in enumerate(warnings):
        yield from ([""] if at == 0 else [])
        yield labelled("stops" if one.stops else "note", one.text)
        yield from (labelled("fix", line) for line in one.fix)
