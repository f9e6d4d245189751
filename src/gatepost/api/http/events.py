"""`GET /v1/events`: what happens, as server-sent events, until the client hangs up.

An agent sees only events of its own messages. `Last-Event-ID` brings what was missed, as far as
the node still knows it. A client that reads more slowly than things happen is let go at 1,000
waiting events: it may come back with its last id.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import cast

import msgspec
from starlette.types import Receive, Scope, Send

from gatepost.api.http.answers import as_error, refuse
from gatepost.api.http.door import Caller, State
from gatepost.api.http.inside import Events, Inside
from gatepost.api.http.query import read_query
from gatepost.api.http.waiting import first_of, hang_up
from gatepost.core.views import Event
from gatepost.errors import GatepostError

_WAITING = 1000
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


class EventQuery(msgspec.Struct, frozen=True):
    """Begin with the `recent` latest events; `follow` goes on with what happens from now on."""

    recent: int = 0
    follow: bool = True


class EventStream:
    """The endpoint."""

    def __init__(self, inside: Inside, closing: asyncio.Event) -> None:
        self._inside = inside
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the client or the node goes, or the client falls behind."""
        state = cast(State, scope["state"])
        agent = state.get("caller", Caller()).agent
        try:
            query = read_query(scope["query_string"], EventQuery)
            hub = self._inside.events
        except (GatepostError, msgspec.DecodeError) as fault:
            await refuse(scope, send, as_error(fault))
            return
        queue = _Queue(lambda event: not agent or (event.agent == agent and bool(event.message)))
        stop = hub.subscribe(queue.put)
        try:
            _catch_up(queue, hub, query.recent, _last_id(scope))
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            if query.follow:
                await self._stream(queue, receive, send, state)
            else:
                await send({"type": "http.response.body", "body": _text(queue.all())})
        finally:
            stop()

    async def _stream(self, queue: "_Queue", receive: Receive, send: Send, state: State) -> None:
        ended = await first_of(
            _write(queue, send), hang_up(receive), self._closing.wait(), queue.overrun.wait()
        )
        if ended == 2:
            await send({"type": "http.response.body", "body": b""})
        elif ended == 3:
            state["abort"]()


class _Queue:
    """Events that wait to be written, bounded."""

    def __init__(self, wanted: Callable[[Event], bool]) -> None:
        self._wanted = wanted
        self._events: deque[Event] = deque()
        self._news = asyncio.Event()
        self.overrun = asyncio.Event()

    def put(self, event: Event) -> None:
        if not self._wanted(event):
            return
        if len(self._events) >= _WAITING:
            self.overrun.set()
            return
        self._events.append(event)
        self._news.set()

    def all(self) -> list[Event]:
        """All that wait; they wait no more."""
        events = list(self._events)
        self._events.clear()
        return events

    async def take(self) -> list[Event]:
        """All that wait; at least one."""
        await self._news.wait()
        self._news.clear()
        return self.all()


def _catch_up(queue: _Queue, hub: Events, recent: int, last: int | None) -> None:
    wanted = _WAITING if last is not None else min(max(recent, 0), _WAITING)
    for event in hub.recent(wanted) if wanted else ():
        if last is None or event.n > last:
            queue.put(event)


async def _write(queue: _Queue, send: Send) -> None:
    await send({"type": "http.response.body", "body": b": gatepost\n\n", "more_body": True})
    while True:
        text = _text(await queue.take())
        await send({"type": "http.response.body", "body": text, "more_body": True})


def _text(events: list[Event]) -> bytes:
    return b"".join(
        b"id: %d\nevent: %s\ndata: %s\n\n"
        % (event.n, event.kind.encode(), msgspec.json.encode(event))
        for event in events
    )


def _last_id(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"last-event-id" and value.isdigit():
            return int(value)
    return None
