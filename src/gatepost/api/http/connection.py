"""One accepted connection: uvicorn's HTTP protocol, with our word on who may connect.

Another user on a Unix socket is hung up on without a word (root excepted, who can do anything
anyway). Bytes that are no HTTP, and headers beyond 32 KiB, are answered with an error of the
catalogue. Everything else is uvicorn's.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from typing import cast

import msgspec
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from gatepost.api.http.door import Listening
from gatepost.errors import GatepostError

_MAX_HEADERS = 32 * 1024
_UCRED = struct.Struct("3i")


class Connection(HttpToolsProtocol):
    """A connection of one listening socket. `user_of` tells the uid of who is at the other end."""

    def __init__(
        self,
        config: Config,
        server: ServerState,
        listening: Listening,
        user_of: Callable[[socket.socket], int],
    ) -> None:
        super().__init__(config, server, {})
        self._listening = listening
        self._user_of = user_of
        self._header_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Look at who connects."""
        if self._listening.same_user:
            uid = self._user_of(cast(socket.socket, transport.get_extra_info("socket")))
            if uid not in (os.getuid(), 0):
                transport.abort()
        self.app_state = {"listening": self._listening, "abort": transport.abort}
        super().connection_made(transport)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._header_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def handle_websocket_upgrade(self) -> None:
        """A WebSocket begins by a GET without a body, or not at all: uvicorn hangs on others."""
        names = {name for name, _ in self.headers}
        plain = self.scope["method"] == "GET" and self.scope["http_version"] == "1.1"
        if plain and not names & {b"content-length", b"transfer-encoding"}:
            super().handle_websocket_upgrade()
        else:
            self.send_400_response("a WebSocket begins by a GET without a body")

    def send_400_response(self, msg: str) -> None:
        """What came is not HTTP as we take it."""
        body = msgspec.json.encode(GatepostError("usage.invalid", why=msg).report())
        head = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
        length = b"content-length: %d\r\nconnection: close\r\n\r\n" % len(body)
        self.transport.write(head + length + body)
        self.transport.close()

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > _MAX_HEADERS:
            raise ValueError("headers too large")  # httptools turns it into a parser error


def peer_uid(connection: socket.socket) -> int:
    """The uid of the process at the other end of a Unix socket."""
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    return int(_UCRED.unpack(credentials)[1])
