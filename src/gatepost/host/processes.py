"""Other processes, as the kernel shows them below /proc. Looks only; what cannot be read is empty.

Where there is no /proc (macOS) everything but one's own process is unknown, and says so by being
empty or 0.
"""

import os
from collections.abc import Iterator
from pathlib import Path

PROC = Path("/proc")


class Processes:
    """The processes below one /proc."""

    def __init__(self, proc: Path = PROC) -> None:
        self.proc = proc

    @property
    def seen(self) -> bool:
        """Whether this machine shows its processes this way."""
        return (self.proc / "1").is_dir()

    def name(self, pid: int) -> str:
        """The short name of a process, "" when it is gone or cannot be seen."""
        return self._text(pid, "comm").strip()

    def parent(self, pid: int) -> int:
        """The parent of a process; 0 when there is none or it cannot be seen."""
        fields = self._stat(pid)
        return int(fields[1]) if len(fields) > 4 else 0

    def on_terminal(self, pid: int) -> bool:
        """Whether a process has a controlling terminal."""
        fields = self._stat(pid)
        return len(fields) > 4 and fields[4] != "0"

    def ancestors(self, pid: int) -> Iterator[int]:
        """The parent, its parent, and so on up to process 1."""
        seen = {pid}
        while (pid := self.parent(pid)) > 0 and pid not in seen:
            seen.add(pid)
            yield pid

    def environment(self, pid: int) -> dict[str, str]:
        """The environment a process was started with; empty when it may not be read."""
        pairs = (pair.partition("=") for pair in self._text(pid, "environ").split("\0") if pair)
        return {name: value for name, _, value in pairs}

    def cgroups(self, pid: int) -> tuple[str, ...]:
        """The control groups of a process, the unified or systemd's own first."""
        lines = [line.split(":", 2) for line in self._text(pid, "cgroup").splitlines()]
        told = [(names, path) for _, names, path in (line for line in lines if len(line) == 3)]
        told.sort(key=lambda one: one[0] not in ("", "name=systemd"))
        return tuple(dict.fromkeys(path for _, path in told if path != "/"))

    def lock_holders(self) -> Iterator[tuple[int, int]]:
        """Every (process, inode) of an exclusive `flock`, of the processes seen from here."""
        for line in self._read(self.proc / "locks").splitlines():
            fields = line.split()
            if len(fields) >= 6 and fields[1:4:2] == ["FLOCK", "WRITE"]:
                yield int(fields[4]), int(fields[5].rpartition(":")[2])

    def opened(self, pid: int) -> Iterator[str]:
        """What the open files of a process are; nothing when it is another user's."""
        try:
            with os.scandir(self.proc / str(pid) / "fd") as found:
                entries = [entry.path for entry in found]
        except OSError:
            return
        for path in entries:
            try:
                yield os.readlink(path)
            except OSError:
                continue  # closed since

    def all(self) -> Iterator[int]:
        """Every process that can be seen."""
        try:
            names = os.listdir(self.proc)
        except OSError:
            return
        yield from (int(name) for name in names if name.isdigit())

    def _stat(self, pid: int) -> list[str]:
        # The name stands in parentheses and may hold anything, also parentheses and blanks.
        return self._text(pid, "stat").rpartition(")")[2].split()

    def _text(self, pid: int, what: str) -> str:
        return self._read(self.proc / str(pid) / what) if pid > 0 else ""

    @staticmethod
    def _read(path: Path) -> str:
        try:
            return path.read_bytes().decode(errors="replace")
        except OSError:
            return ""
