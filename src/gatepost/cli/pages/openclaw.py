"""OpenClaw for people: who may `sessions_send` to whom, gate by gate, and what to type."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from gatepost.cli.pages.messages import labelled
from gatepost.cli.render import Item, Table

if TYPE_CHECKING:
    from gatepost.adapters.openclaw.explain.explanation import Explanation
    from gatepost.adapters.openclaw.explain.files import Source
    from gatepost.adapters.openclaw.explain.fixes import Value
    from gatepost.adapters.openclaw.explain.gates import Gate


def explained(found: "Explanation", read: "Source", baseline: str = "HASH") -> list[Item]:
    """The verdict, every gate, every blocker with the words the agent reads, one block to type."""
    wish = found.wish
    who = f"{wish.sender} → {wish.target}" + (" (sandboxed)" if wish.sandboxed else "")
    answer = "allow" if found.allowed else "deny"
    return [
        f"{answer}  sessions_send  {who}",
        labelled("config", f"{read.path}   ({read.because})"),
        labelled("release", f"{found.given.release.name}   ({read.basis})"),
        "",
        Table(("gate", "value", "from", ""), [_row(gate) for gate in found.gates]),
        *_blockers(found),
        *_typed(found, baseline),
        *_warned(found),
    ]


def _row(gate: "Gate") -> tuple[str, str, str, str]:
    return gate.key, shown(gate.effective), gate.origin, "shut" if gate.error else "open"


def shown(value: "Value") -> str:
    """A value as it stands in the file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(value) + "]" if value else "not set"
    return value


def _blockers(found: "Explanation") -> Iterator[Item]:
    for gate in found.blockers:
        yield ""
        yield f"✗ {gate.key}"
        yield labelled("error", gate.error)


def _typed(found: "Explanation", baseline: str) -> Iterator[Item]:
    if found.commands:
        yield from ("", "type", *(f"  {line}" for line in found.commands))
    if change := found.patch(baseline):
        yield from (
            "",
            "or all at once, with the hash that `openclaw gateway call config.get` gives",
        )
        yield f"  {change}"


def _warned(found: "Explanation") -> Iterator[Item]:
    for at, one in enumerate(found.warnings):
        yield from ([""] if at == 0 else [])
        yield labelled("stops" if one.stops else "note", one.text)
