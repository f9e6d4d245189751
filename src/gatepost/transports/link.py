"""The transport `link`: links over TCP, secured by TLS 1.3, framed by WebSocket, either side dials.

This module joins the parts that know the event loop (streams, the listening port, name resolution)
with those that do not (hello, which link stays, watching). Its tasks are for connecting only: what
arrives and what is sent passes through callbacks.
"""

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path

from gatepost.errors import GatepostError
from gatepost.ports import Clock, Entropy, Keys, LinkOwner
from gatepost.transports.channel import Channel, Opening
from gatepost.transports.endpoint import resolve
from gatepost.transports.limits import Limits
from gatepost.transports.links import Links
from gatepost.transports.means import Means
from gatepost.transports.stream import Pool, Stream
from gatepost.transports.tls import client_context, server_context


class LinkTransport:
    """Implements `ports.Transport`, from the loop's thread alone. Connecting runs in `tasks`.

    `certificate` and `key` are the PEM files of the key whose hash the node's record names.
    """

    def __init__(
        self,
        *,
        keys: Keys,
        owner: LinkOwner,
        entropy: Entropy,
        clock: Clock,
        tasks: asyncio.TaskGroup,
        certificate: Path,
        key: Path,
        limits: Limits | None = None,
    ) -> None:
        self._pool = Pool()
        self._server = server_context(certificate, key)
        self._listening: list[asyncio.Server] = []
        means = Means(keys, owner, entropy, clock, limits or Limits())
        self._links = Links(means, TcpConnector(tasks, self._pool))
        self.dial = self._links.dial
        self.pair = self._links.pair
        self.probe = self._links.probe
        self.meet = self._links.meet

    @property
    def turned_away(self) -> int:
        """How many connections found no room among the half-open ones, or came too often."""
        return self._links.half_open.refused

    async def listen(self, host: str, port: int) -> tuple[tuple[str, int], ...]:
        """Take peers at `host`:`port` (0: any free one); returns where.

        Raises `listen.taken` or `listen.impossible`.
        """
        loop = asyncio.get_running_loop()
        try:
            server = await loop.create_server(self._accept, host, port, backlog=128)
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            raise GatepostError(
                "listen.taken" if taken else "listen.impossible",
                what=f"cannot listen on {host}:{port}",
                why=os.strerror(errno.EADDRINUSE) if taken else error.strerror or str(error),
            ) from error
        self._listening.append(server)
        return tuple(socket.getsockname()[:2] for socket in server.sockets)

    async def close(self) -> bool:
        """Close everything cleanly. True when every connection is gone; soon in any case."""
        for server in self._listening:
            server.close()
        self._links.stop()
        return await self._pool.drained()

    def _accept(self) -> asyncio.BaseProtocol:
        arrival = self._links.arrival()
        arrival.channel = stream = Stream(self._server, arrival, self._pool, dial=None)
        return stream


class TcpConnector:
    """Implements `means.Connector`: resolves an endpoint and connects a stream to it."""

    def __init__(self, tasks: asyncio.TaskGroup, pool: Pool) -> None:
        self._tasks = tasks
        self._pool = pool
        self._context = client_context()

    def connect(
        self, endpoint: str, path: str, opening: Opening, failed: Callable[[str], None]
    ) -> tuple[Channel, Callable[[], None]]:
        """A stream to HOST:PORT, and what gives the connecting up."""
        stream = Stream(self._context, opening, self._pool, dial=path)
        task = self._tasks.create_task(_connect(endpoint, stream, failed))

        def give_up() -> None:
            # Once connected the task is at its end, and the stream closes itself. Some event loops
            # would close it under the stream without a word.
            if not stream.connected:
                task.cancel()

        return stream, give_up


async def _connect(endpoint: str, stream: Stream, failed: Callable[[str], None]) -> None:
    """Connect to the first address of the endpoint that answers. The attempt has the deadline."""
    loop = asyncio.get_running_loop()
    why = ""
    try:
        for host, port in await resolve(endpoint):
            try:
                await loop.create_connection(lambda: stream, host, port)
                return
            except OSError as error:
                why = _plain(error)
    except OSError as error:
        why = _plain(error)
    loop.call_soon(failed, why)


def _plain(error: OSError) -> str:
    """What happened, without the addresses that asyncio repeats."""
    code = error.errno
    if code is not None and code in errno.errorcode:
        return os.strerror(code).lower()
    return (error.strerror or str(error)).lower()
