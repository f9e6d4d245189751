"""Serving agents over streamable HTTP: `/mcp` on the agents' socket.

The door has checked Host, Origin and token before; who speaks is the token's agent. Each request
stands alone, as the newest revision of the protocol has it and older ones allow, so there is no
session to steal, to lose in a restart or to clean up.
"""

from collections.abc import Callable

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Receive, Scope, Send

from gatepost.api.mcp.calls import Tools
from gatepost.api.mcp.server import Context, build

BODY_MAX = 1024 * 1024


class Streamable:
    """The endpoint. `tools` gives an agent's tools."""

    def __init__(self, tools: Callable[[str], Tools]) -> None:
        self._tools = tools

    async def serve(self, speaker: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request of the agent `speaker`."""
        tools = self._tools(speaker)

        async def agent(ctx: Context) -> tuple[str, Tools]:
            return speaker, tools

        manager = StreamableHTTPSessionManager(
            build(agent), stateless=True, json_response=True, max_request_body_size=BODY_MAX
        )
        async with manager.run():
            await manager.handle_request(scope, receive, send)
