"""Scripted agents: what stands behind a mailbox, with a memory and a ledger of its own.

A gateway takes runs, starts them a little later, works a little, says news, may need input, may
decline or fail, and says its last word until the node has it. It can crash by itself: then its jobs
are gone, and either it still knows which runs it had started (a transcript on its disk) or it has
forgotten everything. What it is asked about open runs it answers from its own memory, truthfully.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from gatepost.core.message import Content, Run, Text, UpdateIn, text_of
from gatepost.errors import GatepostError
from gatepost.ports import Claim
from tests.world.ledger import End, Ledger
from tests.world.place import Place


@dataclass(frozen=True, slots=True)
class Manner:
    """How an agent behaves. Times in seconds, the rest are chances per run."""

    delay: float = 0.0
    work: float = 0.0
    news: float = 0.0
    asks: float = 0.0
    fails: float = 0.0
    declines: float = 0.0
    heeds: bool = True
    forgets: bool = False
    safe: bool = False
    capacity: int = 8
    concurrent: int = 4


@dataclass(slots=True)
class Job:
    """One run in hand. `stage` is offered, working, asking or ended."""

    run: Run
    stage: str = "offered"
    kind: str = ""
    end: End | None = None
    supplied: int = 0
    questions: int = 0
    life: int = field(default=0)


class Gateway:
    """Implements `ports.Client` and `place.Tenant` for one agent."""

    def __init__(
        self, place: Place, agent: str, manner: Manner, ledger: Ledger, chance: Random
    ) -> None:
        self.agent = agent
        self.manner = manner
        self.up = True
        self.crashes = 0
        self.calm = False
        self._place = place
        self._ledger = ledger
        self._chance = chance
        self._claim: Claim | None = None
        self._jobs: dict[str, Job] = {}
        place.join(self)

    # place.Tenant

    def node_up(self) -> None:
        desk = self._place.desk(self.agent)
        if not self.up or desk is None:
            return
        claim = self._claim = desk.claim(self, self.manner.capacity, "world")
        for run in claim.open_runs:
            self._testify(claim, run)

    def node_down(self) -> None:
        self._claim = None

    def crash(self, seconds: float) -> None:
        """This agent's process dies; it is started again after a while."""
        if not self.up:
            return
        self.up = False
        self.crashes += 1
        for token, job in list(self._jobs.items()):
            job.life += 1
            if self.manner.forgets or job.stage == "offered":
                del self._jobs[token]
        self._place.later(seconds, self._restart)
        if self._claim is not None:
            claim, self._claim = self._claim, None
            claim.release()

    def _restart(self) -> None:
        self.up = True
        self.node_up()

    def _testify(self, claim: Claim, run: Run) -> None:
        job = self._jobs.get(run.run)
        if job is None:
            claim.evidence(run.run, "none" if self.manner.forgets else "not_run")
            return
        if job.end is not None and job.end.taken:
            self._ledger.wrong(f"{self.agent}: run {run.run} open again after its durable end")
        job.life += 1
        claim.evidence(run.run, "running")
        if job.stage == "ended":
            self._soon(job, self._tell)
        elif job.stage == "offered":
            self._soon(job, self._start, self._time(self.manner.delay))
        elif job.stage == "working":
            self._soon(job, self._finish, self._time(self.manner.work))
        elif job.stage == "asking" and job.questions == 0:
            self._soon(job, self._ask)

    # ports.Client

    def offer(self, run: Run) -> None:
        if not self.up or self._claim is None:
            return
        if run.run in self._jobs:
            self._ledger.wrong(f"{self.agent}: run {run.run} offered twice")
            return
        job = self._jobs[run.run] = Job(run)
        if self.manner.delay:
            self._soon(job, self._start, self._time(self.manner.delay))
        else:
            self._start(job)

    def cancel(self, run: str, reason: str) -> None:
        job = self._jobs.get(run)
        if self.manner.heeds and job is not None and job.stage in ("working", "asking"):
            job.life += 1
            job.kind = "failed"
            self._soon(job, self._finish)

    def supply(self, run: str, parts: tuple[Content, ...]) -> None:
        job = self._jobs.get(run)
        if job is None or job.stage != "asking":
            return
        if not text_of(parts).startswith("answer to call"):
            self._ledger.wrong(f"{self.agent}: supplied with {text_of(parts)!r}")
        job.supplied += 1
        job.stage = "working"
        self._soon(job, self._finish, self._time(self.manner.work))

    # work

    def _start(self, job: Job) -> None:
        if not self.up:
            return
        run, manner = job.run, self.manner
        for other in self._jobs.values():
            if other.stage in ("working", "asking") and _lane(other.run) == _lane(run):
                self._ledger.wrong(f"{self.agent}: {run.run} beside {other.run.run} in one lane")
        if sum(other.stage in ("working", "asking") for other in self._jobs.values()) >= (
            manner.concurrent
        ):
            self._ledger.wrong(f"{self.agent}: more than {manner.concurrent} runs at a time")
        self._ledger.start(self.agent, run, self._place.time())
        job.stage = "working"
        roll = self._chance.random()
        job.kind = "done"
        if roll < manner.fails:
            job.kind = "failed"
        elif roll < manner.fails + manner.declines:
            job.kind = "declined"
        if self._chance.random() < manner.news:
            self._soon(job, self._progress, self._time(manner.work) / 2)
        if run.verb != "send" and self._chance.random() < manner.asks:
            self._soon(job, self._ask, self._time(manner.work) / 2)
        elif manner.work:
            self._soon(job, self._finish, self._time(manner.work))
        else:
            self._finish(job)

    def _progress(self, job: Job) -> None:
        if job.stage == "working":
            self._say(UpdateIn(id=job.run.id, kind="progress", parts=(Text("on it"),)), _nobody)

    def _ask(self, job: Job) -> None:
        if job.stage == "ended":
            return
        job.stage = "asking"

        def asked(error: GatepostError | None) -> None:
            if error is None:
                job.questions += 1

        self._say(UpdateIn(id=job.run.id, kind="needs_input", parts=(Text("what?"),)), asked)

    def _finish(self, job: Job) -> None:
        if job.stage == "ended":
            return
        job.stage = "ended"
        job.end = self._ledger.end(job.run, job.kind, f"{job.kind} {job.run.run} {_text(job.run)}")
        self._tell(job)

    def _tell(self, job: Job) -> None:
        end = job.end
        if end is None or end.taken:
            return

        def told(error: GatepostError | None) -> None:
            if error is None:
                end.taken = True
            else:
                end.refused = error.code

        self._say(UpdateIn(id=end.id, kind=end.kind, parts=(Text(end.text),)), told)  # pyright: ignore[reportArgumentType]

    def _say(self, update: UpdateIn, done: Callable[[GatepostError | None], None]) -> None:
        desk = self._place.desk(self.agent) if self.up else None
        if desk is not None and self._claim is not None:
            desk.update(update, done)

    # time

    def _soon(self, job: Job, then: Callable[[Job], None], seconds: float = 0.0) -> None:
        life = job.life

        def go() -> None:
            if job.life == life and self.up and self._jobs.get(job.run.run) is job:
                then(job)

        self._place.later(seconds, go)

    def _time(self, most: float) -> float:
        return most * self._chance.random() * (0.1 if self.calm else 1.0)


def _lane(run: Run) -> tuple[str, str]:
    return run.node, run.conversation


def _text(run: Run) -> str:
    return text_of(run.parts)


def _nobody(error: GatepostError | None) -> None:
    """News may be lost."""
