"""Listening: the sockets the application is served on.

A Unix socket lies in a directory only its user can enter and is itself 0600. TCP is loopback
only, and proves nothing about its user. Signals, lifespan and logs are the node's, not uvicorn's:
of uvicorn only the protocols are used, on servers of our own, so an idle API costs nothing.
"""

import asyncio
import ipaddress
import logging
import os
import socket
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.exceptions import InvalidState

from gatepost.api.http.app import App
from gatepost.api.http.connection import Connection, peer_uid
from gatepost.api.http.door import Listening, Surface
from gatepost.api.http.inside import Inside
from gatepost.core.calls import MAX_FRAME
from gatepost.errors import GatepostError

_GRACE = 2.0
_UNIX_HOSTS = frozenset({"localhost", "gatepost"})


class Api:
    """The local API of one node. Listen where it shall be reached, then `stop` it.

    `operator_token` asks operators for a token even on their own socket; `user_of` tells who is
    at the other end of a Unix socket.
    """

    def __init__(
        self,
        inside: Inside,
        *,
        operator_token: bool = False,
        user_of: Callable[[socket.socket], int] = peer_uid,
    ) -> None:
        logging.getLogger("uvicorn.error").addFilter(_ours)
        self.app = App(inside, operator_token=operator_token)
        self._user_of = user_of
        self._state = ServerState()
        self._servers: list[asyncio.Server] = []
        self._paths: list[Path] = []
        self._config = Config(
            self.app,
            http=Connection,
            ws="websockets-sansio",
            ws_max_size=MAX_FRAME,
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="critical",  # what goes wrong in the application is told by itself
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
        )
        self._config.load()

    async def listen_unix(self, surface: Surface, path: Path) -> None:
        """Serve `surface` on a Unix socket.

        Raises `home.exposed` when others can enter its directory, and `home.unwritable`.
        """
        server = _bind_unix(path)
        if surface is Surface.agent:
            self.app.holders.keep_in(path.with_name("holders.json"))
        self._paths.append(path)
        listening = Listening(surface, _UNIX_HOSTS, same_user=True)
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_unix_server(self._factory(listening), sock=server))

    async def listen_tcp(self, surface: Surface, host: str, port: int) -> int:
        """Serve `surface` on a loopback address; returns the port (0 asks for any).

        Raises `config.invalid`, `listen.taken`.
        """
        if not _is_loopback(host):
            raise GatepostError(
                "config.invalid", why=f"the local API listens on loopback, not {host}"
            )
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        server = socket.socket(family, socket.SOCK_STREAM)
        try:
            server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            server.bind((host, port))
        except OSError as fault:
            server.close()
            raise GatepostError(
                "listen.taken", what=f"{host}:{port} is in use", why=str(fault)
            ) from fault
        port = int(server.getsockname()[1])
        names = (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}")
        listening = Listening(surface, frozenset(names), same_user=False)
        loop = asyncio.get_running_loop()
        self._servers.append(await loop.create_server(self._factory(listening), sock=server))
        return port

    async def stop(self) -> None:
        """Take no more, end what waits, and cut off who is not gone within two seconds."""
        for server in self._servers:
            server.close()
        self.app.close()
        for connection in tuple(self._state.connections):
            try:
                connection.shutdown()
            except InvalidState:  # a WebSocket whose closing has begun
                connection.transport.abort()
        if self._state.tasks:
            await asyncio.wait(tuple(self._state.tasks), timeout=_GRACE)
        for connection in tuple(self._state.connections):
            connection.transport.abort()
        if self._state.tasks:
            await asyncio.wait(tuple(self._state.tasks), timeout=_GRACE)
        for path in self._paths:
            path.unlink(missing_ok=True)

    def _factory(self, listening: Listening) -> Callable[[], Connection]:
        return partial(Connection, self._config, self._state, listening, self._user_of)


def _ours(record: logging.LogRecord) -> bool:
    """Bytes that are no text end their socket; that a client sends such is no news of the node."""
    return not record.getMessage().startswith("Invalid UTF-8")


def _bind_unix(path: Path) -> socket.socket:
    _check_directory(path.parent)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket():  # left by a node that was killed
            path.unlink()
        server.bind(str(path))
        path.chmod(0o600)
    except OSError as fault:
        server.close()
        raise GatepostError("home.unwritable", why=str(fault), home=str(path.parent)) from fault
    return server


def _check_directory(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = directory.stat()
    except OSError as fault:
        raise GatepostError("home.unwritable", why=str(fault), home=str(directory)) from fault
    if stat.S_IMODE(mode.st_mode) & 0o077 or mode.st_uid != os.getuid():
        raise GatepostError(
            "home.exposed", why=f"others can enter {directory}", home=str(directory)
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
