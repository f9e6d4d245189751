"""A stream: the channel of links. WebSocket messages over TLS over TCP, by callbacks alone.

It moves bytes and keeps bounds; what they mean is its handler's affair. Bytes that
arrive are decrypted, parsed and handed over within one callback; `send` encrypts and writes within
the call. There is no task, no queue and no timer per message.

Bounds: a message is one binary WebSocket frame of limited size (text, fragments and compression
end the connection); before `trust` only a few kilobytes may arrive at all; `send` takes nothing
more once the unsent bytes exceed `BUFFER_MAX`.

`Handler.closed` is called exactly once, and after it, or after `close`, no message is handed over.
"""

import asyncio
import logging
import ssl
from typing import Final, cast

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import WebSocketURI

from gatepost.core.frame import FRAME_MAX
from gatepost.transports.channel import BROKEN, LOST, NORMAL, REFUSED, Handler, Opening, reason
from gatepost.transports.tls import Tls, spki_hash
from gatepost.transports.unsent import unsent

BUFFER_MAX: Final = 4 * 1024 * 1024
READ_SIZE: Final = 256 * 1024
UNTRUSTED_MAX: Final = 160 * 1024  # bytes from one who has proven nothing: TLS, HTTP, hello
CLOSE_GRACE: Final = 1.0  # seconds until a connection that does not close is cut


class Pool:
    """What the streams of one loop share: the buffer each empties within its callback."""

    def __init__(self) -> None:
        self.buffer = memoryview(bytearray(READ_SIZE))
        self._open: set[Stream] = set()
        self._none = asyncio.Event()
        self._none.set()

    def add(self, stream: "Stream") -> None:
        """It is connected."""
        self._open.add(stream)
        self._none.clear()

    def discard(self, stream: "Stream") -> None:
        """Its connection is gone."""
        self._open.discard(stream)
        if not self._open:
            self._none.set()

    async def drained(self) -> bool:
        """Wait until no stream is connected. False when that takes too long."""
        try:
            async with asyncio.timeout(2 * CLOSE_GRACE):
                await self._none.wait()
        except TimeoutError:
            return False
        return True


class Stream(asyncio.BufferedProtocol):
    """Implements `channel.Channel`.

    `dial` is the path a dialler asks for; None on the listener's side.
    """

    def __init__(
        self, context: ssl.SSLContext, opening: Opening, pool: Pool, *, dial: str | None
    ) -> None:
        self.handler: Handler = opening
        self.address = ""
        self.heard = False  # set whenever bytes arrive; whoever watches for silence resets it
        self.over = False
        self._opening = opening
        self._pool = pool
        self._buffer = pool.buffer
        self._dial = dial
        self._context = context
        self._tls: Tls  # from `connection_made` on: those turned away cost little
        self._socket: ServerProtocol | ClientProtocol
        self._transport: asyncio.Transport | None = None
        self._allowance = UNTRUSTED_MAX
        self._trusted = dial is not None  # the pin sees to that
        self._full = False
        self._starved = False
        self._grace: asyncio.TimerHandle | None = None

    # ── for the handler ─────────────────────────────────────────────────────────────────────────

    def send(self, message: bytes) -> bool:
        """Write one message. False when the channel is over or has no room: nothing was taken."""
        if self._full or self.over:
            self._starved = self._full
            return False
        try:
            self._socket.send_binary(message)
        except InvalidState:  # the other side's good-bye is in, and is told next
            return False
        self._flush()
        return True

    @property
    def unsent(self) -> int:
        """Bytes that have not reached the other side's machine."""
        return 0 if self._transport is None else unsent(self._transport)

    @property
    def connected(self) -> bool:
        """TCP is, or was, connected."""
        return self._transport is not None

    def ping(self) -> None:
        """Ask for a sign of life."""
        if not self._full and not self.over and self._socket.state is State.OPEN:
            self._socket.send_ping(b"")
            self._flush()

    def trust(self) -> None:
        """The other side is known: lift the bounds for strangers."""
        self._trusted = True
        self._socket.max_message_size = FRAME_MAX

    def close(self, code: int, reason: str) -> None:
        """Say good-bye, then close; `closed(reason)` follows in a later callback."""
        if not self.over:
            asyncio.get_running_loop().call_soon(self.handler.closed, reason)
            self._end(code)

    def cut(self, reason: str) -> None:
        """End it at once, without good-bye; `closed(reason)` follows in a later callback."""
        if not self.over:
            asyncio.get_running_loop().call_soon(self.handler.closed, reason)
            self.over = True
            self._abort()

    # ── from the loop ───────────────────────────────────────────────────────────────────────────

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin: TCP is connected."""
        self._transport = cast("asyncio.Transport", transport)
        self._pool.add(self)
        self._transport.set_write_buffer_limits(high=BUFFER_MAX)
        self.address = _text(transport.get_extra_info("peername"))
        if self.over or not self._opening.connected():
            self.over = True
            self._abort()
            return
        dial = self._dial
        self._tls = Tls(self._context, server=dial is None)
        self._socket = _server() if dial is None else _client(dial)
        if dial is not None:
            self._tls.handshake()
            self._write()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Where to read into."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes arrived: decrypt, parse, hand over."""
        if self.over:
            return
        self.heard = True
        if not self._trusted:
            self._allowance -= nbytes
            if self._allowance < 0:
                self._fail("it sent too much before it said who it is")
                return
        self._tls.feed(self._buffer[:nbytes])
        try:
            if not self._tls.secure and not self._secure():
                return
            plain = self._tls.read()
        except ssl.SSLError as error:
            self._tls_failed(error)
            return
        if plain:
            self._socket.receive_data(plain)
            self._take_events()

    def eof_received(self) -> bool:
        """The other side sends no more. False: close."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """TCP is gone."""
        self._pool.discard(self)
        if self._grace is not None:
            self._grace.cancel()
        if not self.over:
            self.over = True
            self.handler.closed(f"{LOST}: {exc}" if exc else LOST)

    def pause_writing(self) -> None:
        """Too much is unsent."""
        self._full = True

    def resume_writing(self) -> None:
        """There is room again."""
        self._full = False
        if self._starved and not self.over:
            self._starved = False
            self.handler.writable()

    # ── inside ──────────────────────────────────────────────────────────────────────────────────

    def _secure(self) -> bool:
        """Go on with the handshake. True once this side is done and the handler agrees."""
        self._tls.handshake()
        if not self._tls.secure:
            self._write()
            return False
        # Nothing leaves before the handler agrees, not even the end of the handshake.
        if not self._opening.secured(self._spki()):
            self.over = True
            self._abort()
            return False
        if isinstance(self._socket, ClientProtocol):
            self._socket.send_request(self._socket.connect())
        self._flush()
        return True

    def _spki(self) -> bytes:
        """The hash of the listener's key, empty when there is none to read."""
        try:
            return b"" if self._dial is None else spki_hash(self._tls.certificate)
        except ValueError:
            return b""

    def _take_events(self) -> None:
        for event in self._socket.events_received():
            if type(event) is Frame:
                if event.opcode is Opcode.BINARY and event.fin:
                    self.handler.message(bytes(event.data))
                elif event.opcode is Opcode.CLOSE:
                    self._said_goodbye()
                elif event.opcode not in (Opcode.PING, Opcode.PONG):
                    self._fail("it sent a text or a fragment where a frame belongs")
            elif isinstance(event, Request):
                self._answer(event)
            elif isinstance(event, Response) and self._socket.state is State.OPEN:
                self._opening.opened(self._dial or "")
            if self.over:
                return
        if self._socket.state is not State.OPEN and self._socket.state is not State.CONNECTING:
            self._fail(f"it broke the protocol: {self._socket.parser_exc}")
        elif self._socket.handshake_exc is not None:
            self._fail(f"no WebSocket: {self._socket.handshake_exc}")
        elif self._socket.writes:  # pongs; while nobody reads what we send, they can wait
            if self._full:
                self._socket.writes.clear()
            else:
                self._flush()

    def _answer(self, request: Request) -> None:
        """Open the listener's side, or go without a word when this is no WebSocket."""
        if isinstance(self._socket, ServerProtocol):
            response = self._socket.accept(request)
            if response.status_code == 101:
                self._socket.send_response(response)
                self._flush()
                self._opening.opened(request.path)
                return
        self._fail("it does not speak WebSocket")

    def _said_goodbye(self) -> None:
        code = self._socket.close_rcvd.code if self._socket.close_rcvd else BROKEN
        self._end(NORMAL)
        self.handler.closed(reason(code))

    def _fail(self, reason: str) -> None:
        """End a connection whose other side misbehaves."""
        if not self.over:
            if not self._trusted:
                self._socket.writes.clear()  # the parser's own words: a stranger gets none
            self._end(BROKEN if self._trusted else REFUSED)
            self.handler.closed(reason)

    def _tls_failed(self, error: ssl.SSLError) -> None:
        """Nothing can be said any more but the alert, which TLS has written already."""
        self.over = True
        self._write()
        self._hang_up()
        self.handler.closed(f"TLS failed: {error.reason or error}")

    def _end(self, code: int) -> None:
        """Say good-bye as far as this connection has come."""
        self.over = True
        if self._transport is None:
            return
        if self._socket.state is State.OPEN:
            self._socket.send_close(code)
        if self._tls.secure:
            self._encrypt()
            self._tls.finish()
            self._write()
        self._hang_up()

    def _hang_up(self) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        try:
            # Closing with unread bytes would reset the connection, and with it our good-bye.
            transport.write_eof()
        except OSError:  # the other side is gone already
            transport.abort()
        else:
            loop = asyncio.get_running_loop()
            self._grace = loop.call_later(CLOSE_GRACE, transport.abort)

    def _abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def _flush(self) -> None:
        self._encrypt()
        self._write()

    def _encrypt(self) -> None:
        for data in self._socket.data_to_send():
            if data:  # an empty one asks for the end of the stream, which `_end` sees to
                self._tls.write(data)

    def _write(self) -> None:
        data = self._tls.due()
        if data and self._transport is not None:
            self._transport.write(data)


def _server() -> ServerProtocol | ClientProtocol:
    return ServerProtocol(max_size=UNTRUSTED_MAX, logger=_quiet())


def _client(path: str) -> ServerProtocol | ClientProtocol:
    uri = WebSocketURI(secure=True, host="gatepost", port=443, path=path, query="")
    return ClientProtocol(uri, max_size=FRAME_MAX, logger=_quiet())


def _quiet() -> logging.Logger:
    """A logger that tells of nothing but errors: what peers do is told through events."""
    return logging.Logger("gatepost.link", logging.ERROR)


def _text(peername: object) -> str:
    """`127.0.0.1:7443` or `[::1]:7443`."""
    if peername is None:  # it is gone already
        return "unknown"
    host, port = cast("tuple[str, int]", peername)[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
