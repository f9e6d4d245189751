"""The webhook adapter: an agent that is called by HTTP.

Every run is posted, signed, to the agent's URL. An answer of 2xx means that the agent has it; from
then on the agent speaks through the API of this node, and the adapter only watches for the end of
the run, passes on replies and cancels, and keeps the time budget. What must survive a crash is two
marks a run (`marks`); a request whose answer was never seen is no evidence either way.
"""

import asyncio
from contextlib import suppress
from functools import partial

from gatepost.adapters.house import House
from gatepost.adapters.site import Site
from gatepost.adapters.telling import Telling
from gatepost.adapters.webhook.errand import Errand
from gatepost.adapters.webhook.marks import Marks
from gatepost.adapters.webhook.post import Answer, Poster
from gatepost.adapters.webhook.signing import SIGNATURE, TIMESTAMP, signature
from gatepost.core.lifecycle import is_outcome
from gatepost.core.message import Content, MessageView, Run, UpdateIn
from gatepost.core.views import AgentSpec
from gatepost.ports import Claim, Desk


class WebhookAdapter:
    """Wakes one agent by calling its URL."""

    def __init__(self, spec: AgentSpec, desk: Desk, site: Site) -> None:
        self._spec = spec
        self._desk = desk
        self._site = site
        self._house = House(site.runs, spec.name)
        self._marks = Marks(self._house.path)
        self._poster = Poster(spec.url)
        self._errands: dict[str, Errand] = {}
        self._moved = asyncio.Event()
        self._claim: Claim

    # from start to stop

    async def start(self) -> None:
        """Settle the runs that were open, then take new ones."""
        self._house.make()
        claim = self._claim = self._desk.claim(self, 0, "webhook")
        found = {run.run: self._marks.evidence(run) for run in claim.open_runs}
        self._house.open(
            "webhook",
            self._site.boot,
            unmarked=[run for run in claim.open_runs if not found[run.run]],
            doubtful=[run for run in claim.open_runs if found[run.run] == "none"],
        )
        self._marks.sweep([run for run in claim.open_runs if found[run.run] == "running"])
        # The errands are there before the evidence is given: a cancel may come with its answer.
        taken = [run for run in claim.open_runs if found[run.run] == "running"]
        errands = [self._open(run, self._marks.since(run)) for run in taken]
        for run in claim.open_runs:
            claim.evidence(run.run, found[run.run] or self._house.without_mark(run))
        for errand in errands:
            self._wait_for(errand)
        claim.capacity(self._spec.concurrent)

    async def stop(self, drain: float, keep: bool = True) -> None:
        """Take nothing new, wait for what is in hand, and give the mailbox up.

        What the agent has, it keeps.
        """
        self._claim.capacity(0)
        with suppress(TimeoutError):
            async with asyncio.timeout(drain):
                while self._errands:
                    self._moved.clear()
                    await self._moved.wait()
        for errand in self._errands.values():
            errand.end()
            if errand.task is not None:
                errand.task.cancel()
        self._errands.clear()
        await self._poster.close()
        self._claim.release()

    # what the mailbox says

    def offer(self, run: Run) -> None:
        """Call the agent with a run."""
        errand = self._open(run, self._site.clock.now())
        self._marks.begin(run)
        errand.message()
        self._work(errand)

    def cancel(self, run: str, reason: str) -> None:
        """Ask the agent to stop a run."""
        errand = self._errands.get(run)
        if errand is not None:
            errand.cancel(reason)
            self._work(errand)

    def supply(self, run: str, parts: tuple[Content, ...]) -> None:
        """Bring the agent the sender's reply to its question."""
        errand = self._errands.get(run)
        if errand is not None:
            errand.reply(parts)
            self._work(errand)

    # runs

    def _open(self, run: Run, since: int) -> Errand:
        errand = Errand(run, self._site.clock, lambda: self._taken(errand))
        errand.telling = Telling(
            self._desk,
            self._site.clock,
            lambda refusal: errand.fail(refusal.code, refusal.what),
            partial(self._over, errand),
        )
        self._errands[run.run] = errand
        if allowed := self._site.allowed(self._spec):
            spent = max(0, self._site.clock.now() - since) / 1000
            late = partial(self._late, errand, allowed)
            errand.timer = self._site.clock.call_later(max(0.0, allowed - spent), late)
        return errand

    def _work(self, errand: Errand) -> None:
        if errand.task is None or errand.task.done():
            post = partial(self._post, errand.run)
            errand.task = self._site.tasks.create_task(errand.work(post))

    async def _post(self, run: Run, body: bytes) -> Answer:
        now = self._site.clock.now()
        headers = {
            "Content-Type": "application/json",
            "Gatepost-Agent": run.agent,
            "Gatepost-Message": run.id,
            "Gatepost-Run": run.run,
            TIMESTAMP: str(now),
            SIGNATURE: signature(self._spec.secret, now, body),
        }
        if run.idempotency_key:
            headers["Idempotency-Key"] = run.idempotency_key
        return await self._poster.post(body, headers, self._site.limits.answer)

    def _taken(self, errand: Errand) -> None:
        self._marks.take(errand.run)
        self._wait_for(errand)

    def _wait_for(self, errand: Errand) -> None:
        """The agent has it: its updates come through the API."""
        if errand.run.verb == "send":
            errand.telling.say(UpdateIn(id=errand.run.id, kind="done"))
        else:
            errand.follow(self._desk.watch(errand.run.id, partial(self._seen, errand)))

    def _seen(self, errand: Errand, view: MessageView) -> None:
        if is_outcome(view.state):
            self._over(errand)

    def _late(self, errand: Errand, allowed: int) -> None:
        errand.fail("adapter.timeout", f"it took longer than {allowed} seconds")

    def _over(self, errand: Errand) -> None:
        if self._errands.pop(errand.run.run, None) is None:
            return
        errand.end()
        self._marks.forget(errand.run)
        self._moved.set()
