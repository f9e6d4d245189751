"""`GET /v1/socket`: the fast lane of one agent, many calls a frame.

Frames are `core.calls`, what the calls do is `session`.

All answers of one turn of the loop leave in one frame. An error in one call answers that call; a
frame that is no frame is answered with `n` 0; either way the socket lives on. While the client
does not read what it is told, nothing more is read from it; when what it is told exceeds the
bound, it is cut off. A token that is taken back ends its sockets.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import msgspec
from starlette.types import Receive, Scope, Send

from gatepost.api.http.answers import as_error, refuse
from gatepost.api.http.door import Caller, State
from gatepost.api.http.holders import Holders
from gatepost.api.http.inside import Inside
from gatepost.api.http.outgoing import Outgoing
from gatepost.api.http.session import Session
from gatepost.core.calls import Call
from gatepost.errors import GatepostError

_FRAME = msgspec.json.Decoder(list[Call])
_TURN = 64
"""Calls taken in one turn of the loop, as many as a link's frame holds entries.

What they wrote is committed and sent on while the next are taken, so that the nodes on the way work
at the same time and not one after the other.
"""


class Sockets:
    """The endpoint; knows all open sockets."""

    def __init__(self, inside: Inside, holders: Holders) -> None:
        self._inside = inside
        self._holders = holders
        self._open: set[_Socket] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one socket until it ends."""
        state = cast(State, scope["state"])
        caller = state.get("caller", Caller())
        try:
            self._inside.desk(caller.agent)
        except GatepostError as error:
            await refuse(scope, send, error)
            return
        socket = _Socket(self._inside, self._holders, caller, state["abort"])
        self._open.add(socket)
        try:
            await socket.serve(receive, send)
        finally:
            self._open.discard(socket)

    @property
    def open(self) -> int:
        """How many are open."""
        return len(self._open)

    def revoked(self) -> None:
        """Tokens changed: cut off every socket whose token no longer speaks for its agent."""
        for socket in tuple(self._open):
            caller = socket.caller
            if self._inside.tokens.agent_of(caller.token) != caller.agent:
                socket.cut()


class _Socket:
    """One accepted socket."""

    def __init__(
        self, inside: Inside, holders: Holders, caller: Caller, cut: Callable[[], None]
    ) -> None:
        self.caller = caller
        self.cut = cut
        self._inside = inside
        self._holders = holders
        self._out = Outgoing(cut)

    async def serve(self, receive: Receive, send: Send) -> None:
        """Accept, then read calls until the client is gone."""
        await receive()
        named = (b"gatepost-agent", self.caller.agent.encode())
        await send({"type": "websocket.accept", "headers": [named]})
        async with asyncio.TaskGroup() as group:
            session = Session(self._inside, self._holders, self.caller.agent, self._out, group)
            writing = group.create_task(self._out.run(send))
            try:
                await self._read(receive, session)
            finally:
                self._out.close()
                session.end()
                writing.cancel()

    async def _read(self, receive: Receive, session: Session) -> None:
        out = self._out
        while True:
            message = await receive()
            if message["type"] != "websocket.receive":
                return
            for taken, call in enumerate(self._calls(message.get("text")), 1):
                if out.full:
                    await out.drained()
                session.take(call)
                if taken % _TURN == 0:
                    await asyncio.sleep(0)

    def _calls(self, text: str | None) -> list[Call]:
        try:
            if text is None:
                raise GatepostError("usage.invalid", why="a frame is JSON text, not binary")
            return _FRAME.decode(text)
        except (GatepostError, msgspec.DecodeError) as fault:
            self._out.put(0, "error", as_error(fault).report())
            return []
