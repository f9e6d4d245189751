"""`gatepost mcp`: the tools of one agent on stdin and stdout, for a client that starts them."""

from typing import Annotated

import typer

from gatepost.cli.call import Call
from gatepost.cli.command import command
from gatepost.errors import GatepostError


def register(app: typer.Typer) -> None:
    """Add mcp to the command line."""
    command(app, "mcp", "mcp --as main", "mcp --as main --prefix gatepost_", speaks=True)(mcp)


def mcp(
    call: Call,
    prefix: Annotated[
        str,
        typer.Option(
            "--prefix",
            metavar="WORD",
            help="Put before each tool's name, for clients that keep the tools of different "
            "servers in one heap.",
        ),
    ] = "",
) -> int:
    """Serve an agent's tools over MCP on stdin and stdout; ends when stdin closes.

    Not for people: a coding agent or another client starts it and speaks the protocol.
    """
    try:
        from gatepost.api.mcp.stdio import serve
    except ModuleNotFoundError as missing:
        raise GatepostError("mcp.missing", why=f"there is no {missing.name}") from missing
    if call.screen.live and not call.screen.piped:
        call.hint("hint", "a client starts this and speaks JSON on stdin; Ctrl-D ends it")
    call.as_agent(lambda mailbox: serve(mailbox, prefix))
    return 0
