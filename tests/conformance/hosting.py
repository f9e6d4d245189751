"""The test's side of a host that is killed: starts it, is its mailbox, and kills it."""

import asyncio
import atexit
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import msgspec

from gatepost.core.message import Content, MessageView, Run
from gatepost.errors import GatepostError

from .conftest import Stage
from .host import Frame, Order, decode, encode
from .mailbox import BOUND, FakeMailbox

ROOT = Path(__file__).resolve().parents[2]
_numbers = itertools.count(1)


class Nursery:
    """The process that forks hosts. One serves all tests of a session."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, order: Order) -> int:
        """Start a host; its process id."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.conformance.host"],
                cwd=ROOT,
                env={"PYTHONPATH": os.pathsep.join(("src", *sys.path)), "PATH": "/usr/bin:/bin"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            atexit.register(self._stop, self._process)
        asked, told = self._process.stdin, self._process.stdout
        assert asked is not None
        assert told is not None
        asked.write(msgspec.json.encode(order) + b"\n")
        asked.flush()
        return int(told.readline())

    def _stop(self, process: subprocess.Popen[bytes]) -> None:
        process.communicate(timeout=BOUND)


NURSERY = Nursery()


class Host:
    """One life of a host. Implements `ports.Client`, by telling the other process."""

    def __init__(self, mailbox: FakeMailbox) -> None:
        self.ready = False
        self.dead = False
        self._mailbox = mailbox
        self._writer: asyncio.StreamWriter | None = None
        self._death = asyncio.Event()

    async def start(self, stage: Stage, kill_at: int = 0) -> None:
        """Start the process; it claims the mailbox when it comes to it."""
        path = str(stage.directory / f"host-{next(_numbers)}")
        self._server = await asyncio.start_unix_server(self._serve, path, limit=1 << 22)
        subject = stage.subject
        pid = NURSERY.start(
            Order(path, str(stage.directory / "runs"), subject.spec, subject.build, kill_at)
        )
        self._pidfd = os.pidfd_open(pid)
        asyncio.get_running_loop().add_reader(self._pidfd, self._died)

    async def kill(self) -> None:
        """kill -9, and forget what it had not committed."""
        with suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        async with asyncio.timeout(BOUND):
            await self._death.wait()
        os.close(self._pidfd)
        self._server.close()
        for _ in range(10):  # a connection that was just taken becomes a stream within a few turns
            await asyncio.sleep(0)
        if self._writer is not None:
            self._writer.close()
            with suppress(ConnectionError):
                await self._writer.wait_closed()
        self._mailbox.disconnect()

    def _died(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        self.dead = True
        self._death.set()
        self._mailbox.moved()

    # ports.Client

    def offer(self, run: Run) -> None:
        self._tell(Frame("offer", runs=(run,)))

    def cancel(self, run: str, reason: str) -> None:
        self._tell(Frame("cancel", run=run, text=reason))

    def supply(self, run: str, parts: tuple[Content, ...]) -> None:
        self._tell(Frame("supply", run=run, parts=parts))

    # inside

    def _tell(self, frame: Frame) -> None:
        if self._writer is not None:
            self._writer.write(encode(frame) + b"\n")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        with suppress(ConnectionError):
            while line := await reader.readline():
                if not line.endswith(b"\n"):
                    break  # it died within it
                self._heard(decode(line))

    def _heard(self, frame: Frame) -> None:
        mailbox = self._mailbox
        if frame.op == "claim":
            mailbox.claim(self, frame.n, frame.text)
            self._tell(Frame("open", runs=mailbox.open_runs))
        elif frame.op == "update" and frame.update is not None:
            mailbox.update(frame.update, partial(self._answered, frame.n))
        elif frame.op == "evidence":
            mailbox.evidence(frame.run, frame.text)
        elif frame.op == "capacity":
            self.ready = True
            mailbox.capacity(frame.n)
        elif frame.op == "watch":
            mailbox.watch(frame.text, partial(self._seen, frame.n))

    def _answered(self, n: int, refusal: GatepostError | None) -> None:
        self._tell(Frame("answered", n, refusal.code if refusal is not None else ""))

    def _seen(self, n: int, view: MessageView) -> None:
        self._tell(Frame("seen", n, view=view))


@asynccontextmanager
async def hosted(stage: Stage, kill_at: int = 0) -> AsyncIterator[Host]:
    """A host at work; killed at the end."""
    host = Host(stage.mailbox)
    await host.start(stage, kill_at)
    try:
        if not kill_at:
            await stage.mailbox.until(lambda: host.ready)
        yield host
    finally:
        await host.kill()
