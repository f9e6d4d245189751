"""Operations: the rows of the route table, and the one endpoint that serves them all.

A row says method, path, what it takes and gives, and which function does it. The endpoint reads
the request into the typed body (or query), calls the function and writes its result; a row that
waits also watches for the client hanging up and for the node stopping, and ends at whichever
comes first. The OpenAPI document is made from the same rows.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import msgspec
from starlette.types import Receive, Scope, Send

from gatepost.api.http.answers import answer, as_error, refuse
from gatepost.api.http.door import Caller, State
from gatepost.api.http.inside import Inside
from gatepost.api.http.numbers import check_of
from gatepost.api.http.query import read_query
from gatepost.api.http.waiting import first_of, hang_up
from gatepost.core.calls import MAX_CALL
from gatepost.errors import GatepostError

BodyT = TypeVar("BodyT", bound=msgspec.Struct)

_HEARD_OUT = 16 * MAX_CALL
_GONE = object()


@dataclass(frozen=True, slots=True)
class Given(Generic[BodyT]):
    """One request, read: the node, who asks, the names in the path and the body or query.

    `polled` notes that an agent's mailbox was claimed by polling.
    """

    inside: Inside
    caller: Caller
    path: Mapping[str, str]
    body: BodyT
    polled: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Operation(Generic[BodyT]):
    """One row. `takes` is the body of a POST or PUT, else the query; `gives` is the answer."""

    method: str
    path: str
    says: str
    takes: type[BodyT]
    gives: Any
    does: Callable[[Given[BodyT]], Awaitable[object]]
    waits: bool = False
    revokes: bool = False

    @property
    def has_body(self) -> bool:
        """True when `takes` is read from the body."""
        return self.method in ("POST", "PUT")


class Endpoint:
    """An operation as an ASGI application."""

    def __init__(
        self,
        operation: Operation[Any],
        inside: Inside,
        closing: asyncio.Event,
        revoked: Callable[[], None],
        polled: Callable[[str], None],
    ) -> None:
        self._operation = operation
        self._inside = inside
        self._closing = closing
        self._revoked = revoked
        self._polled = polled
        self._body = msgspec.json.Decoder(operation.takes)
        self._check = check_of(operation.takes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read, do, answer."""
        try:
            result = await self._result(scope, receive)
        except Exception as fault:
            await refuse(scope, send, as_error(fault))
            return
        if result is not _GONE:
            await answer(send, result)

    async def _result(self, scope: Scope, receive: Receive) -> object:
        operation = self._operation
        if operation.has_body:
            body = self._body.decode(await read_body(receive) or b"{}")
        else:
            body = read_query(scope["query_string"], operation.takes)
        self._check(body)
        caller = cast(State, scope["state"]).get("caller", Caller())
        given = Given(self._inside, caller, scope["path_params"], body, self._polled)
        if operation.waits:
            return await self._wait(operation.does(given), receive)
        result = await operation.does(given)
        if operation.revokes:
            self._revoked()
        return result

    async def _wait(self, doing: Awaitable[object], receive: Receive) -> object:
        """The first of: the result, the client hanging up, the node stopping."""
        result: object = _GONE

        async def work() -> None:
            nonlocal result
            try:
                result = await doing
            except Exception as fault:
                result = as_error(fault)

        ended = await first_of(work(), hang_up(receive), self._closing.wait())
        if ended == 2:
            raise GatepostError("node.not_running", why="the node is stopping")
        if isinstance(result, GatepostError):
            raise result
        return result


async def read_body(receive: Receive) -> bytes:
    """The whole body, at most MAX_CALL bytes. Raises `message.too_large`.

    What is too large is still heard to its end (within reason): who is cut off in the middle of
    speaking never hears why.
    """
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise GatepostError("usage.invalid", why="the body ended early")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_CALL:
            chunks.append(chunk)
        if not message.get("more_body", False) or size > _HEARD_OUT:
            break
    if size > MAX_CALL:
        raise GatepostError("message.too_large", why=f"a body may hold {MAX_CALL} bytes")
    return b"".join(chunks)
