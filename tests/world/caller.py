"""Scripted callers: they submit, watch, answer and cancel, and write down what they were told.

A caller has lanes, each one conversation with one agent. In a lane it submits the next message only
once it knows what became of the submission before, so the order it wants is never in doubt. When
its node dies before it answered, it repeats the call with the same request key, if it had one.
"""

from dataclasses import dataclass, field
from random import Random

from gatepost.core.message import MessageView, Receipt, Submission, Text, UpdateIn, Verb
from gatepost.errors import GatepostError
from gatepost.ports import Desk
from tests.world.ledger import Call, Ledger, Shown
from tests.world.place import Place


@dataclass(frozen=True, slots=True)
class Step:
    """One message of a lane: how long after the one before, and what it is."""

    pause: float
    verb: Verb
    keyed: bool = True
    expires: float = 0.0
    cancel: float = 0.0
    size: int = 0


@dataclass(slots=True)
class Lane:
    """One conversation with one agent."""

    to: str
    conversation: str
    steps: list[Step]
    at: int = 0
    pending: Call | None = None
    idle: bool = True


@dataclass(slots=True)
class Caller:
    """Implements `place.Tenant` for one sending agent."""

    place: Place
    agent: str
    lanes: list[Lane]
    ledger: Ledger
    chance: Random
    calls: dict[str, Call] = field(default_factory=dict[str, Call])
    watched: set[str] = field(default_factory=set[str])

    def __post_init__(self) -> None:
        self.place.join(self)
        for lane in self.lanes:
            self._schedule(lane)

    # place.Tenant

    def node_up(self) -> None:
        for call in self.calls.values():
            self._watch(call)
        for lane in self.lanes:
            if lane.pending is not None:
                self._submit(lane, lane.pending, lane.steps[lane.at])
            elif lane.idle and lane.at < len(lane.steps):
                self._next(lane)

    def node_down(self) -> None:
        self.watched.clear()
        for lane in self.lanes:
            call = lane.pending
            if call is None or call.status != "pending":
                continue
            call.status = "info"
            if not call.key:
                lane.pending = None
                lane.at += 1
                self._schedule(lane)

    # submitting

    def _schedule(self, lane: Lane) -> None:
        if lane.at < len(lane.steps):
            lane.idle = False
            self.place.later(lane.steps[lane.at].pause, lambda: self._next(lane))

    def _next(self, lane: Lane) -> None:
        if self.place.desk(self.agent) is None:
            lane.idle = True
            return
        step = lane.steps[lane.at]
        n = len(self.ledger.calls)
        call = lane.pending = self.ledger.call(
            self.place.name,
            self.agent,
            lane.to,
            step.verb,
            lane.conversation,
            lane.at,
            f"key-{n}" if step.keyed else "",
            self.place.time(),
        )
        self._submit(lane, call, step)

    def _submit(self, lane: Lane, call: Call, step: Step) -> None:
        desk = self.place.desk(self.agent)
        if desk is None:
            return
        call.status = "pending"
        submission = Submission(
            verb=step.verb,
            to=call.to,
            parts=(Text(call.text + "." * step.size),),
            conversation=call.lane,
            expires_in=int(step.expires * 1000),
            request_key=call.key,
        )
        desk.submit(submission, lambda answer: self._answered(lane, call, step, answer))

    def _answered(
        self, lane: Lane, call: Call, step: Step, answer: Receipt | GatepostError
    ) -> None:
        if isinstance(answer, GatepostError):
            call.status, call.code = "fail", answer.code
        else:
            call.status = "ok"
            if answer.id not in call.ids:
                call.ids.append(answer.id)
            self.calls[call.id] = call
            self.place.later(0.0, lambda: self._watch(call))
            if step.cancel:
                self.place.later(step.cancel, lambda: self._cancel(call))
        lane.pending = None
        lane.at += 1
        self._schedule(lane)

    # watching

    def _watch(self, call: Call) -> None:
        desk = self.place.desk(self.agent)
        if desk is not None and call.id not in self.watched:
            self.watched.add(call.id)
            desk.watch(call.id, lambda view: self._seen(call, view))

    def _seen(self, call: Call, view: MessageView) -> None:
        if view.id != call.id:
            self.ledger.wrong(f"watched {call.id} and was shown {view.id}")
        call.see(self.place.time(), view)
        if view.state == "needs_input":
            self.place.later(self.chance.random(), lambda: self._reply(call))

    def _reply(self, call: Call) -> None:
        desk = self.place.desk(self.agent)
        if desk is None or call.shown[-1].state != "needs_input":
            return
        call.answers += 1
        answer = UpdateIn(id=call.id, kind="answer", parts=(Text(f"answer to call {call.n}"),))
        desk.update(answer, lambda error: None)

    def _cancel(self, call: Call) -> None:
        desk = self.place.desk(self.agent)
        if desk is None:
            return
        call.asked_to_cancel = True

        def cancelled(answer: MessageView | GatepostError) -> None:
            if not isinstance(answer, GatepostError):
                call.see(self.place.time(), answer, watched=False)

        desk.cancel(call.id, cancelled)

    # the end

    @property
    def finished(self) -> bool:
        """Every lane is through."""
        return all(lane.pending is None and lane.at >= len(lane.steps) for lane in self.lanes)

    def collect(self) -> None:
        """Ask once more for every message that was accepted."""
        for call in self.calls.values():
            desk = self.place.desk(self.agent)
            assert desk is not None, "the world is healed"
            call.final = self._look(desk, call)

    def _look(self, desk: Desk, call: Call) -> Shown:
        seen: list[Shown] = []
        desk.watch(call.id, lambda view: seen.append(call.see(self.place.time(), view)))()
        return seen[0]
