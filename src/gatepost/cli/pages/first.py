"""The first screen: what there is to type, by intent."""

from pathlib import Path

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
        ("messages", "find one, see its timeline"),
        ("agents", "who is here, who is there"),
        ("log", "watch it happen"),
    ),
    "Connect": (
        ("peers", "invite, accept, look after, block"),
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
        ("mcp", "an agent's tools, for a client that starts them"),
        ("config", "settings, and where they come from"),
        ("doctor", "find faults, mend the safe ones"),
    ),
}


def screen() -> list[str]:
    """All words of the command line, grouped; nothing else."""
    lines: list[str] = [
        "gatepost: agents on different machines message, ask and delegate to each other",
        "",
    ]
    for intent, several in GROUPS.items():
        for at in range(0, len(several), 2):
            pair = "".join(f"{word:<10}{text:<35}" for word, text in several[at : at + 2])
            lines.append(f"{intent if at == 0 else '':<11}{pair}".rstrip())
        lines.append("")
    return [*lines, "gatepost WORD --help shows examples."]


def standing(home: Path) -> list[str]:
    """Whether there is a node to speak to."""
    if (home / "gatepost.toml").exists():
        return [f"home  {home}"]
    return [
        "",
        f"no node in {home} yet",
        "next    gatepost init --name NAME --listen 127.0.0.1:7443",
    ]
