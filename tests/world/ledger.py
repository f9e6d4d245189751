"""What callers and agents write down by themselves, so that a node need not be believed.

A caller writes before each call what it asks for, and after it what it was told: `ok` with an id,
`fail` with a code, or `info` when the node died before it answered (the message may or may not have
been accepted). Every state it is ever shown is kept too. An agent writes every start of work,
before the work, and every end. Nothing here reads a node's database.
"""

from dataclasses import dataclass, field
from typing import Literal

from gatepost.core.message import MessageView, Run, text_of

Status = Literal["pending", "ok", "fail", "info"]


@dataclass(slots=True)
class Shown:
    """A message as its caller was shown it: by a watch, or in answer to a call of its own."""

    at: float
    watched: bool
    state: str
    reason: str
    by: str
    text: str


@dataclass(slots=True)
class Call:
    """One submission of one caller. `lane` and `place` are its conversation and rank there."""

    n: int
    node: str
    caller: str
    to: str
    verb: str
    text: str
    lane: str
    place: int
    key: str
    at: float
    status: Status = "pending"
    code: str = ""
    ids: list[str] = field(default_factory=list)
    shown: list[Shown] = field(default_factory=list)
    final: Shown | None = None
    asked_to_cancel: bool = False
    answers: int = 0

    @property
    def id(self) -> str:
        return self.ids[0] if self.ids else ""

    def final_is(self, state: str) -> bool:
        return self.final is not None and self.final.state == state

    def see(self, at: float, view: MessageView, watched: bool = True) -> Shown:
        shown = Shown(at, watched, view.state, view.reason, view.by, text_of(view.parts))
        self.shown.append(shown)
        return shown


@dataclass(slots=True)
class Start:
    """One start of work: which message, in which run, with what in hand."""

    n: int
    at: float
    agent: str
    id: str
    run: str
    attempt: int
    redelivered: bool
    late: bool
    sender: str
    node: str
    lane: str
    text: str
    key: str


@dataclass(slots=True)
class End:
    """One last word about a message. `taken` once the node said it is durable."""

    id: str
    run: str
    kind: str
    text: str
    taken: bool = False
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """A message a person was shown: where, which, when first, and what it said."""

    node: str
    id: str
    at: float
    text: str


@dataclass(slots=True)
class Said:
    """A person's answer, as it was meant. `sure` once the node said it is durable.

    `flow` is direction, verb, sender and receiver as they were shown. `refused` is the code when
    the node did not take it.
    """

    node: str
    id: str
    at: float
    answer: str
    scope: str
    conversation: str
    flow: tuple[str, str, str, str]
    sure: bool = False
    refused: str = ""

    def kept(self) -> None:
        self.sure = True

    def stands_for(self, lane: str, flow: tuple[str, str, str, str]) -> bool:
        if self.scope == "once" or flow != self.flow:
            return False
        return self.scope == "time" or lane == self.conversation


@dataclass(slots=True)
class Ledger:
    """Everything written down in one world, in order."""

    calls: list[Call] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    ends: list[End] = field(default_factory=list)
    wrongs: list[str] = field(default_factory=list)
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict[tuple[str, str], Seen])
    said: list[Said] = field(default_factory=list)

    def see(self, seen: Seen) -> None:
        """Keep the first look at a message."""
        self.seen.setdefault((seen.node, seen.id), seen)

    def call(
        self, node: str, caller: str, to: str, verb: str, lane: str, place: int, key: str, at: float
    ) -> Call:
        n = len(self.calls)
        made = Call(n, node, caller, to, verb, f"call {n} to {to}", lane, place, key, at)
        self.calls.append(made)
        return made

    def start(self, agent: str, run: Run, at: float) -> Start:
        made = Start(
            n=len(self.starts),
            at=at,
            agent=agent,
            id=run.id,
            run=run.run,
            attempt=run.attempt,
            redelivered=run.redelivered,
            late=run.late,
            sender=run.sender,
            node=run.node,
            lane=run.conversation,
            text=text_of(run.parts),
            key=run.idempotency_key,
        )
        self.starts.append(made)
        return made

    def end(self, run: Run, kind: str, text: str) -> End:
        made = End(run.id, run.run, kind, text)
        self.ends.append(made)
        return made

    def wrong(self, what: str) -> None:
        """An agent or caller saw at once what must not be."""
        self.wrongs.append(what)
