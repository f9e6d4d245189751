"""`/mcp`: an agent's tools for clients that speak MCP over HTTP.

What the tools do is `api.mcp`; an agent's are put together in `tools`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from starlette.types import Receive, Scope, Send

from gatepost.api.http.answers import refuse
from gatepost.api.http.door import Caller, State
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from gatepost.api.http.inside import Inside
    from gatepost.api.http.tools import ToolBox
    from gatepost.api.mcp.http import Streamable


class Mcp:
    """The endpoint. The SDK behind it is loaded when somebody asks for the first time."""

    def __init__(self, inside: Inside, box: ToolBox) -> None:
        self._inside = inside
        self._box = box
        self._streamable: Streamable | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        state = cast(State, scope["state"])
        caller = state.get("caller", Caller())
        try:
            self._inside.desk(caller.agent)
            streamable = self._load()
        except GatepostError as error:
            await refuse(scope, send, error)
            return
        await streamable.serve(caller.agent, scope, receive, send)

    def _load(self) -> Streamable:
        if self._streamable is None:
            try:
                from gatepost.api.mcp.http import Streamable
            except ModuleNotFoundError as missing:
                raise GatepostError("mcp.missing", why=f"there is no {missing.name}") from missing
            self._streamable = Streamable(self._box.of)
        return self._streamable
