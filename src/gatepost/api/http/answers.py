"""Answers of the local API: JSON from typed data, errors as the catalogue's report.

No answer carries a CORS header, and none may be cached or guessed to be another type than it
says.
"""

import asyncio
from collections.abc import Iterable

import msgspec
from starlette.types import Scope, Send

from gatepost.errors import GatepostError

_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


async def answer(
    send: Send, data: object, status: int = 200, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Answer with `data` as JSON."""
    body = msgspec.json.encode(data)
    length = (b"content-length", str(len(body)).encode())
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*_HEADERS, length, *headers],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def refuse(
    scope: Scope,
    send: Send,
    error: GatepostError,
    status: int | None = None,
    headers: Iterable[tuple[bytes, bytes]] = (),
) -> None:
    """Answer with an error; also in place of a WebSocket."""
    status = status or error.http_status
    if scope["type"] == "http":
        await answer(send, error.report(), status, headers)
        return
    body = msgspec.json.encode(error.report())
    start = {"type": "websocket.http.response.start", "status": status, "headers": _HEADERS}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": body})


def raised(fault: Exception) -> None:
    """What we did not expect broke a step of the node in the middle: whoever owns it is told."""
    context = {"message": "the local API made a mistake", "exception": fault}
    asyncio.get_running_loop().call_exception_handler(context)


def as_error(fault: Exception) -> GatepostError:
    """Say a fault as an error of the catalogue.

    What we did not expect is a mistake of ours.
    """
    if isinstance(fault, GatepostError):
        return fault
    if isinstance(fault, msgspec.DecodeError):
        return GatepostError("usage.invalid", why=str(fault))
    raised(fault)
    return GatepostError("bug.internal", why=type(fault).__name__)
