"""What waits for a person at a node that is not there: canned holds, and what was answered."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import msgspec

from gatepost.core.holding import Answered, ApprovalView, ApproveIn, HoldRule, HoldView
from gatepost.core.message import File, Text
from gatepost.errors import GatepostError
from tests.unit.cli.fakes import HOME, ID, NOW, TALK, FakeNode

DIGEST = "5f3c9a01" + "0" * 56
HOLD = HoldView(
    id=ID,
    direction="in",
    verb="delegate",
    sender="main@home",
    to="specialist",
    conversation=TALK,
    since=NOW - 125_000,
    created=NOW - 125_500,
    expires=NOW + 259_200_000,
    digest=DIGEST,
    size=2167,
    rules=(HoldRule("look", "0123456789abcdef", "policy.toml:76", "rule `look` says so"),),
    node=HOME,
    preview="Rebuild the index",
    hops=1,
)
SAYS = (
    Text("Rebuild the index.\nThe log is attached."),
    File(data=b"x" * 2150, name="night.log", media="text/plain"),
)

YES = Answered(id=ID, answer="approved", state="working", digest=DIGEST)


@dataclass
class Waiting(FakeNode):
    """The operator's client with something to answer."""

    held: list[HoldView] = field(default_factory=lambda: [HOLD])
    approved: list[tuple[str, ApproveIn]] = field(default_factory=list[tuple[str, ApproveIn]])
    refused: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    answer: Answered = YES
    stand: tuple[ApprovalView, ...] = ()

    def __post_init__(self) -> None:
        self.refuse = self._refuse  # type: ignore[assignment]

    def _asked(self, what: str, *about: object) -> None:
        self.asked.append((what, *about))

    async def holds(self) -> list[HoldView]:
        return self.held

    async def hold(self, id: str) -> HoldView:
        for view in self.held:
            if view.id.startswith(id):
                return msgspec.structs.replace(view, parts=view.parts or SAYS)
        raise GatepostError("hold.unknown", what=f"`{id}` does not wait for a person here")

    async def approve(self, id: str, given: ApproveIn) -> Answered:
        self.approved.append((id, given))
        return self.answer

    async def _refuse(self, id: str, reason: str = "") -> Answered:
        self.refused.append((id, reason))
        return Answered(id=ID, answer="refused", state="rejected", digest=DIGEST)

    async def approvals(self) -> list[ApprovalView]:
        return list(self.stand)

    async def revoke_approval(self, id: str) -> str:
        self._asked("revoke_approval", id)
        return ""

    @contextlib.asynccontextmanager
    async def connect_operator(
        self, *, home: str | None = None, token: str | None = None, patience: float = 30.0
    ) -> AsyncIterator["Waiting"]:
        self.asked.append(("connect_operator", home))
        yield self
