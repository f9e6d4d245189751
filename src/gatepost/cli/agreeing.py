"""Changing a file of another program: only when a person agrees, and what was there is kept."""

from pathlib import Path

from gatepost.cli.call import Call
from gatepost.errors import GatepostError


def agreed(call: Call, path: str) -> bool:
    """Ask whether a file may be changed. Raises `usage.invalid` when nobody is there to say."""
    if not call.screen.live:
        raise GatepostError(
            "usage.invalid", what=f"{path} would be changed", why="nobody is here to agree: --yes"
        )
    return call.screen.prompt(f"change {path}? [y/N]").strip().lower() in ("y", "yes")


def put_aside(path: Path) -> Path | None:
    """Keep a file as it is beside itself; where. None when there is none."""
    if not path.exists():
        return None
    from gatepost.config.files import write

    kept = path.with_name(f"{path.name}.before-gatepost")
    write(kept, path.read_text())
    return kept
