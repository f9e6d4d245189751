"""Plain HTTP/1.1 over the node's Unix socket: one request a connection, JSON both ways.

For an operator's few calls this is quicker to load than any HTTP library; `httptools` reads the
answers.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import TypeVar
from urllib.parse import urlencode

import httptools
import msgspec

from gatepost.errors import GatepostError, Report
from gatepost.sdk.finding import Place, no_text, not_running, reach

_T = TypeVar("_T")
_REPORT = msgspec.json.Decoder(Report)
_PIECE = 65536


class Http:
    """Requests to one socket. `patience`: how many seconds an answer may take beyond its wait."""

    def __init__(self, place: Place, patience: float) -> None:
        self._place = place
        self._patience = patience

    async def get(self, path: str, gives: type[_T], wait: float = 0.0, **query: object) -> _T:
        """GET; the node may take `wait` seconds to answer. Empty values are left out."""
        return await self.call("GET", with_query(path, query), None, gives, wait)

    async def maybe(self, path: str, gives: type[_T], wait: float, **query: object) -> _T | None:
        """GET something that may not be there (yet)."""
        data = await self._body("GET", with_query(path, query), None, wait)
        return None if data == b"null" else msgspec.json.decode(data, type=gives)

    async def call(
        self, method: str, target: str, body: object, gives: type[_T], wait: float = 0.0
    ) -> _T:
        """Any request. Raises the error the node answers with, and `node.not_running`."""
        return msgspec.json.decode(await self._body(method, target, body, wait), type=gives)

    async def _body(self, method: str, target: str, body: object, wait: float) -> bytes:
        try:
            async with asyncio.timeout(self._patience + wait):
                return b"".join([piece async for piece in self.pieces(method, target, body)])
        except TimeoutError as fault:
            raise GatepostError("node.not_running", what="the node does not answer") from fault

    async def pieces(self, method: str, target: str, body: object) -> AsyncIterator[bytes]:
        """The body of the answer as it comes. Raises as `call` does."""
        reader, writer = await asyncio.open_unix_connection(sock=reach(self._place))
        answer = _Answer()
        try:
            writer.write(self._request(method, target, body))
            while not answer.complete:
                data = await reader.read(_PIECE)
                if not data:
                    raise not_running(self._place)
                answer.feed(data)
                if answer.ok:
                    yield answer.take()
            if not answer.ok:
                raise answer.error()
        except ConnectionError as fault:
            raise not_running(self._place, fault) from fault
        finally:
            writer.close()

    def _request(self, method: str, target: str, body: object) -> bytes:
        try:
            data = b"" if body is None else msgspec.json.encode(body)
        except UnicodeEncodeError as fault:
            raise no_text(fault) from fault
        head = [f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close"]
        head.append(f"Content-Length: {len(data)}")
        if body is not None:
            head.append("Content-Type: application/json")
        if self._place.token:
            head.append(f"Authorization: Bearer {self._place.token}")
        return "\r\n".join([*head, "", ""]).encode() + data


class _Answer:
    """One answer, as far as it has come."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()
        self.complete = False

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self.complete = True

    @property
    def ok(self) -> bool:
        return self._parser.get_status_code() == 200

    def take(self) -> bytes:
        data = bytes(self._body)
        self._body.clear()
        return data

    def error(self) -> GatepostError:
        try:
            return _REPORT.decode(self._body).error()
        except msgspec.DecodeError:
            status = self._parser.get_status_code()
            return GatepostError("bug.unknown_error", why=f"the node answered with {status}")


def with_query(path: str, query: dict[str, object]) -> str:
    """A target with its query; what is empty is left out."""
    known = {name: _text(value) for name, value in query.items() if value not in ("", None, False)}
    return f"{path}?{urlencode(known)}" if known else path


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
