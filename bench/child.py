"""Processes the bench starts: begun from the repository's root, ended by their own id.

A child says one line when it is ready. What it writes to stderr goes to a file that is quoted
when it dies early. Never ends a process it did not start.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
_STOP_S = 10.0


class ChildFailed(Exception):
    """A process ended, or stayed silent, when a line was due. The text quotes its stderr."""


class Child:
    """One running process. `lines` are read with a deadline; `stop` is safe to call twice."""

    def __init__(self, name: str, command: Sequence[str], work: Path) -> None:
        self.name = name
        self._stderr = work / f"{name}.stderr"
        self._rest = b""
        with self._stderr.open("wb") as stderr:
            self._popen = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                cwd=ROOT,
                env=environment(),
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    def line(self, seconds: float) -> str:
        """The next line of its stdout, without the newline; ChildFailed after `seconds`."""
        out = _pipe(self._popen.stdout)
        deadline = monotonic() + seconds
        while b"\n" not in self._rest:
            left = deadline - monotonic()
            if left <= 0 or not select.select([out], [], [], left)[0]:
                raise ChildFailed(f"{self.name} said nothing for {seconds:.0f} s{self._quote()}")
            piece = os.read(out.fileno(), 65_536)
            if not piece:
                raise ChildFailed(f"{self.name} ended with {self._popen.wait()}{self._quote()}")
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def tell(self, line: bytes) -> None:
        """Write one line to its stdin."""
        pipe = _pipe(self._popen.stdin)
        pipe.write(line + b"\n")
        pipe.flush()

    def alive(self) -> bool:
        return self._popen.poll() is None

    def stop(self) -> None:
        """Close its stdin, ask it to end, insist after ten seconds, and reap it."""
        if self.alive():
            self._popen.terminate()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                _close(pipe)
        try:
            self._popen.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()

    def _quote(self) -> str:
        text = self._stderr.read_text(errors="replace").strip()
        return f"; it wrote:\n{text[-1500:]}" if text else ""


def environment() -> dict[str, str]:
    """Ours, with the repository and its `src` importable and output unbuffered."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path.rstrip(os.pathsep), "PYTHONUNBUFFERED": "1"}


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs `module` with this interpreter."""
    return [sys.executable, "-m", module, *arguments]


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise ChildFailed("the child has no pipe")
    return pipe


def _close(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return
