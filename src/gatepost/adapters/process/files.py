"""The files of one child, and what they prove.

    NAME.lock   locked by the child as long as it (or one of its own children) lives; in it its
                process id, written by the child itself before the command starts
    NAME.given  what was written to its stdin, line by line (`inlet`)
    NAME.in     its stdin, a named pipe
    NAME.out    its stdout, read as it grows (`outlet`)
    NAME.at     up to where that was told to the node
    NAME.err    its stderr
    NAME.rest   a long line on its way into stdin

The lock is made first and removed last, so where it lies a child may be, and where it does not
there is none.
"""

import fcntl
import os
from pathlib import Path

LOCK = ".lock"
_REST = (".given", ".in", ".out", ".at", ".err", ".rest", LOCK)


class Files:
    """The paths of one child."""

    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        stem = f"{directory}/{name}"
        self.lock = stem + LOCK
        self.given = stem + ".given"
        self.inlet = stem + ".in"
        self.out = stem + ".out"
        self.at = stem + ".at"
        self.err = stem + ".err"
        self.rest = stem + ".rest"
        self._stem = stem

    def held(self) -> bool:
        """True while the child (or one of its own children) lives."""
        fd = os.open(self.lock, os.O_RDONLY)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(fd)
        return False

    def pid(self) -> int:
        """The child's process id; 0 when it never came to the point of starting the command."""
        with open(self.lock, "rb") as file:
            line = file.read(32)
        return int(line) if line.endswith(b"\n") else 0

    def remove(self) -> None:
        """Remove them all."""
        for suffix in _REST:
            try:
                os.unlink(self._stem + suffix)
            except FileNotFoundError:
                continue


def found(directory: Path) -> list[Files]:
    """The children that left files in a directory, in order of their names."""
    names = sorted(path.name.removesuffix(LOCK) for path in directory.glob(f"*{LOCK}"))
    return [Files(directory, name) for name in names]
