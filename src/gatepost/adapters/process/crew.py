"""The children of one agent: which one a run goes to, and when one is started.

With mode "once" every run starts its own. With mode "stay" there is one current child. It is
started with the adapter and again when it ends, after a pause that doubles as long as children end
without having served a run; what comes meanwhile waits. A current child whose files have grown
large is replaced: the new runs go to a new one, the old one is stopped when its own are over.
"""

import hashlib
import os
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from gatepost.adapters.house import name_of
from gatepost.adapters.process import program
from gatepost.adapters.process.child import Child, Ground
from gatepost.adapters.process.files import Files
from gatepost.adapters.process.inlet import Past
from gatepost.adapters.process.job import Job
from gatepost.adapters.process.recovery import STAYS
from gatepost.ports import Timer

_FIRST_PAUSE = 0.5
_LARGE = 64 * 1024 * 1024


class Crew:
    """All children of one agent. `changed` is called when one is gone."""

    def __init__(
        self,
        command: Sequence[str],
        stays: bool,
        directory: Path,
        environment: dict[str, str],
        ground: Ground,
        changed: Callable[[], None],
    ) -> None:
        self.children: set[Child] = set()
        self.waiting: deque[Job] = deque()
        """Runs that no child has yet, because the one that stays is to be started again."""
        self._command = command
        self._stays = stays
        self._directory = directory
        self._environment = environment
        self._ground = ground
        self._changed = changed
        self._current: Child | None = None
        self._number = 0
        self._pause = _FIRST_PAUSE
        self._restart: Timer | None = None
        self._closed = False

    def open(self) -> None:
        """Have a child ready, when they stay."""
        if self._stays and self._current is None:
            self._start_current()

    def take(self, job: Job) -> None:
        """Give a run to a child, now or when there is one; without a command it fails."""
        if not self._stays:
            self._start(name_of(job.run), job)
            return
        current = self._current
        if current is not None and current.size() > _LARGE:
            self._current = None
            current.retire()
        self.waiting.append(job)
        if self._current is None and self._restart is None:
            self._start_current()
        self._hand_over()

    def adopt(self, files: Files, past: Past | None, stays: bool) -> Child:
        """Take over a child of a former life; the caller tells it of its runs and its process."""
        child = Child(files, self._ground, stays, self._child_ended, self._child_free, past)
        self.children.add(child)
        return child

    def keep(self, child: Child, command: str) -> None:
        """A living child that stays is the current one if it runs the same command.

        Else it ends with its runs.
        """
        if self._stays and self._current is None and command == self._digest():
            self._current = child
        else:
            child.retire()

    def number_after(self, name: str) -> None:
        """Names of children that stay are not used twice."""
        self._number = max(self._number, int(name.removeprefix(STAYS)))

    def stop_idle(self) -> set[Child]:
        """Stop the children that have no run.

        Those that have go on, for the next life of the node to find.
        """
        idle = {child for child in self.children if not child.jobs}
        self._closed = True
        for child in idle:
            child.stop()
        return idle

    def stop_all(self) -> set[Child]:
        """Stop every child; its runs have failed."""
        self._closed = True
        for child in self.children:
            for job in child.jobs.values():
                job.judge("adapter.stopped", "the agent was taken off this node")
            child.stop()
        return set(self.children)

    def close(self) -> None:
        """Start nothing more, and let go of every child."""
        self._closed = True
        if self._restart is not None:
            self._restart.cancel()
        for child in list(self.children):
            child.close()

    def _start_current(self) -> None:
        self._restart = None
        if self._closed:
            return
        self._number += 1
        self._current = self._start(f"{STAYS}{self._number}", None)
        self._hand_over()

    def _hand_over(self) -> None:
        while self._current is not None and self.waiting:
            self._current.give(self.waiting.popleft())

    def _start(self, name: str, job: Job | None) -> Child | None:
        missing = program.find(self._command, self._environment.get("PATH"))
        if missing is not None:
            self._cannot(job, missing.code, f"{missing.what}: {missing.why}")
            return None
        files = Files(self._directory, name)
        try:
            return self._launch(files, job)
        except OSError as error:
            files.remove()
            self._cannot(job, "adapter.not_started", f"the command cannot be started: {error}")
            return None

    def _launch(self, files: Files, job: Job | None) -> Child:
        lock = program.lock(files)
        child: Child | None = None
        try:
            os.mkfifo(files.inlet, 0o600)
            os.close(os.open(files.out, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            child = self.adopt(files, None, job is None)
            environment = self._environment
            if job is None:
                child.sign(self._digest())
            else:
                child.give(job)
                environment = environment | {"GATEPOST_RUN": job.run.run}
            child.watch(program.launch(files, lock, self._command, environment), own=True)
        except OSError:
            if child is not None:
                child.drop()
                self.children.discard(child)
            raise
        finally:
            os.close(lock)
        return child

    def _cannot(self, job: Job | None, code: str, text: str) -> None:
        jobs = [job] if job is not None else list(self.waiting)
        self.waiting.clear()
        for one in jobs:
            one.fail(code, text)

    def _child_ended(self, child: Child) -> None:
        if child is not self._current or self._closed:
            return
        self._current = None
        if child.served:
            self._pause = _FIRST_PAUSE
        self._restart = self._ground.clock.call_later(self._pause, self._start_current)
        self._pause = min(self._pause * 2, self._ground.limits.restart)

    def _child_free(self, child: Child) -> None:
        self.children.discard(child)
        self._changed()

    def _digest(self) -> str:
        return hashlib.sha256("\0".join(self._command).encode()).hexdigest()
