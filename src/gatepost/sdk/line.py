"""One connection to `/v1/socket`: WebSocket frames of many calls over a Unix socket.

Calls made in one turn of the loop leave in one frame (frames grow to 1 MiB, then another begins).
It knows nothing of what calls mean and never reconnects: a line that broke is done with, and says
so once.
"""

import asyncio
from collections.abc import Callable
from typing import cast

import msgspec
from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import OPEN
from websockets.uri import parse_uri

from gatepost.core.calls import MAX_CALL, Reply
from gatepost.errors import GatepostError, Report
from gatepost.sdk.finding import Place, no_text, not_running, reach

_URI = parse_uri("ws://localhost/v1/socket")
_LARGEST = 64 * 1024 * 1024
_OPENING = 10.0
_ENCODER = msgspec.json.Encoder()
_REPLIES = msgspec.json.Decoder(list[Reply])
_REPORT = msgspec.json.Decoder(Report)


class Line(asyncio.Protocol):
    """An open socket. `heard` gets the replies of each frame, `lost` is called once at its end.

    `agent` is who the token speaks for, as the node says; `gone` is True once the line broke.
    """

    def __init__(
        self, token: str, heard: Callable[[list[Reply]], None], lost: Callable[["Line"], None]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._heard = heard
        self._lost = lost
        self._protocol = ClientProtocol(_URI, max_size=_LARGEST)
        self._token = token
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._frame = bytearray(b"[")
        self._scheduled = False
        self._pieces: list[bytes] = []
        self.gone = False
        self.agent = ""

    @classmethod
    async def open(
        cls, place: Place, heard: Callable[[list[Reply]], None], lost: Callable[["Line"], None]
    ) -> "Line":
        """Connect. Raises `node.not_running`, `auth.refused`, `call.foreign`."""
        connection = reach(place)
        line = cls(place.token, heard, lost)
        loop = asyncio.get_running_loop()
        await loop.create_unix_connection(lambda: line, sock=connection)
        try:
            async with asyncio.timeout(_OPENING):
                await line._opened
        except (TimeoutError, WebSocketException, EOFError, OSError) as fault:
            line.close()
            raise _refusal(fault) or not_running(place) from fault
        return line

    def send(self, n: int, op: str, body: object) -> None:
        """Send a call with the others of this turn.

        Raises `message.too_large`, and `usage.invalid` for text that cannot be written.
        """
        frame = self._frame
        size = len(frame)
        try:
            _ENCODER.encode_into((n, op, body), frame, -1)
        except UnicodeEncodeError as fault:
            del frame[size:]
            raise no_text(fault) from fault
        if len(frame) - size > MAX_CALL:
            del frame[size:]
            raise GatepostError("message.too_large", why=f"a call may hold {MAX_CALL} bytes")
        frame += b","
        if len(frame) > MAX_CALL:
            self._flush()
        elif not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._flush)

    def close(self) -> None:
        """Say goodbye after what was sent. `lost` is not called any more."""
        self._lost = _nothing
        self._flush()
        if self._transport is not None:
            if self._protocol.state is OPEN:
                self._protocol.send_close(1000)
                self._write()
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        self._transport = cast(asyncio.Transport, transport)
        request = self._protocol.connect()
        request.headers["Authorization"] = f"Bearer {self._token}"
        self._protocol.send_request(request)
        self._write()

    def data_received(self, data: bytes) -> None:
        """Replies, or the end of the handshake."""
        protocol = self._protocol
        protocol.receive_data(data)
        for event in protocol.events_received():
            if isinstance(event, Frame):
                self._take(event)
            elif isinstance(event, Response) and not self._opened.done():
                self._open(event)
        self._write()

    def eof_received(self) -> None:
        """The node hung up."""
        self._protocol.receive_eof()

    def connection_lost(self, exc: Exception | None) -> None:
        """The line is gone."""
        self.gone = True
        if not self._opened.done():
            self._opened.set_exception(exc or EOFError())
            return
        lost, self._lost = self._lost, _nothing
        lost(self)

    def _open(self, response: Response) -> None:
        fault = self._protocol.handshake_exc
        if fault is None:
            self.agent = response.headers.get("Gatepost-Agent", "")
            self._opened.set_result(None)
        else:
            self._opened.set_exception(fault)

    def _take(self, frame: Frame) -> None:
        if frame.opcode not in (Opcode.TEXT, Opcode.CONT):
            return
        self._pieces.append(bytes(frame.data))
        if frame.fin:
            data = b"".join(self._pieces)
            self._pieces.clear()
            self._heard(_REPLIES.decode(data))

    def _flush(self) -> None:
        self._scheduled = False
        frame = self._frame
        if len(frame) == 1 or self._protocol.state is not OPEN:
            return
        frame[-1] = 0x5D  # the last comma becomes the closing bracket
        self._protocol.send_text(frame)
        del frame[1:]
        self._write()

    def _write(self) -> None:
        data = b"".join(self._protocol.data_to_send())
        if data and self._transport is not None:
            self._transport.write(data)
        if self._protocol.close_expected() and self._transport is not None:
            self._transport.close()


def _refusal(fault: BaseException) -> GatepostError | None:
    """The node's own words, when it answered with an error."""
    if not isinstance(fault, InvalidStatus) or not fault.response.body:
        return None
    try:
        return _REPORT.decode(fault.response.body).error()
    except msgspec.DecodeError:
        return None


def _nothing(_: Line) -> None:
    pass
