"""Those who are not what they seem: a client or server that says what it likes, a wire-tap, a mute.

`Puppet` speaks TLS and WebSocket as links do and otherwise does as told. `Relay` passes TCP on,
keeps what passed, and can fall silent.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

from gatepost.transports.stream import Pool, Stream
from gatepost.transports.tls import client_context, server_context
from tests.linked import Linked, RealFleet


class Puppet:
    """One connection, in or out. `log` is what the other side did: messages, then why it closed."""

    def __init__(self, fleet: RealFleet, said: Callable[["Puppet", bytes], None] | None = None):
        self.log: list[bytes | str] = []
        self.stream: Stream | None = None
        self._fleet = fleet
        self._said = said

    async def call(self, target: Linked, path: str = "/link") -> "Puppet":
        """Connect to a node and wait until messages may be sent."""
        host, _, port = target.endpoint.rpartition(":")
        self.stream = stream = Stream(client_context(), self, Pool(), dial=path)
        self._opened = False
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: stream, host, int(port))
        await self._fleet.until(lambda: self._opened or self.over)
        return self

    @property
    def over(self) -> bool:
        return bool(self.log) and isinstance(self.log[-1], str)

    def send(self, message: bytes) -> None:
        assert self.stream is not None
        self.stream.send(message)

    def connected(self) -> bool:
        return True

    def secured(self, spki: bytes) -> bool:
        return True

    def opened(self, path: str) -> None:
        self._opened = True
        self._fleet._told.set()

    def message(self, data: bytes) -> None:
        self.log.append(data)
        if self._said is not None:
            self._said(self, data)
        self._fleet._told.set()

    def writable(self) -> None:
        pass

    def closed(self, reason: str) -> None:
        self.log.append(reason)
        self._fleet._told.set()

    def close(self) -> None:
        if self.stream is not None:
            self.stream.cut("done")


class Middle:
    """Sits between a dialler and a node with the node's own TLS key, and may alter what is said.

    `alter` gets the number of the message (0 hello, 1 answer, 2 proof, 3 welcome) and its bytes.
    """

    def __init__(self, fleet: RealFleet, behind: Linked, alter: Callable[[int, bytes], bytes]):
        self.passed: list[bytes] = []
        self._fleet = fleet
        self._behind = behind
        self._alter = alter
        self.back: Puppet | None = None
        self.front: Puppet | None = None

    async def listen(self) -> str:
        name = self._behind.keys.seed
        directory = self._fleet._directory
        context = server_context(directory / f"{name}.pem", directory / f"{name}.key")
        self.back = await Puppet(self._fleet, lambda _, data: self._pass(data, self.front)).call(
            self._behind
        )
        self.front = Puppet(self._fleet, lambda _, data: self._pass(data, self.back))
        self.front.stream = stream = Stream(context, self.front, Pool(), dial=None)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: stream, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    def _pass(self, data: bytes, to: Puppet | None) -> None:
        altered = self._alter(len(self.passed), data)
        self.passed.append(data)
        assert to is not None
        to.send(altered)

    async def close(self) -> None:
        self._server.close()
        for puppet in (self.front, self.back):
            if puppet is not None:
                puppet.close()


class Relay:
    """TCP passed on unread. `seen` is every byte both ways; `mute` swallows what comes after it."""

    def __init__(self, target: str) -> None:
        self.seen = bytearray()
        self.mute = False
        self._target = target
        self._halves: list[_Half] = []

    async def listen(self) -> str:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    def _accept(self) -> "_Half":
        near, far = _Half(self), _Half(self)
        near.other, far.other = far, near
        self._halves += [near, far]
        host, _, port = self._target.rpartition(":")
        loop = asyncio.get_running_loop()
        near.dialling = loop.create_task(loop.create_connection(lambda: far, host, int(port)))
        return near

    async def close(self) -> None:
        self._server.close()
        for half in self._halves:
            half.abort()
        await asyncio.sleep(0)


class _Half(asyncio.Protocol):
    other: "_Half"
    dialling: asyncio.Task[Any] | None = None

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._transport: asyncio.Transport | None = None
        self._early = bytearray()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        if self._early:
            transport.write(bytes(self._early))

    def data_received(self, data: bytes) -> None:
        if not self._relay.mute:
            self._relay.seen += data
            self.other.write(data)

    def write(self, data: bytes) -> None:
        if self._transport is None:
            self._early += data
        else:
            self._transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._relay.mute:
            self.other.abort()

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


class TlsServer:
    """A server with a key of one's choice. `got` is all application bytes that reached it."""

    def __init__(self, fleet: RealFleet, name: str, answer: bytes = b"") -> None:
        self.got = bytearray()
        self.handshakes = 0
        self.connections = 0
        self._fleet = fleet
        self._answer = answer
        directory = fleet._directory
        self.context = server_context(directory / f"{name}.pem", directory / f"{name}.key")

    async def listen(self) -> str:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Served(self), "127.0.0.1", 0, ssl=self.context
        )
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def close(self) -> None:
        self._server.close()
        await asyncio.sleep(0)


class _Served(asyncio.Protocol):
    def __init__(self, server: TlsServer) -> None:
        self._server = server
        server.connections += 1

    def connection_made(self, transport: Any) -> None:
        self._server.handshakes += 1
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._server.got += data
        if self._server._answer:
            self._transport.write(self._server._answer)


def old_tls(context: ssl.SSLContext) -> None:
    """Make a context speak TLS 1.2 at most."""
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
