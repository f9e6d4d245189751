"""The OpenClaw adapter: an agent that lives on an OpenClaw gateway.

Every run becomes a turn of that agent, in a session of its sender and conversation. Durability is
ours: the gateway keeps what it was given, and forgets in a restart under which key it was; what
became of a turn is read from the session's history, never guessed. See `turn`.
"""

import asyncio
from contextlib import suppress
from functools import partial

from gatepost.adapters.house import House
from gatepost.adapters.openclaw.errand import Errand
from gatepost.adapters.openclaw.gateway import Gateway, Payload
from gatepost.adapters.openclaw.gateways import Gateways
from gatepost.adapters.openclaw.late import Late
from gatepost.adapters.openclaw.trace import Trace, Traces
from gatepost.adapters.site import Site
from gatepost.adapters.telling import Telling
from gatepost.core.message import Content, MessageView, Run
from gatepost.core.views import AgentSpec
from gatepost.errors import GatepostError
from gatepost.ports import Claim, Desk


class OpenClawAdapter:
    """Wakes one agent of a gateway."""

    def __init__(self, spec: AgentSpec, desk: Desk, site: Site) -> None:
        self._spec = spec
        self._desk = desk
        self._site = site
        self._house = House(site.runs, spec.name)
        self._traces = Traces(self._house.path)
        self._errands: dict[str, Errand] = {}
        self._moved = asyncio.Event()
        self._claim: Claim
        self._gateway: Gateway
        self._late_answers: Late

    # from start to stop

    async def start(self) -> None:
        """Go on with the runs that were given to the gateway, then take new ones."""
        self._house.make()
        claim = self._claim = self._desk.claim(self, 0, "openclaw")
        self._gateway = Gateways.of(self._site).take(self._spec.url, self._spec.secret)
        self._gateway.events.append(self._event)
        traces = {run.run: self._traces.read(run) for run in claim.open_runs}
        self._house.open(
            "openclaw",
            self._site.boot,
            unmarked=[run for run in claim.open_runs if traces[run.run] is None],
            doubtful=[],
        )
        self._traces.sweep([run for run in claim.open_runs if traces[run.run] is not None])
        for run in claim.open_runs:
            trace = traces[run.run]
            if trace is None:
                claim.evidence(run.run, self._house.without_mark(run))
            else:
                self._begin(run, trace)
                claim.evidence(run.run, "running")
        target = self._spec.remote or self._spec.name
        self._late_answers = Late(
            self._house.path, target, self._desk, self._gateway, self._site.clock, self._site.tasks
        )
        self._late_answers.start()
        claim.capacity(self._spec.concurrent)

    def late(self, message: str, session: str) -> bool:
        """Wake a session of the agent when its message has an answer. Implements `ports.Waker`."""
        return self._late_answers.wish(message, session)

    async def stop(self, drain: float, keep: bool = True) -> None:
        """Take nothing new, wait for what is in hand. What the gateway has, it keeps."""
        self._claim.capacity(0)
        with suppress(TimeoutError):
            async with asyncio.timeout(drain):
                while self._errands:
                    self._moved.clear()
                    await self._moved.wait()
        for errand in list(self._errands.values()):
            if not keep and errand.given:
                await errand.turn.stop()
            errand.end()
        self._errands.clear()
        self._late_answers.stop()
        self._gateway.events.remove(self._event)
        await Gateways.of(self._site).leave(self._spec.url, self._spec.secret)
        self._claim.release()

    # what the mailbox says

    def offer(self, run: Run) -> None:
        """Give a run to the gateway."""
        self._begin(run, None)

    def cancel(self, run: str, reason: str) -> None:
        """Ask the gateway to stop a run."""
        errand = self._errands.get(run)
        if errand is not None:
            self._site.tasks.create_task(errand.cancel())

    def supply(self, run: str, parts: tuple[Content, ...]) -> None:
        """Bring the agent the sender's reply to its question."""
        errand = self._errands.get(run)
        if errand is not None:
            errand.supply(parts, self._site.tasks)

    # runs

    def _begin(self, run: Run, trace: Trace | None) -> None:
        target = self._spec.remote or self._spec.name
        clock = self._site.clock
        errand = Errand(run, target, self._gateway, clock, self._traces, self._lost)
        errand.telling = Telling(
            self._desk, clock, partial(self._refused, errand), partial(self._over, errand)
        )
        self._errands[run.run] = errand
        errand.begin(trace, self._site.tasks)
        errand.unwatch = self._desk.watch(run.id, partial(self._seen, errand))
        self._limit(errand)

    def _limit(self, errand: Errand) -> None:
        """A run has its time once it is given, and until it expires to be given."""
        clock, run = self._site.clock, errand.run
        allowed = self._site.allowed(self._spec)
        left = (run.expires - clock.now()) / 1000
        if errand.given and allowed:
            left = allowed - max(0, clock.now() - errand.since) / 1000
        elif errand.given:
            return
        elif allowed:
            left = min(left, allowed)
        errand.timer = clock.call_later(max(0.0, left), partial(self._late, errand, allowed))

    def _late(self, errand: Errand, allowed: int) -> None:
        if not errand.given:
            why = f"the gateway was not reached in time: {self._gateway.why}"
            errand.fail("adapter.unreachable", why)
        elif allowed:
            spent = (self._site.clock.now() - errand.since) / 1000
            if spent < allowed - 0.5:
                self._limit(errand)
                return
            why = f"it took longer than {allowed} seconds"
            self._site.tasks.create_task(errand.expire("adapter.timeout", why))

    def _event(self, name: str, payload: Payload) -> None:
        for errand in tuple(self._errands.values()):
            errand.event(name, payload)

    def _seen(self, errand: Errand, view: MessageView) -> None:
        if errand.seen(view):
            self._over(errand)

    def _refused(self, errand: Errand, refusal: GatepostError) -> None:
        errand.fail(refusal.code, refusal.what)

    def _lost(self, errand: Errand) -> None:
        """Nobody can know what became of it: the node says so, or has it run again."""
        self._over(errand)
        self._claim.evidence(errand.run.run, "none")

    def _over(self, errand: Errand) -> None:
        if self._errands.pop(errand.run.run, None) is None:
            return
        self._traces.forget(errand.run)
        self._site.clock.call_soon(errand.end)  # not from within its own task
        self._moved.set()
