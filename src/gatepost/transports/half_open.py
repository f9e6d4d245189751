"""Connections that have not said who they are, and how much of this node's time they may take.

Before the first byte is read two bounds hold: how often one address may connect, and how many
connections may be between TCP and the end of hello at once. When that many are, the oldest makes
room: whoever is slow loses, so those who connect and say nothing cannot keep peers out.
"""

from gatepost.transports.arrival import Arrival
from gatepost.transports.limits import Limits

_ADDRESSES_MAX = 4096


class Rate:
    """How often one address may connect: `per_second` on the long run, `burst` at once."""

    def __init__(self, per_second: float, burst: int) -> None:
        self._interval = 1.0 / per_second
        self._slack = self._interval * (burst - 1)
        self._next: dict[str, float] = {}
        self._forgotten = float("-inf")

    def allows(self, address: str, now: float) -> bool:
        """Whether one more is allowed at `now` (seconds that only grow), which then counts."""
        due = max(self._next.get(address, now), now)
        if due - now > self._slack:
            return False
        if len(self._next) >= _ADDRESSES_MAX and address not in self._next:
            self._forget(now)
            if len(self._next) >= _ADDRESSES_MAX:
                return False  # so many addresses at once are one flood
        self._next[address] = due + self._interval
        return True

    def _forget(self, now: float) -> None:
        """Forget those that may connect again, once a second at most: it looks at all of them."""
        if now - self._forgotten >= 1.0:
            self._forgotten = now
            self._next = {known: at for known, at in self._next.items() if at > now}


class HalfOpen:
    """The connections that have not said who they are. `refused` counts those turned away."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.half_open
        self._rate = Rate(limits.accepts, limits.burst)
        self._waiting: dict[Arrival, None] = {}  # in order of arrival
        self.refused = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def admit(self, arrival: Arrival, now: float) -> bool:
        """Count it in, or turn it away."""
        if not self._rate.allows(_origin(arrival.channel.address), now):
            self.refused += 1
            return False
        if len(self._waiting) >= self._most:
            self.refused += 1
            next(iter(self._waiting)).drop("others came after it")
        self._waiting[arrival] = None
        return True

    def leave(self, arrival: Arrival) -> None:
        """It is over or has become a line."""
        self._waiting.pop(arrival, None)

    def all(self) -> list[Arrival]:
        """Those that wait."""
        return list(self._waiting)


def _origin(address: str) -> str:
    """Whom a connection counts for: the IPv4 address, or the /64 an IPv6 address is in."""
    if address.startswith("["):
        return ":".join(address[1:].split(":")[:4])
    return address.rpartition(":")[0]
