"""A claim held over a session: it survives the node's absence, with the runs this client has.

On a new line the mailbox is claimed again and every run this client still has is said to be
"running". What else the node shows as open never reached this client: when nobody else can have had
it ("sole"), it did not run; otherwise there is no evidence. A run this client has and the node no
longer does is over: the client is told to stop it. When another client took the mailbox meanwhile,
it is asked for again every second.
"""

import asyncio
from collections.abc import Sequence
from typing import Literal

import msgspec

from gatepost.core.calls import (
    Cancel,
    Capacity,
    Claimed,
    ClaimEvent,
    ClaimIn,
    Evidence,
    Nothing,
    Offer,
)
from gatepost.core.message import Run
from gatepost.errors import GatepostError
from gatepost.ports import Client
from gatepost.sdk.pending import Lost, Said
from gatepost.sdk.session import Session

_CLAIMED = msgspec.json.Decoder(Claimed)
_EVENT: msgspec.json.Decoder[ClaimEvent] = msgspec.json.Decoder(ClaimEvent)
_TAKEN_PAUSE = 1.0

Found = Literal["running", "not_run", "none"]


class RemoteClaim:
    """`ports.Claim` over a session; to the session, a call that lasts.

    `lost` is called when it ended for good and will not be had again.
    """

    lasting = True

    def __init__(
        self,
        session: Session,
        client: Client,
        wish: ClaimIn,
        lost: Lost | None,
    ) -> None:
        self._session = session
        self._client = client
        self._wish = wish
        self._lost = lost
        self._n = 0
        self._runs: dict[str, Run] = {}
        self._ending: set[str] = set()
        self._found: dict[str, Found] = {}
        self._open: tuple[Run, ...] = ()
        self._began: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._again: asyncio.TimerHandle | None = None

    async def begin(self) -> None:
        """Claim. Raises `mailbox.taken`."""
        self._n = self._session.begin("claim", self._wish, self)
        await self._began

    @property
    def open_runs(self) -> tuple[Run, ...]:
        """Runs that were open when the claim began."""
        return self._open

    def evidence(self, run: str, found: str) -> None:
        """What became of a run that was open before."""
        sure = msgspec.convert(found, Found)
        if sure == "running":
            self._runs.update((one.run, one) for one in self._open if one.run == run)
        else:
            self._found[run] = sure
        self._session.say("evidence", Evidence(run, sure))

    def capacity(self, n: int) -> None:
        """At most `n` runs at a time."""
        self._wish = msgspec.structs.replace(self._wish, capacity=n)
        self._session.say("capacity", Capacity(n))

    def release(self) -> None:
        """Give the mailbox up."""
        if self._again is not None:
            self._again.cancel()
        self._session.forget(self._n)
        self._session.say("release", Nothing())

    def ending(self, message: str) -> None:
        """The end of a run is being said: whether the node still has it open means nothing now."""
        self._ending.add(message)

    def ended(self, message: str, *, over: bool) -> None:
        """It was said; `over` when the run has ended, by this or otherwise."""
        self._ending.discard(message)
        if over:
            for run in [one.run for one in self._runs.values() if one.id == message]:
                del self._runs[run]

    def ok(self, body: msgspec.Raw) -> bool:
        """The mailbox is this client's, for the first time or again."""
        claimed = _CLAIMED.decode(body)
        if not self._began.done():
            self._open = claimed.open_runs
            self._began.set_result(None)
            return False
        known = {run.run for run in claimed.open_runs}
        for run in claimed.open_runs:
            if run.run not in self._runs and run.run not in self._found:
                self.evidence(run.run, "not_run" if claimed.sole else "none")
        for run in tuple(self._runs.values()):
            if run.run not in known and run.id not in self._ending:
                del self._runs[run.run]
                self._client.cancel(run.run, "the run is over")
        return False

    def event(self, body: msgspec.Raw) -> bool:
        """An offer, a cancel, a supply."""
        event = _EVENT.decode(body)
        if isinstance(event, Offer):
            self._runs[event.run.run] = event.run
            self._client.offer(event.run)
        elif isinstance(event, Cancel):
            self._client.cancel(event.run, event.reason)
        else:
            self._client.supply(event.run, event.parts)
        return False

    def failed(self, error: GatepostError) -> None:
        """Not claimed; after the first time, try again while another client has it."""
        if not self._began.done():
            self._began.set_exception(error)
        elif error.code == "mailbox.taken":
            loop = asyncio.get_running_loop()
            self._again = loop.call_later(_TAKEN_PAUSE, self._ask_again)
        elif self._lost is not None:
            self._lost(error)

    def again(self) -> Sequence[Said]:
        """Claim, and say what is known of the open runs."""
        running = [("evidence", Evidence(run, "running")) for run in self._runs]
        found = [("evidence", Evidence(run, found)) for run, found in self._found.items()]
        return (("claim", self._wish), *running, *found)

    def _ask_again(self) -> None:
        (op, body), *rest = self.again()
        self._n = self._session.begin(op, body, self)
        for op, body in rest:
            self._session.say(op, body)
