"""The local API over a node in memory, on real sockets in a temporary directory; a plain client."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, unix_connect

from gatepost.api.http import Api, Surface
from gatepost.api.http.app import App
from tests.unit.api.fake_node import FakeNode

PATIENCE = 5


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def code(self) -> str:
        return self.body["code"]


@dataclass
class Served:
    node: Any
    api: Api
    directory: Path

    @property
    def agent_socket(self) -> Path:
        return self.directory / "agent.sock"

    @property
    def operator_socket(self) -> Path:
        return self.directory / "operator.sock"

    async def listen(self) -> None:
        await self.api.listen_unix(Surface.agent, self.agent_socket)
        await self.api.listen_unix(Surface.operator, self.operator_socket)

    async def restart(self) -> None:
        """What clients see of a restart of the node."""
        await self.api.stop()
        self.node.restart()
        self.api = Api(self.node)
        await self.listen()

    async def agent(
        self, method: str, target: str, body: object = None, *, token: str = "token-of-main"
    ) -> Answer:
        return await request(self.agent_socket, method, target, body, token=token)

    async def operator(self, method: str, target: str, body: object = None) -> Answer:
        return await request(self.operator_socket, method, target, body)

    async def socket(self, token: str = "token-of-main") -> "Lane":
        headers = {"Authorization": f"Bearer {token}"}
        connection = await unix_connect(
            str(self.agent_socket),
            "ws://localhost/v1/socket",
            additional_headers=headers,
            compression=None,
            ping_interval=None,
        )
        return Lane(connection)


def routes_of(surface: Surface) -> list[Any]:
    """The routes as the router has them, so that a new one is found by itself."""
    return list(App(FakeNode(), operator_token=False).routers[surface].routes)


class Lane:
    """A plain client of the socket: says frames, hears replies one by one."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.frames = 0
        self._heard: list[list[Any]] = []

    async def say(self, *calls: list[Any]) -> None:
        await self.connection.send(json.dumps(list(calls)))

    async def hear(self) -> list[Any]:
        while not self._heard:
            async with asyncio.timeout(PATIENCE):
                frame = await self.connection.recv()
            self.frames += 1
            assert isinstance(frame, str), "frames are text"
            self._heard = json.loads(frame)
        return self._heard.pop(0)

    async def ask(self, n: int, op: str, body: object) -> list[Any]:
        await self.say([n, op, body])
        return await self.hear()

    async def __aenter__(self) -> "Lane":
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.connection.close()


@asynccontextmanager
async def served(directory: Path, node: Any = None, **options: Any) -> AsyncIterator[Served]:
    directory = directory / "run"
    node = node or FakeNode()
    whole = Served(node, Api(node, **options), directory)
    await whole.listen()
    try:
        yield whole
    finally:
        await whole.api.stop()


async def request(
    where: Path | int,
    method: str,
    target: str,
    body: object = None,
    *,
    token: str = "",
    headers: dict[str, str] | None = None,
) -> Answer:
    """One request on a connection of its own. `body` is JSON, or bytes as they are."""
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    host = "localhost" if isinstance(where, Path) else f"127.0.0.1:{where}"
    all_headers = {"Host": host, "Connection": "close"}
    if data:
        all_headers["Content-Length"] = str(len(data))
    if method in ("POST", "PUT"):
        all_headers["Content-Type"] = "application/json"
    if token:
        all_headers["Authorization"] = f"Bearer {token}"
    all_headers |= headers or {}
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in all_headers.items() if value
    )
    return await raw(where, head.encode() + b"\r\n" + data)


async def raw(where: Path | int, data: bytes) -> Answer:
    """Say these bytes and hear one answer to its end."""
    if isinstance(where, Path):
        reader, writer = await asyncio.open_unix_connection(where)
    else:
        reader, writer = await asyncio.open_connection("127.0.0.1", where)
    try:
        async with asyncio.timeout(PATIENCE):
            writer.write(data)
            heard = await reader.read()
    finally:
        writer.close()
    head, _, rest = heard.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return Answer(int(first.split(" ")[1]) if first else 0, headers, rest)
