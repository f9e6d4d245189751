"""The process adapter: an agent that is a command.

It holds the claim and the runs; `crew` has the children. A node that is killed leaves its children
running. The next `start` reads what they left (`recovery`), answers for every open run by evidence,
takes living children over and tells what was printed meanwhile.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from gatepost.adapters.house import House
from gatepost.adapters.process import program
from gatepost.adapters.process.child import Child, Ground
from gatepost.adapters.process.crew import Crew
from gatepost.adapters.process.inlet import tells_time
from gatepost.adapters.process.job import Job
from gatepost.adapters.process.recovery import Heard, Remains, remains
from gatepost.adapters.site import Site
from gatepost.adapters.telling import Telling
from gatepost.core.message import Content, Run
from gatepost.core.views import AgentSpec
from gatepost.errors import GatepostError
from gatepost.ports import Claim, Desk, Timer

_LOOK = 1.0
"""Seconds between looks at how much the children wrote to stderr."""
_LOOK_IDLE = 30.0


class ProcessAdapter:
    """Wakes one agent by running its command."""

    def __init__(self, spec: AgentSpec, desk: Desk, site: Site) -> None:
        self._spec = spec
        self._desk = desk
        self._site = site
        self._house = House(site.runs, spec.name)
        self._jobs: dict[str, Job] = {}
        self._moved = asyncio.Event()
        self._timer: Timer | None = None
        self._claim: Claim
        self._crew: Crew

    # from start to stop

    async def start(self) -> None:
        """Settle the runs that were open, then take new ones."""
        self._house.make()
        directory, site = self._house.path, self._site
        left = await remains(directory, tells_time(directory))
        self._claim = self._desk.claim(self, 0, "process")
        self._crew = Crew(
            self._spec.command,
            self._spec.mode == "stay",
            directory,
            program.environment(
                site.environment, site.socket, site.token_of(self._spec.name), self._spec.name
            ),
            Ground(site.clock, asyncio.get_running_loop(), site.watch, site.limits),
            self._moved.set,
        )
        self._settle(left)
        self._crew.open()
        self._claim.capacity(self._spec.concurrent)
        self._look()

    async def stop(self, drain: float, keep: bool = True) -> None:
        """Take nothing new, wait for what is in hand, and give the mailbox up."""
        self._claim.capacity(0)
        await self._until(lambda: not self._jobs, drain)
        going = self._crew.stop_idle() if keep else self._crew.stop_all()
        await self._until(lambda: not (going & self._crew.children), 2 * self._site.limits.stop)
        if self._timer is not None:
            self._timer.cancel()
        self._crew.close()
        for job in self._jobs.values():
            job.close()
        self._claim.release()

    async def _until(self, done: Callable[[], bool], seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not done():
                    self._moved.clear()
                    await self._moved.wait()

    # what the mailbox says

    def offer(self, run: Run) -> None:
        """Start a run."""
        job = self._take(run)
        if allowed := self._site.allowed(self._spec):
            self._limit(job, allowed)
        self._crew.take(job)

    def cancel(self, run: str, reason: str) -> None:
        """Ask a run to stop."""
        job = self._jobs.get(run)
        if job is None:
            return
        if job.holder is None:
            self._crew.waiting.remove(job)
            job.fail("adapter.cancelled", "cancelled before the command was there")
        else:
            job.holder.cancel(job, reason)

    def supply(self, run: str, parts: tuple[Content, ...]) -> None:
        """Bring the sender's reply to a question."""
        job = self._jobs.get(run)
        if job is not None and job.holder is not None:
            job.holder.supply(job, parts)

    # runs

    def _take(self, run: Run) -> Job:
        job = Job(run)
        job.telling = Telling(
            self._desk, self._site.clock, partial(self._refused, job), partial(self._over, job)
        )
        self._jobs[run.run] = job
        if len(self._jobs) == 1:
            self._look_in(_LOOK)
        return job

    def _refused(self, job: Job, refusal: GatepostError) -> None:
        if job.holder is not None:
            job.holder.refused(job, refusal.code, refusal.what)

    def _over(self, job: Job) -> None:
        self._jobs.pop(job.run.run, None)
        job.close()
        if job.holder is not None:
            job.holder.over(job)
        self._moved.set()

    def _limit(self, job: Job, allowed: int, spent: float = 0.0) -> None:
        late = partial(self._late, job, f"it ran longer than {allowed} seconds")
        job.timer = self._site.clock.call_later(max(0.0, allowed - spent), late)

    def _late(self, job: Job, text: str) -> None:
        if job.holder is None:
            self._crew.waiting.remove(job)
            job.fail("adapter.timeout", text)
            return
        job.judge("adapter.timeout", text)
        job.holder.cancel(job, "timeout")
        # One that stays was only asked. If it goes on, nothing but its end stops the run.
        job.timer = self._site.clock.call_later(
            self._site.limits.stop, partial(job.holder.hang, job, "adapter.timeout", text)
        )

    # what a former life left

    def _settle(self, left: list[Remains]) -> None:
        runs = self._claim.open_runs
        of = {id(one): [run for run in runs if one.has(run)] for one in left}
        heard = {id(one): one.heard(of[id(one)]) for one in left}
        found = {run.run: one.evidence(run, heard[id(one)]) for one in left for run in of[id(one)]}
        self._house.open(
            "process",
            self._site.boot,
            unmarked=[run for run in runs if not found.get(run.run)],
            doubtful=[run for run in runs if found.get(run.run) == "none"],
        )
        # The jobs are there before the evidence is given: a cancel may come with its answer.
        taken = [
            (one, self._adopt(one, [r for r in of[id(one)] if found[r.run] == "running"], heard))
            for one in left
        ]
        for run in runs:
            self._claim.evidence(run.run, found.get(run.run) or self._house.without_mark(run))
        for one, child in taken:
            if child is not None:
                self._go_on(one, child)

    def _adopt(self, one: Remains, runs: list[Run], heard: dict[int, Heard]) -> Child | None:
        """Take a child over, with the runs it has. None when nothing is left of it to wait for."""
        if one.stays:
            self._crew.number_after(one.files.name)
        if not runs and not one.alive:
            one.files.remove()
            return None
        child = self._crew.adopt(one.files, one.past, one.stays)
        for run in runs:
            job = self._take(run)
            job.questions = heard[id(one)].questions.get(run.run, 0)
            inputs = one.past.inputs.get(run.run, [])
            job.inputs, job.last_input = len(inputs), inputs[-1] if inputs else ""
            child.serve(job)
            if allowed := self._site.allowed(self._spec):
                spent = max(0, self._site.clock.now() - one.started(run)) / 1000
                self._limit(job, allowed, spent)
        return child

    def _go_on(self, one: Remains, child: Child) -> None:
        """Tell what it printed, and follow what it prints."""
        if not one.alive:
            child.ended("ended while the node was away")
            return
        child.watch(one.pid, own=False)
        if one.stays:
            self._crew.keep(child, one.past.command)
        elif not child.jobs:
            child.stop()

    def _look(self) -> None:
        for child in list(self._crew.children):
            child.check()
        self._look_in(_LOOK if self._jobs else _LOOK_IDLE)

    def _look_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._site.clock.call_later(seconds, self._look)
