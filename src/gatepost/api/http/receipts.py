"""Receipts of asks, said only when the answer is not as quick as they are.

Whoever asks wants the answer; a receipt matters once one has to wait. So it is kept back for up to
20 ms, and an answer that comes first goes alone: one frame instead of two, and one waking of the
client. Nothing is risked: a client that lost its line without a receipt says the ask again under
its request key.
"""

import asyncio

from gatepost.api.http.outgoing import Outgoing
from gatepost.core.message import Receipt

_LATEST = 0.02


class Receipts:
    """The receipts one socket has not said yet, by call."""

    def __init__(self, out: Outgoing) -> None:
        self._out = out
        self._unsaid: dict[int, Receipt] = {}
        self._timer: asyncio.TimerHandle | None = None

    def later(self, n: int, receipt: Receipt) -> None:
        """Say it soon, unless the answer comes first."""
        self._unsaid[n] = receipt
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_LATEST, self._say)

    def now(self, n: int) -> None:
        """There is news that goes after it."""
        receipt = self._unsaid.pop(n, None)
        if receipt is not None:
            self._out.put(n, "ok", receipt)

    def needless(self, n: int) -> None:
        """The answer is here."""
        self._unsaid.pop(n, None)

    def close(self) -> None:
        """The socket is gone."""
        if self._timer is not None:
            self._timer.cancel()

    def _say(self) -> None:
        self._timer = None
        for n, receipt in self._unsaid.items():
            self._out.put(n, "ok", receipt)
        self._unsaid.clear()
