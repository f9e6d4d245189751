"""Serving one agent over stdin and stdout, as clients start it."""

from mcp.server.stdio import stdio_server

from gatepost.api.mcp.calls import Mailbox, Tools
from gatepost.api.mcp.server import Context, build


async def serve(mailbox: Mailbox, prefix: str = "") -> None:
    """Serve until the client closes stdin. The agent is the mailbox's, whatever is asked."""
    tools = Tools(mailbox, prefix)

    async def agent(ctx: Context) -> tuple[str, Tools]:
        return mailbox.agent, tools

    server = build(agent, prefix)
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())
