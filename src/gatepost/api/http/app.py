"""The application: one door, two routers.

Which surface a request is for was decided by the socket it came in on.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Route, Router, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from gatepost import __version__
from gatepost.api.http import agent_routes, mcp, operator_routes, tools
from gatepost.api.http.answers import raised, refuse
from gatepost.api.http.door import MCP, Door, Surface
from gatepost.api.http.events import EventStream
from gatepost.api.http.holders import Holders
from gatepost.api.http.inside import Inside
from gatepost.api.http.openapi import Document, Extra
from gatepost.api.http.operations import Endpoint, Operation
from gatepost.api.http.socket import Sockets
from gatepost.errors import GatepostError

_EVENTS = Extra("/v1/events", "What happens, as server-sent events")
_SOCKET = Extra("/v1/socket", "The fast lane: a WebSocket of many calls a frame")
_MCP = Extra(MCP, "The agent's tools over MCP, streamable HTTP", ("get", "post", "delete"))
_TOOLS = Extra(tools.PATH, "Call one of the agent's tools", ("post",))
_DOCUMENT = Extra("/v1/openapi.json", "This document")


class App:
    """The ASGI application. `operator_token`: operators need one even on their own socket."""

    def __init__(self, inside: Inside, *, operator_token: bool) -> None:
        self._inside = inside
        self._closing = asyncio.Event()
        self.holders = Holders()
        self._sockets = Sockets(inside, self.holders)
        box = tools.ToolBox(inside, self.holders)
        self.routers = {
            Surface.agent: _Surface(
                [
                    *self._rows("Gatepost, agents", agent_routes.OPERATIONS, _SOCKET, _MCP, _TOOLS),
                    WebSocketRoute(_SOCKET[0], self._sockets),
                    _route(tools.PATH, tools.ToolCalls(inside, box), "POST"),
                    Route(MCP, mcp.Mcp(inside, box), methods=["GET", "POST", "DELETE"]),
                ]
            ),
            Surface.operator: _Surface(
                self._rows("Gatepost, operators", operator_routes.OPERATIONS)
            ),
        }
        self._door = Door(
            inside,
            self.routers[Surface.agent],
            self.routers[Surface.operator],
            operator_token=operator_token,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        try:
            await self._door(scope, receive, send)
        except OSError:
            raise  # who called is gone
        except Exception as fault:
            raised(fault)

    @property
    def open_sockets(self) -> int:
        """How many agents' sockets are open."""
        return self._sockets.open

    def close(self) -> None:
        """End everything that waits; the node stops."""
        self._closing.set()

    def _rows(self, title: str, rows: Sequence[Operation[Any]], *extra: Extra) -> list[BaseRoute]:
        events = EventStream(self._inside, self._closing)
        document = Document(title, __version__, rows, (_EVENTS, _DOCUMENT, *extra))
        return [
            *(_route(row.path, self._endpoint(row), row.method) for row in rows),
            _route(_EVENTS[0], events),
            _route(_DOCUMENT[0], document),
        ]

    def _endpoint(self, row: Operation[Any]) -> Endpoint:
        return Endpoint(
            row, self._inside, self._closing, self._sockets.revoked, self.holders.polled
        )


class _Surface:
    """One surface's router; what it does not know is an error of the catalogue like any other."""

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        self.routes = routes
        self._router = Router(routes, redirect_slashes=False, default=_unknown)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["app"] = self
        try:
            await self._router(scope, receive, send)
        except HTTPException as fault:
            error = GatepostError("call.unknown", why=f"not with {scope['method']}")
            allow = (fault.headers or {}).get("Allow", "")
            await refuse(scope, send, error, 405, [(b"allow", allow.encode())])


async def _unknown(scope: Scope, receive: Receive, send: Send) -> None:
    await refuse(scope, send, GatepostError("call.unknown", why=f"there is no {scope['path']}"))


def _route(path: str, endpoint: ASGIApp, method: str = "GET") -> Route:
    return Route(path, endpoint, methods=[method])
