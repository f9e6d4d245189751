"""Whose evidence lies in an agent's directory, and for which runs a missing mark proves nothing.

An adapter marks what it begins. "No mark, so it never began" holds only if every attempt was in the
hands of that same kind of adapter, and on this same start of the machine: files are not forced to
the disk, so a power cut may take a mark away (kill -9 of the node does not). Therefore the
directory keeps a line `kind boot`. When an adapter starts and the line says otherwise, each open
run without a mark gets a tombstone first; only then is the line written. A tombstone makes the
answer "none" for good, through any number of further crashes.
"""

from collections.abc import Iterable
from pathlib import Path

from gatepost.core.message import Run

_LINE = "house"
_DOUBT = ".doubt"


class House:
    """The directory of one agent's runs, mode 0700."""

    def __init__(self, runs: Path, agent: str) -> None:
        self.path = runs / agent

    def make(self) -> None:
        """Have the directory."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def open(self, kind: str, boot: str, unmarked: Iterable[Run], doubtful: Iterable[Run]) -> None:
        """Make the directory this adapter's own.

        `unmarked` are the open runs it finds no mark of, `doubtful` those whose marks say that they
        may have had effects. Their marks may go now: the answer for them stays.
        """
        suspects, lost = {name_of(run) for run in unmarked}, {name_of(run) for run in doubtful}
        for stone in self.path.glob(f"*{_DOUBT}"):
            if stone.name.removesuffix(_DOUBT) not in suspects | lost:
                stone.unlink()
        line, mine = self.path / _LINE, f"{kind} {boot}"
        known = boot and line.exists() and line.read_text(encoding="utf-8") == mine
        for name in lost if known else lost | suspects:
            (self.path / f"{name}{_DOUBT}").touch(mode=0o600)
        if not known:
            fresh = self.path / f"{_LINE}.new"
            fresh.write_text(mine, encoding="utf-8")
            fresh.replace(line)

    def without_mark(self, run: Run) -> str:
        """The evidence for a run that left no mark.

        "not_run", or "none" when the mark may have been lost.
        """
        return "none" if (self.path / f"{name_of(run)}{_DOUBT}").exists() else "not_run"


def name_of(run: Run) -> str:
    """The name of a run's files.

    Run tokens can come again when a database was set back; with a piece of the id they cannot.
    """
    return f"{run.run}-{run.id[-8:]}"
