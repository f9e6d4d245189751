"""A child's stdin: lines go into a named pipe, and what went in stays known when the node dies.

The child holds the pipe open for reading and writing, so it never sees an end of file, and the next
life of the node opens the same pipe and goes on. The kernel takes a write of up to PIECE bytes into
a pipe whole or not at all, so a line is written in such pieces. Before each piece the pipe's
modification time is set to the piece's number and a record with that number goes to the `given`
file; the write itself, and nothing else, sets the time to the present. So after a crash the last
piece is in exactly when the time is not its number, and all pieces before it are. A line of several
pieces lies whole in the `rest` file before its first piece goes, so the next life can finish it.
Where pipes do not tell the time (`tells_time`), the last piece is in doubt.
"""

import hashlib
import os
import select
from asyncio import AbstractEventLoop
from collections import deque
from pathlib import Path

import msgspec

from gatepost.adapters.process.files import Files
from gatepost.ports import Clock

PIECE = select.PIPE_BUF
"""Bytes a pipe takes whole or not at all: 4096 on Linux."""


class Given(msgspec.Struct, frozen=True, array_like=True):
    """One record.

    Piece `n`, at `at` ms; of its line of `size` bytes `left` were still to be written, this piece
    first.

    `kind` is message, input or cancel (or COMMAND, first of all, with the command's digest as
    `run`), `id` the message the run is of; `out` is how long the child's output was then; `mark` is
    the digest of a reply's words.
    """

    n: int
    at: int
    kind: str
    run: str
    id: str
    size: int
    left: int
    out: int
    mark: str = ""


COMMAND = "command"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Given).decode


class Line(msgspec.Struct, frozen=True):
    """One line to be written.

    What it is, the run and the message it is about, its bytes, its mark.
    """

    kind: str
    run: str
    id: str
    data: bytes
    mark: str = ""


def digest(data: bytes) -> str:
    """Names some words, to know them again."""
    return hashlib.sha256(data).hexdigest()[:16]


class Inlet:
    """Writes a child's stdin, in the order asked for, without ever blocking."""

    def __init__(self, files: Files, clock: Clock, loop: AbstractEventLoop, last: int = 0) -> None:
        """Open the pipe of a child; `last` is the number of the last piece there was."""
        self._files = files
        self._clock = clock
        self._loop = loop
        self._n = last
        self._recorded = False
        self._queue: deque[Line] = deque()
        self._left = 0
        self._waiting = False
        self.fd = os.open(files.inlet, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._given = os.open(files.given, flags, 0o600)

    def sign(self, command: str) -> None:
        """Note which command it is the stdin of."""
        record = Given(0, self._clock.now(), COMMAND, command, "", 0, 0, 0)
        os.write(self._given, _encode(record) + b"\n")

    def write(self, line: Line) -> None:
        """Write one line after those before it."""
        self._queue.append(line)
        if len(self._queue) == 1:
            self._begin(line)
            self._pump()

    def finish(self, given: Given, rest: bytes) -> None:
        """Go on, first of all, with a line that a former life began.

        `rest` is what is still to be written.
        """
        self._queue.append(
            Line(given.kind, given.run, given.id, rest.rjust(given.size), given.mark)
        )
        self._left = len(rest)
        self._pump()

    def close(self) -> None:
        """Let go of the pipe; the child keeps it."""
        if self._waiting:
            self._loop.remove_writer(self.fd)
        os.close(self.fd)
        os.close(self._given)

    def _begin(self, line: Line) -> None:
        self._left = len(line.data)
        if self._left > PIECE:
            Path(self._files.rest).write_bytes(line.data)

    def _pump(self) -> None:
        while self._queue:
            try:
                self._piece(self._queue[0])
            except BlockingIOError:
                if not self._waiting:
                    self._waiting = True
                    self._loop.add_writer(self.fd, self._pump)
                return
            if self._left == 0:
                self._queue.popleft()
                if self._queue:
                    self._begin(self._queue[0])
        if self._waiting:
            self._waiting = False
            self._loop.remove_writer(self.fd)

    def _piece(self, line: Line) -> None:
        start = len(line.data) - self._left
        if not self._recorded:
            self._record(line)
        # A full pipe raises here, and the same piece is tried again under the same number.
        self._left -= os.write(self.fd, line.data[start : start + PIECE])
        self._recorded = False

    def _record(self, line: Line) -> None:
        self._n += 1
        # The time first: a crash between the two must not make this piece look written.
        os.utime(self.fd, ns=(0, self._n))
        out = os.stat(self._files.out).st_size
        size, now = len(line.data), self._clock.now()
        record = Given(self._n, now, line.kind, line.run, line.id, size, self._left, out, line.mark)
        os.write(self._given, _encode(record) + b"\n")
        self._recorded = True


class Past:
    """What a child was given by former lives of the node.

    `messages` has the first record of each run's message, `inputs` the marks of the replies each
    run got; `last` is the last record, `rest` what is still to be written of its line. `doubt`:
    whether the last piece went in cannot be known. `command` names its command.
    """

    def __init__(self, files: Files, exact: bool) -> None:
        """Read it. `exact`: pipes in this directory tell the time (`tells_time`)."""
        self.messages: dict[str, Given] = {}
        self.inputs: dict[str, list[str]] = {}
        self.last: Given | None = None
        self.rest = b""
        self.doubt = False
        self.command = ""
        for record in self._records(files.given):
            if record.kind == COMMAND:
                self.command = record.run
                continue
            if record.left == record.size:
                self._begun(record)
            self.last = record
        if self.last is not None:
            self._look(self.last, files, exact)

    def _begun(self, record: Given) -> None:
        if record.kind == "message":
            self.messages[record.run] = record
        elif record.kind == "input":
            self.inputs.setdefault(record.run, []).append(record.mark)

    def _look(self, last: Given, files: Files, exact: bool) -> None:
        if not exact:
            self.doubt = True
            return
        waits = os.stat(files.inlet).st_mtime_ns == last.n
        left = last.left if waits else max(0, last.left - PIECE)
        if last.size > PIECE:
            whole = Path(files.rest).read_bytes()
            self.rest = whole[last.size - left :]
        elif waits and last.kind == "message":
            del self.messages[last.run]
        elif waits and last.kind == "input":
            self.inputs[last.run].pop()

    def _records(self, path: str) -> list[Given]:
        try:
            lines = Path(path).read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        records: list[Given] = []
        for line in lines:
            try:
                records.append(_decode(line))
            except (msgspec.MsgspecError, UnicodeDecodeError):
                self.doubt = True  # a power cut may leave anything; kill -9 leaves whole lines
        return records


def tells_time(directory: Path) -> bool:
    """True when a write to a pipe here sets its modification time to the present."""
    path = f"{directory}/time.in"
    if not os.path.exists(path):
        os.mkfifo(path, 0o600)
    fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        os.utime(fd, ns=(0, 1))
        kept = os.stat(path).st_mtime_ns == 1
        os.write(fd, b"\n")
        return kept and os.stat(path).st_mtime_ns != 1
    finally:
        os.close(fd)
        os.unlink(path)
