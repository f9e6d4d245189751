"""The first screen: what there is to type, by intent."""

import textwrap
from pathlib import Path

from gatepost.core.views import NodeStatus

INTENT, WORD, TEXT = 11, 10, 34

GROUPS: dict[str, tuple[tuple[str, str], ...]] = {
    "Talk": (
        ("send", "give a message to an agent"),
        ("ask", "…and wait for its answer"),
        ("delegate", "hand work to an agent"),
        ("reply", "answer what came in"),
        ("inbox", "what has come in"),
        ("check", "how one stands"),
        ("cancel", "take one back"),
    ),
    "Look": (
        ("status", "is all well?"),
        ("explain", "why, or why not"),
        ("messages", "find one, retry it, end it"),
        ("agents", "who is here, who is there"),
        ("holds", "what waits for your yes"),
        ("log", "watch it happen"),
    ),
    "Connect": (
        ("peers", "invite, accept, ping, block"),
        ("policy", "who may do what"),
        ("openclaw", "why its agents reach each other"),
    ),
    "Keep": (
        ("init", "make a node"),
        ("start", "run it"),
        ("pause", "hold everything back"),
        ("resume", "go on"),
        ("keys", "who this node is"),
        ("tokens", "let a program speak as an agent"),
        ("mcp", "an agent's tools, for its client"),
        ("config", "settings and where they come from"),
        ("doctor", "find faults, mend the safe ones"),
    ),
}


def screen(width: int) -> list[str]:
    """All words of the command line, grouped, in two columns where they fit; nothing else."""
    about = "gatepost: agents on different machines message, ask and delegate to each other"
    columns = 2 if width >= INTENT + 2 * (WORD + TEXT) else 1
    lines = [*textwrap.wrap(about, width), ""]
    for intent, several in GROUPS.items():
        for at in range(0, len(several), columns):
            row = "".join(
                f"{word:<{WORD}}{text:<{TEXT}}" for word, text in several[at : at + columns]
            )
            lines.append(f"{intent if at == 0 else '':<{INTENT}}{row}".rstrip())
        lines.append("")
    return [*lines, "gatepost WORD --help shows examples."]


def standing(home: Path, found: NodeStatus | None) -> list[str]:
    """Whether there is a node to speak to, and whether it needs somebody."""
    if found is not None:
        needs = f"  {len(found.needs_you)} need you: gatepost status" if found.needs_you else ""
        return [f"node  {found.name}  {found.state}  {home}{needs}"]
    if (home / "gatepost.toml").exists():
        return [f"home  {home}", "next  gatepost start"]
    return [
        "",
        f"no node in {home} yet",
        "next    gatepost init --name NAME --listen 127.0.0.1:7443",
    ]
