"""Putting an agent's tools into the settings of the program it lives in, seen before it is done."""

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from gatepost.cli.agreeing import agreed, put_aside
from gatepost.cli.call import Call
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from gatepost.config.clients import ClientFile


def client(name: str) -> "ClientFile":
    """A client by its name. Raises `usage.invalid`, with those there are."""
    from gatepost.config.clients import CLIENTS

    if name not in CLIENTS:
        why = f"there are {', '.join(CLIENTS)}"
        raise GatepostError(
            "usage.invalid", what=f"there is no client `{name}`", why=why, command="agents add"
        )
    return CLIENTS[name]


def introduce(call: Call, agent: str, name: str, sure: bool) -> None:
    """Show what changes in the client's settings; write it when it is agreed to."""
    from gatepost.config.clients import with_entry
    from gatepost.config.files import write

    found = client(name)
    path = found.place(Path.home(), Path.cwd())
    old = path.read_text() if path.exists() else ""
    command = [sys.executable, "-m", "gatepost", "mcp", "--as", agent]
    command += ["--home", str(call.layout().home)]
    new = with_entry(found, old, str(path), command)
    if new == old:
        call.screen.labelled("client", f"{path} has it already")
        return
    change = difflib.unified_diff(
        old.splitlines(), new.splitlines(), str(path), str(path), lineterm="", n=2
    )
    call.screen.say("", *change, "")
    if not sure and not agreed(call, str(path)):
        call.screen.labelled("client", f"{path} is as it was")
        return
    kept = put_aside(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write(path, new)
    call.screen.labelled("client", f"{path} starts the tools of {agent}; restart {name}")
    call.screen.labelled("undo", f"cp {kept} {path}" if kept else f"rm {path}")
