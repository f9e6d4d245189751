"""The door: who may come in, decided before any route is looked at.

In order: the `Host` must be one of ours (against DNS rebinding), no `Origin` may be named (a
browser names one; no web page has business here, but for MCP, whose clients may be pages of this
very address), a token must belong to this surface, and a body must say that it is JSON (which no
plain form can). Tokens are read from the `Authorization` header alone: never from a URL or a
cookie. A token of the other surface is refused even where none would be needed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import NotRequired, TypedDict, cast

from starlette.types import ASGIApp, Receive, Scope, Send

from gatepost.api.http.answers import refuse
from gatepost.api.http.inside import Inside
from gatepost.errors import GatepostError

MCP = "/mcp"
"""Where agents' tools are served."""


class Surface(Enum):
    """Whom a socket is for."""

    agent = "agent"
    operator = "operator"


@dataclass(frozen=True, slots=True)
class Listening:
    """One socket: whom it is for, the Host values it answers to.

    `same_user` says that reaching it proves to be the node's own user.
    """

    surface: Surface
    hosts: frozenset[str]
    same_user: bool


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: an agent, or (empty) the operator; and the token it showed."""

    agent: str = ""
    token: str = ""


class State(TypedDict):
    """What the listener and the door leave in a request's scope."""

    listening: Listening
    abort: Callable[[], None]
    caller: NotRequired[Caller]


class Door:
    """ASGI middleware in front of both routers."""

    def __init__(
        self, inside: Inside, agent: ASGIApp, operator: ASGIApp, *, operator_token: bool
    ) -> None:
        self._inside = inside
        self._agent = agent
        self._operator = operator
        self._operator_token = operator_token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or refuse it with an error of the catalogue."""
        state = cast(State, scope["state"])
        listening = state["listening"]
        headers = _Headers(scope["headers"])
        try:
            _check_origin(headers, listening, scope["path"] == MCP)
            state["caller"] = self._caller(headers.token(), listening)
            if scope["type"] == "http":
                _check_body(headers, scope["method"])
        except GatepostError as error:
            await refuse(scope, send, error)
            return
        app = self._agent if listening.surface is Surface.agent else self._operator
        await app(scope, receive, send)

    def _caller(self, token: str, listening: Listening) -> Caller:
        if listening.surface is Surface.agent:
            agent = self._inside.tokens.agent_of(token) if token else None
            if agent is None:
                raise GatepostError("auth.refused", why=_why(token, "an agent's token"))
            return Caller(agent, token)
        if token:
            if self._inside.tokens.is_operator(token):
                return Caller(token=token)
        elif listening.same_user and not self._operator_token:
            return Caller()
        raise GatepostError("auth.refused", why=_why(token, "an operator's token"))


class _Headers:
    """The few headers that matter here; a header given twice counts as wrong."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[bytes, list[bytes]] = {}
        for name, value in raw:
            self._values.setdefault(name.lower(), []).append(value)

    def one(self, name: bytes) -> str | None:
        """The value of a header; None without it. Raises `usage.invalid` when it is there twice."""
        values = self._values.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise GatepostError("usage.invalid", why=f"two {name.decode()} headers")
        return values[0].decode("latin-1").strip()

    def token(self) -> str:
        """The bearer token; empty without one."""
        value = self.one(b"authorization")
        if value is None:
            return ""
        scheme, _, token = value.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise GatepostError(
                "auth.refused", why="the Authorization header is not `Bearer TOKEN`"
            )
        return token.strip()


def _check_origin(headers: _Headers, listening: Listening, own: bool) -> None:
    host = headers.one(b"host")
    if host is None or host.lower() not in listening.hosts:
        raise GatepostError("call.foreign", why="the Host header names another server")
    origin = headers.one(b"origin")
    if origin is not None:
        page = origin.lower().removeprefix("http://")
        if not own or page not in listening.hosts:
            raise GatepostError("call.foreign", why="it comes from a web page")


def _check_body(headers: _Headers, method: str) -> None:
    if method not in ("POST", "PUT", "PATCH"):
        return
    kind = (headers.one(b"content-type") or "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise GatepostError("usage.invalid", why="the content type must be application/json")


def _why(token: str, wanted: str) -> str:
    return f"this socket wants {wanted}" if token else f"no token; this socket wants {wanted}"
