"""A claim held through a socket: what the node offers goes out as events of that call."""

from gatepost.api.http.holders import Holders
from gatepost.api.http.outgoing import Outgoing
from gatepost.core.calls import Cancel, Claimed, ClaimIn, Offer, Supply
from gatepost.core.message import Content, Run
from gatepost.errors import GatepostError
from gatepost.ports import Claim, Desk


class Holding:
    """The claim of one socket, once it has one; to the node, the client of the agent."""

    def __init__(self, desk: Desk, holders: Holders, out: Outgoing) -> None:
        self._desk = desk
        self._holders = holders
        self._out = out
        self._n = 0
        self._claim: Claim | None = None

    def begin(self, n: int, wish: ClaimIn) -> Claimed:
        """Claim the mailbox. Raises `mailbox.taken`; `usage.invalid` when it is held here."""
        if self._claim is not None:
            raise GatepostError("usage.invalid", why="this socket holds the mailbox already")
        agent = self._desk.agent
        self._holders.take_over(agent, wish.client)
        self._n = n
        claim = self._claim = self._desk.claim(self, wish.capacity, wish.kind)
        try:
            sole = self._holders.claimed(agent, wish.client, self.let_go)
        except GatepostError:
            self.let_go()
            raise
        return Claimed(tuple(claim.open_runs), sole)

    @property
    def claim(self) -> Claim:
        """The claim. Raises `usage.invalid` without one."""
        if self._claim is None:
            raise GatepostError("usage.invalid", why="this socket does not hold the mailbox")
        return self._claim

    def let_go(self) -> None:
        """Give the mailbox up, if held."""
        claim, self._claim = self._claim, None
        if claim is not None:
            claim.release()

    def offer(self, run: Run) -> None:
        """Start this run."""
        self._out.put(self._n, "event", Offer(run))

    def cancel(self, run: str, reason: str) -> None:
        """Stop this run if possible."""
        self._out.put(self._n, "event", Cancel(run, reason))

    def supply(self, run: str, parts: tuple[Content, ...]) -> None:
        """The sender's reply, for the open run."""
        self._out.put(self._n, "event", Supply(run, parts))
