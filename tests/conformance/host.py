"""A process that holds an adapter, to be killed.

Its mailbox is in the test's process, at the other end of a socket, and survives it. With `kill_at`
it kills itself just before its n-th call of the operating system (of those that leave something
behind), so a test can go through all points of a crash.

Started as a program this is the nursery: it forks a host for each line it reads, because a fork is
ten times faster than a new interpreter.
"""

import asyncio
import fcntl
import importlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from gatepost.adapters.site import Adapter, Limits, Site
from gatepost.core.message import Content, MessageView, Receipt, Run, Submission, UpdateIn
from gatepost.core.views import AgentSpec
from gatepost.errors import GatepostError
from gatepost.host.clock import LoopClock
from gatepost.host.inotify import file_watch
from gatepost.ports import Client


class Frame(msgspec.Struct, array_like=True, omit_defaults=True):
    """One line between a host and the test; `n` numbers an update or a watch."""

    op: Literal[
        "claim", "open", "update", "answered", "evidence", "capacity", "watch", "seen", "release",
        "offer", "cancel", "supply",
    ]  # fmt: skip
    n: int = 0
    text: str = ""
    run: str = ""
    update: UpdateIn | None = None
    runs: tuple[Run, ...] = ()
    parts: tuple[Content, ...] = ()
    view: MessageView | None = None


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Frame).decode

FATAL = ("open", "write", "pwrite", "utime", "mkfifo", "unlink", "posix_spawn", "killpg", "waitpid")


class RemoteMailbox:
    """Implements `ports.Desk` and `ports.Claim` by asking the test's process."""

    def __init__(self, agent: str, path: str) -> None:
        self.agent = agent
        self.open_runs: tuple[Run, ...] = ()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._waiting: dict[int, Callable[[GatepostError | None], None]] = {}
        self._watching: dict[int, Callable[[MessageView], None]] = {}
        self._count = 0
        self._partial = b""
        self._client: Client

    # ports.Desk

    def claim(self, client: Client, capacity: int, kind: str) -> "RemoteMailbox":
        self._client = client
        self._send(Frame("claim", capacity, kind))
        with self._socket.makefile("rb") as file:
            self.open_runs = decode(file.readline()).runs
        asyncio.get_running_loop().add_reader(self._socket, self._readable)
        return self

    def update(self, update: UpdateIn, done: Callable[[GatepostError | None], None]) -> None:
        self._count += 1
        self._waiting[self._count] = done
        self._send(Frame("update", self._count, update=update))

    def watch(self, message: str, seen: Callable[[MessageView], None]) -> Callable[[], None]:
        self._count += 1
        n = self._count
        self._watching[n] = seen
        self._send(Frame("watch", n, message))
        return lambda: self._watching.pop(n) and None

    def submit(
        self, submission: Submission, done: Callable[[Receipt | GatepostError], None]
    ) -> None:
        raise NotImplementedError("the agents of this suite send nothing themselves")

    def cancel(self, message: str, done: Callable[[MessageView | GatepostError], None]) -> None:
        raise NotImplementedError("the agents of this suite withdraw nothing")

    # ports.Claim

    def evidence(self, run: str, found: str) -> None:
        self._send(Frame("evidence", run=run, text=found))

    def capacity(self, n: int) -> None:
        self._send(Frame("capacity", n))

    def release(self) -> None:
        self._send(Frame("release"))

    # inside

    def _send(self, frame: Frame) -> None:
        self._socket.sendall(encode(frame) + b"\n")

    def _readable(self) -> None:
        data = self._socket.recv(1 << 20)
        if not data:
            os.kill(os.getpid(), signal.SIGKILL)  # the test is over
        *lines, self._partial = (self._partial + data).split(b"\n")
        for line in lines:
            self._heard(decode(line))

    def _heard(self, frame: Frame) -> None:
        if frame.op == "answered":
            self._waiting.pop(frame.n)(GatepostError(frame.text) if frame.text else None)
        elif frame.op == "seen":
            if frame.n in self._watching and frame.view is not None:
                self._watching[frame.n](frame.view)
        elif frame.op == "offer":
            self._client.offer(frame.runs[0])
        elif frame.op == "cancel":
            self._client.cancel(frame.run, frame.text)
        elif frame.op == "supply":
            self._client.supply(frame.run, frame.parts)


def die_at(nth: int) -> None:
    """Kill this process just before its n-th call that leaves something behind."""
    left = nth

    def deadly(call: Callable) -> Callable:
        def counted(*args: object, **named: object) -> object:
            nonlocal left
            left -= 1
            if left == 0:
                signal.raise_signal(signal.SIGKILL)
            return call(*args, **named)

        return counted

    for name in FATAL:
        setattr(os, name, deadly(getattr(os, name)))
    fcntl.flock = deadly(fcntl.flock)
    socket.socket.sendall = deadly(socket.socket.sendall)
    Path.replace = deadly(Path.replace)


class Order(msgspec.Struct):
    """What a host is started with."""

    socket: str
    directory: str
    spec: AgentSpec
    build: str
    kill_at: int = 0


def load(name: str) -> Any:
    """What `package.module:name` names."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


async def host(order: Order) -> None:
    """Hold an adapter until the end."""
    if order.kill_at:
        die_at(order.kill_at)
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as tasks:
        mailbox = RemoteMailbox(order.spec.name, order.socket)
        site = Site(
            runs=Path(order.directory),
            boot="this boot",
            clock=LoopClock(loop),
            watch=file_watch(loop),
            tasks=tasks,
            environment={"PATH": "/usr/bin:/bin"},
            socket="/run/agent.sock",
            token_of=lambda agent: f"token of {agent}",
            limits=Limits(stop=0.2, restart=0.1),
        )
        adapter: Adapter = load(order.build)(order.spec, mailbox, site)
        await adapter.start()
        await asyncio.Event().wait()


def nursery() -> None:
    """Fork a host for each order on stdin; print its process id."""
    dead = 0
    for line in iter(sys.stdin.buffer.readline, b""):
        # The host before has been killed by now. Until then its process id stays its own.
        if dead:
            os.waitpid(dead, 0)
        order = msgspec.json.decode(line, type=Order)
        dead = pid = os.fork()
        if pid == 0:
            os.close(0)
            os.close(1)
            os.open(os.devnull, os.O_RDWR)
            os.dup2(0, 1)
            asyncio.run(host(order))
            return
        os.write(1, b"%d\n" % pid)


if __name__ == "__main__":
    nursery()
