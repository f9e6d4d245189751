"""A child's stdout: a file that is read line by line as it grows.

A file and not a pipe, because a pipe's unread bytes die with the last reader. `at` remembers up to
where the lines were told to the node; it is written after they are durable there, so a crash can
repeat a progress line and nothing else: an outcome told twice finds no open run.
"""

import os
from collections import deque
from dataclasses import dataclass

from gatepost.adapters.process.files import Files
from gatepost.adapters.process.lines import LINE_MAX

_CHUNK = 256 * 1024
_UNTOLD_MAX = 256


class TooLong(Exception):
    """A line has more than LINE_MAX bytes."""


@dataclass(slots=True)
class Printed:
    """One line of the child, without its newline. `end` is where it ends in the file."""

    data: bytes
    end: int
    told: bool = False


class Outlet:
    """Reads whole lines, and remembers which of them were told."""

    def __init__(self, files: Files) -> None:
        """Open the output of a child, from where it was told."""
        self._files = files
        self._fd = os.open(files.out, os.O_RDONLY | os.O_CLOEXEC)
        self._at = -1
        self._kept = self._told = self._read = told_to(files)
        self._partial = b""
        self._untold: deque[Printed] = deque()

    def size(self) -> int:
        """Bytes printed so far."""
        return os.fstat(self._fd).st_size

    def full(self) -> bool:
        """True while too many lines wait for the node."""
        return len(self._untold) >= _UNTOLD_MAX

    def read(self) -> list[Printed]:
        """Some more whole lines.

        None when there are none, or while too many wait for the node. Raises TooLong.
        """
        while not self.full():
            chunk = os.pread(self._fd, _CHUNK, self._read + len(self._partial))
            if not chunk:
                break
            *whole, self._partial = (self._partial + chunk).split(b"\n")
            if any(len(line) >= LINE_MAX for line in (*whole, self._partial)):
                raise TooLong
            if whole:
                return [self._line(line, 1) for line in whole]
        return []

    def last(self) -> list[Printed]:
        """What stands after the last newline: the last line of a child that has ended."""
        rest, self._partial = self._partial, b""
        return [self._line(rest, 0)] if rest else []

    def told(self, line: Printed) -> None:
        """This line is durable in the node, or needs no telling."""
        line.told = True
        while self._untold and self._untold[0].told:
            self._told = self._untold.popleft().end

    def keep(self) -> None:
        """Write down how far it was told."""
        if self._told == self._kept:
            return
        if self._at < 0:
            self._at = os.open(self._files.at, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.pwrite(self._at, b"%020d\n" % self._told, 0)
        self._kept = self._told

    def close(self) -> None:
        """Let go of the files."""
        os.close(self._fd)
        if self._at >= 0:
            os.close(self._at)

    def _line(self, data: bytes, newline: int) -> Printed:
        self._read += len(data) + newline
        line = Printed(data, self._read)
        self._untold.append(line)
        return line


def told_to(files: Files) -> int:
    """Up to where a child's output was told.

    0 when that is not written, or not readable after a power cut.
    """
    try:
        with open(files.at, "rb") as file:
            return int(file.read(32))
    except (FileNotFoundError, ValueError):
        return 0
