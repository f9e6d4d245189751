"""One persistent connection to an OpenClaw gateway: calls and answers, events, and coming back.

It connects, proves the device, and stays; a broken connection is made again after a pause that
doubles. A call that was on its way when the connection broke ends with `Broken`: whether the
gateway heard it is for the caller to find out. `boot` names the life of the gateway: what it keeps
in memory is gone when that changes. The gateway's words are data; nothing here trusts them further.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from gatepost import __version__
from gatepost.adapters.openclaw.device import Challenge, Device
from gatepost.adapters.pausing import pause
from gatepost.ports import Clock

FRAME_MAX: Final = 32 * 1024 * 1024
PATIENCE: Final = 20.0
FIRST_PAUSE: Final = 0.5
LONGEST_PAUSE: Final = 30.0

Payload = dict[str, Any]


class Fault(msgspec.Struct, frozen=True):
    """How the gateway refuses a call."""

    code: str = ""
    message: str = ""
    details: Payload = {}
    retryAfterMs: int = 0


class Incoming(msgspec.Struct, frozen=True):
    """One frame of the gateway: an answer to call `id`, or an event."""

    type: str
    id: str = ""
    ok: bool = False
    payload: Payload = {}
    error: Fault | None = None
    event: str = ""


class Server(msgspec.Struct, frozen=True):
    """What the gateway says of itself. Old ones name no boot: every connection is a new life."""

    version: str = ""
    bootId: str = ""
    connId: str = ""


class Refused(Exception):
    """The gateway refused a call."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        super().__init__(fault.message or fault.code)


class Broken(Exception):
    """The connection broke before the answer came."""


_FRAME = msgspec.json.Decoder(Incoming)
_ENCODER = msgspec.json.Encoder()
_QUIET = logging.Logger("gatepost.openclaw", logging.CRITICAL)
_BREAKS = (OSError, ConnectionClosed, InvalidHandshake, TimeoutError, msgspec.MsgspecError)


class Gateway:
    """The connection to one gateway. `events` is called with each event's name and payload."""

    def __init__(self, url: str, token: str, device: Device, clock: Clock) -> None:
        self.boot = ""
        self.version = ""
        self.why = "it has not been reached yet"
        self.events: list[Callable[[str, Payload], None]] = []
        self._url = url
        self._token = token
        self.mark = device.mark
        self._device = device
        self._clock = clock
        self._socket: ClientConnection | None = None
        self._up = asyncio.Event()
        self._calls: dict[str, asyncio.Queue[Incoming | None]] = {}
        self._number = 0

    @property
    def up(self) -> bool:
        """Whether it is connected."""
        return self._up.is_set()

    async def connected(self) -> str:
        """Wait until it is connected; the gateway's boot id."""
        await self._up.wait()
        return self.boot

    async def run(self) -> None:
        """Connect and stay connected, until cancelled."""
        wait = FIRST_PAUSE
        while True:
            try:
                async with connect(
                    self._url,
                    max_size=FRAME_MAX,
                    open_timeout=PATIENCE,
                    compression=None,
                    logger=_QUIET,
                    proxy=None,
                ) as socket:
                    wait = max(wait, await self._greet(socket))
                    if self.up:
                        wait = FIRST_PAUSE
                        await self._read(socket)
            except _BREAKS as broken:
                self.why = str(broken) or type(broken).__name__
            finally:
                self._down()
            await pause(self._clock, wait)
            wait = min(2 * wait, LONGEST_PAUSE)

    async def call(self, method: str, parameters: Payload, wait: float = PATIENCE) -> Payload:
        """Call and take the one answer. Raises `Refused`, `Broken`, TimeoutError."""
        async with asyncio.timeout(wait):
            async with _Calling(self, method, parameters) as calling:
                return await calling.answer()

    def calling(self, method: str, parameters: Payload) -> "_Calling":
        """A call with more than one answer; see `_Calling.answer`."""
        return _Calling(self, method, parameters)

    # ── inside ──

    async def _greet(self, socket: ClientConnection) -> float:
        """Prove the device. Returns how long to wait when the gateway is not ready yet."""
        async with asyncio.timeout(PATIENCE):
            first = _FRAME.decode(await socket.recv())
            challenge = msgspec.convert(first.payload, Challenge)
            proof = self._device.connect(challenge, self._token, __version__)
            await socket.send(_request("hello", "connect", proof), text=True)
            while True:
                answer = _FRAME.decode(await socket.recv())
                if answer.id == "hello":
                    break
        if not answer.ok:
            fault = answer.error or Fault("refused")
            self.why = fault.message or fault.code
            later = fault.retryAfterMs or _number(fault.details.get("retryAfterMs"))
            return later / 1000
        server = msgspec.convert(answer.payload.get("server") or {}, Server)
        self.version = server.version
        self.boot = server.bootId or server.connId
        self._socket = socket
        self.why = ""
        self._up.set()
        return 0.0

    async def _read(self, socket: ClientConnection) -> None:
        async for data in socket:
            frame = _FRAME.decode(data)
            if frame.type == "event":
                for listener in tuple(self.events):
                    listener(frame.event, frame.payload)
            elif frame.id in self._calls:
                self._calls[frame.id].put_nowait(frame)
        self.why = "the gateway closed the connection"

    def _down(self) -> None:
        self._up.clear()
        self._socket = None
        for waiting in self._calls.values():
            waiting.put_nowait(None)

    def open(
        self, method: str, parameters: Payload
    ) -> tuple[str, "asyncio.Queue[Incoming | None]"]:
        """Register a call; what answers it arrives in the queue, None when the line broke."""
        self._number += 1
        id = f"{method}.{self._number}"
        queue = self._calls[id] = asyncio.Queue()
        return id, queue

    async def say(self, id: str, method: str, parameters: Payload) -> None:
        """Send a registered call. Raises `Broken`."""
        if self._socket is None:
            raise Broken(self.why)
        try:
            await self._socket.send(_request(id, method, parameters), text=True)
        except (ConnectionClosed, OSError) as broken:
            raise Broken(str(broken)) from broken

    def close(self, id: str) -> None:
        """Nobody waits for a call's answers any more."""
        self._calls.pop(id, None)


class _Calling:
    """A call on its way. The gateway may answer it more than once."""

    def __init__(self, gateway: Gateway, method: str, parameters: Payload) -> None:
        self._gateway = gateway
        self._method = method
        self._parameters = parameters
        self._id = ""
        self._queue: asyncio.Queue[Incoming | None]

    async def __aenter__(self) -> "_Calling":
        """Send it. Raises `Broken`."""
        self._id, self._queue = self._gateway.open(self._method, self._parameters)
        try:
            await self._gateway.say(self._id, self._method, self._parameters)
        except BaseException:
            self._gateway.close(self._id)
            raise
        return self

    async def __aexit__(self, *over: object) -> None:
        """Forget it."""
        self._gateway.close(self._id)

    async def answer(self) -> Payload:
        """The next answer. Raises `Refused` with what the gateway says, `Broken`."""
        frame = await self._queue.get()
        if frame is None:
            raise Broken(self._gateway.why)
        if not frame.ok:
            raise Refused(frame.error or Fault("refused"))
        return frame.payload


def _request(id: str, method: str, parameters: Payload) -> bytes:
    return _ENCODER.encode({"type": "req", "id": id, "method": method, "params": parameters})


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


async def stopped(task: "asyncio.Task[None]") -> None:
    """Cancel a task and wait for its end."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
