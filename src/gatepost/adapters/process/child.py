"""A child: one running command with its way in, its way out and the runs it serves.

Each line it prints belongs to a run (the only one, when it serves one) and is told to the node in
order. Its runs end by their own last lines. Those that have none when the process has ended, and
all of its output is read, end as `failed` with the verdict: the reason it was stopped for, else
that it crashed. A line that breaks the protocol, or too much output, stops it at once, because
nothing it prints afterwards can be trusted to belong where it seems to. It is never said to have
failed while it still runs.

Its files go when it has ended and every outcome is durable in the node.
"""

import os
from asyncio import AbstractEventLoop
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from gatepost.adapters import handing
from gatepost.adapters.process import lines
from gatepost.adapters.process.files import Files
from gatepost.adapters.process.inlet import Inlet, Line, Past, digest
from gatepost.adapters.process.job import Job
from gatepost.adapters.process.outlet import Outlet, Printed, TooLong
from gatepost.adapters.process.program import Program
from gatepost.adapters.site import Limits, Watch
from gatepost.adapters.telling import ENDINGS, nothing
from gatepost.core.message import Content
from gatepost.ports import Clock, Timer

_STDERR_KEPT = 8 * 1024
_STAY_MAX = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Ground:
    """What every child stands on."""

    clock: Clock
    loop: AbstractEventLoop
    watch: Watch
    limits: Limits


class Child:
    """One running command.

    `ended` is called when its process has ended, `free` when nothing of it is left to do.
    """

    def __init__(
        self,
        files: Files,
        ground: Ground,
        stays: bool,
        ended: Callable[["Child"], None],
        free: Callable[["Child"], None],
        past: Past | None = None,
    ) -> None:
        """Open the files of a child: a new one, or with `past` one of an earlier life."""
        self.files = files
        self.stays = stays
        self.jobs: dict[str, Job] = {}
        self.served = 0
        self._ground = ground
        self._ended = ended
        self._free = free
        last = past.last.n if past is not None and past.last is not None else 0
        self._inlet = Inlet(files, ground.clock, ground.loop, last)
        self._outlet = Outlet(files)
        self._program: Program | None = None
        self._status = ""
        self._broken: tuple[str, str] | None = None
        self._retired = False
        self._stopping = False
        self._waits = False
        self._closed = False
        self._linger: Timer | None = None
        self._unfollow = nothing
        if past is not None and past.last is not None and past.rest:
            self._inlet.finish(past.last, past.rest)

    # its process

    def watch(self, pid: int, own: bool) -> None:
        """Its process runs."""
        ground = self._ground
        self._program = Program(
            self.files, pid, own, ground.clock, ground.loop, self._program_ended
        )
        if self._stopping:
            self.stop()
        self._unfollow = ground.watch.follow(self.files.out, self._grew)
        self._grew()

    def ended(self, status: str) -> None:
        """It had ended before this life of the node; what it printed is still told."""
        self._program_ended(status)

    def stop(self) -> None:
        """End its process."""
        self._stopping = True
        if self._program is not None:
            self._program.stop(self._ground.limits.stop)

    def retire(self) -> None:
        """Give it no more runs; it is stopped when the last one is over."""
        self._retired = True
        if not self.jobs:
            self.stop()

    def close(self) -> None:
        """Let go of it: it goes on by itself, and its files stay for the next life."""
        if not self._closed:
            self._outlet.keep()
            self._let_go()

    def drop(self) -> None:
        """It could not be started: nothing of it stays."""
        for job in self.jobs.values():
            job.holder = None
        self.jobs.clear()
        self._let_go()

    def _let_go(self) -> None:
        self._closed = True
        self._unfollow()
        self._inlet.close()
        self._outlet.close()
        if self._program is not None:
            self._program.close()
        if self._linger is not None:
            self._linger.cancel()
        for job in self.jobs.values():
            job.close()

    def size(self) -> int:
        """Bytes its files hold."""
        return self._outlet.size() + os.stat(self.files.err).st_size

    # its runs

    def serve(self, job: Job) -> None:
        """This run is its to do."""
        job.holder = self
        self.jobs[job.run.run] = job

    def give(self, job: Job) -> None:
        """Hand a run over."""
        self.serve(job)
        self._write("message", job, handing.message(job.run))

    def sign(self, command: str) -> None:
        """Note which command it runs."""
        self._inlet.sign(command)

    def supply(self, job: Job, parts: tuple[Content, ...]) -> None:
        """Bring the sender's reply.

        After a crash the node may bring one again: with no question open, the same words as before
        are that. Other words answer a question the node has, and we are about to tell it again.
        """
        data = handing.reply(job.run.run, parts)
        if job.inputs < job.questions:
            self._reply(job, data)
        elif digest(data) != job.last_input:
            job.early_input = data

    def _reply(self, job: Job, data: bytes) -> None:
        job.inputs += 1
        job.early_input, job.last_input = b"", digest(data)
        self._write("input", job, data)

    def cancel(self, job: Job, reason: str) -> None:
        """Ask a run to stop; a command that does nothing else is stopped."""
        self._write("cancel", job, handing.cancel(job.run.run, reason))
        if not self.stays:
            self.hang(job, "adapter.cancelled", f"stopped when asked to: {reason}")

    def refused(self, job: Job, code: str, text: str) -> None:
        """The node will never take what a run said."""
        if self.stays:
            job.fail(code, text)
            self.cancel(job, code)
        else:
            self.hang(job, code, text)

    def over(self, job: Job) -> None:
        """The outcome of a run is durable, or the node wants none: nothing more is told of it."""
        self.jobs.pop(job.run.run, None)
        job.close()
        if self._status:
            self._done()
            return
        self.served += job.telling.ending
        if not job.telling.ending and self.stays:
            self.cancel(job, "ended")
        elif not job.telling.ending or (self._retired and not self.jobs):
            self.stop()

    def hang(self, job: Job, code: str, text: str) -> None:
        """A run must end.

        The whole command is stopped, and says itself how it ended, or has failed for this reason.
        """
        if not job.telling.ending:
            job.judge(code, text)
            self.stop()

    def check(self) -> None:
        """Stop it if it has printed too much, all runs together."""
        allowed = _STAY_MAX if self.stays else self._ground.limits.output
        if not self._broken and self.size() > allowed:
            self._break("adapter.flood", f"printed more than {allowed} bytes")

    def _write(self, kind: str, job: Job, data: bytes) -> None:
        if not self._status:
            mark = digest(data) if kind == "input" else ""
            self._inlet.write(Line(kind, job.run.run, job.run.id, data + b"\n", mark))

    # its output

    def _grew(self) -> None:
        if self._closed:
            return
        try:
            while not self._broken and (batch := self._outlet.read()):
                for printed in batch:
                    self._line(printed)
        except TooLong:
            self._break("adapter.flood", f"printed a line of more than {lines.LINE_MAX} bytes")
        if not self.stays:
            self.check()
        self._waits = self._outlet.full() and not self._broken
        if self._status and not self._closed and not self._waits:
            for printed in self._outlet.last():
                self._line(printed)
            self._settle()

    def _line(self, printed: Printed) -> None:
        if self._closed or self._broken or not printed.data.strip():
            self._outlet.told(printed)
            return
        try:
            said = lines.read(printed.data)
        except ValueError as error:
            self._outlet.told(printed)
            self._break("adapter.garbage", str(error))
            return
        if self.stays and not said.run:
            self._outlet.told(printed)
            self._break("adapter.garbage", "a command that stays must name the run in every line")
            return
        job = self._job_of(said)
        if job is None or job.telling.ending:
            self._outlet.told(printed)  # of a run that is over
            return
        job.printed += len(printed.data)
        if self.stays and job.printed > self._ground.limits.output:
            self._break("adapter.flood", f"printed more than {self._ground.limits.output} bytes")
        update = lines.update(said, job.run.id)
        job.telling.say(update, partial(self._told, printed, job, said.type))
        if job.telling.ending and not self.stays and self._linger is None:
            self._linger = self._ground.clock.call_later(self._ground.limits.stop, self.stop)

    def _job_of(self, said: lines.Said) -> Job | None:
        if self.stays or said.run:
            return self.jobs.get(said.run)
        return next(iter(self.jobs.values()), None)

    def _told(self, printed: Printed, job: Job, kind: str) -> None:
        self._outlet.told(printed)
        if self._closed:
            return
        if self.stays or kind not in ENDINGS:
            self._outlet.keep()  # before the next is said: so a crash repeats one line at most
        if kind == "needs_input":
            job.questions += 1
            if job.early_input:
                self._reply(job, job.early_input)
        if self._waits and not self._outlet.full():
            self._waits = False
            self._ground.clock.call_soon(self._grew)

    def _break(self, code: str, text: str) -> None:
        self._broken = self._broken or (code, text)
        if self._program is not None:
            self._program.kill()

    # its end

    def _program_ended(self, status: str) -> None:
        self._status = status
        self._grew()
        self._ended(self)

    def _settle(self) -> None:
        """All it printed is read. What has no outcome has failed."""
        for job in list(self.jobs.values()):
            if not job.telling.ending:
                why = f"the command's last word is missing: {self._status}"
                code, text = job.verdict or self._broken or ("adapter.crashed", why)
                job.fail(code, text + self._stderr())
        self._done()

    def _done(self) -> None:
        if not self.jobs and not self._closed:
            self._let_go()
            self.files.remove()
            self._free(self)

    def _stderr(self) -> str:
        with open(self.files.err, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _STDERR_KEPT))
            tail = file.read(_STDERR_KEPT).decode("utf-8", "replace").strip()
        return f"\n\nstderr:\n{tail}" if tail else ""
