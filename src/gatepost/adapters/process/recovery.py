"""What a former life of the node left: which children there are, and what became of each open run.

never given to a command, or the command never began       not_run (unless the mark may have been
lost: `house`) its child lives                                            running: it is taken over
its child has ended, its last line is there                running: that line is the outcome its
child has ended without one                            none: it may have had effects
"""

import asyncio
import os
from dataclasses import dataclass, field
from pathlib import Path

from gatepost.adapters.house import name_of
from gatepost.adapters.process import lines
from gatepost.adapters.process.files import Files, found
from gatepost.adapters.process.inlet import PIECE, Given, Past
from gatepost.adapters.process.outlet import told_to
from gatepost.core.message import Run

STAYS = "stay-"
"""Names of children that stay begin so; those of one run are called by the run."""
_TRIES = 200
_PAUSE = 0.01


@dataclass(slots=True)
class Remains:
    """One child of a former life. `pid` is 0 when its command never began."""

    files: Files
    past: Past
    alive: bool
    pid: int
    runs: list[Run] = field(default_factory=list[Run])

    @property
    def stays(self) -> bool:
        """It serves many runs."""
        return self.files.name.startswith(STAYS)

    def has(self, run: Run) -> bool:
        """This child was to do this run."""
        given = self._given(run)
        return given is not None or self.files.name == name_of(run)

    def evidence(self, run: Run, heard: "Heard") -> str:
        """What became of a run it has; "" when it never came to it."""
        if self._given(run) is None:
            return ""
        if self.pid == 0:
            return "none" if self.alive else ""
        if run.run in heard.ended:
            return "running"
        if not self.alive:
            return "none"
        return "none" if self._doubtful(run) and run.run not in heard.spoken else "running"

    def heard(self, runs: list[Run]) -> "Heard":
        """What it has printed about some runs."""
        given = [self._given(run) for run in runs]
        start = min((one.out for one in given if one is not None), default=0)
        return Heard(self.files, start, "" if self.stays or not runs else runs[0].run)

    def started(self, run: Run) -> int:
        """When a run was handed over, in ms; 0 when it was not."""
        given = self._given(run)
        return given.at if given is not None else 0

    def _doubtful(self, run: Run) -> bool:
        """Whether the child got the whole message cannot be known."""
        last = self.past.last
        if not self.past.doubt or last is None or last.run != run.run or last.kind != "message":
            return False
        return self.stays or last.size > PIECE

    def _given(self, run: Run) -> Given | None:
        given = self.past.messages.get(run.run)
        return given if given is not None and given.id == run.id else None


class Heard:
    """What a child printed.

    Runs that have ended, runs it spoke of at all, and how many questions of each the node has.
    """

    def __init__(self, files: Files, start: int, only: str) -> None:
        """Read its output from byte `start`; `only` is the run of a child that has one."""
        self.ended: set[str] = set()
        self.spoken: set[str] = set()
        self.questions: dict[str, int] = {}
        if not os.path.exists(files.out):
            return
        with open(files.out, "rb") as file:
            end, told = file.seek(start), told_to(files)
            # A line of any length may be there: what is longer than a line may be is none.
            for line in iter(lambda: file.readline(lines.LINE_MAX + 1), b""):
                end += len(line)
                if not self._line(line, only, end <= told):
                    return

    def _line(self, line: bytes, only: str, told: bool) -> bool:
        if not line.strip():
            return True
        try:
            said = lines.read(line)
        except ValueError:
            return False
        run = said.run or only
        self.spoken.add(run)
        if said.type == "needs_input" and told:
            self.questions[run] = self.questions.get(run, 0) + 1
        elif said.type in ("done", "declined", "failed"):
            self.ended.add(run)
        return True


async def remains(directory: Path, exact: bool) -> list[Remains]:
    """The children that left files.

    Waits until none is about to begin (its `sh` has not yet written the mark).
    """
    left: list[Remains] = []
    for files in found(directory):
        alive, pid = files.held(), files.pid()
        for _ in range(_TRIES):
            if pid or not alive:
                break
            await asyncio.sleep(_PAUSE)
            alive, pid = files.held(), files.pid()
        left.append(Remains(files, Past(files, exact), alive, files.pid()))
    return left
