"""Who held each agent's mailbox last, as far as this life of the node knows.

A client whose link broke claims again. It may say of a run it never saw that it did not run only
when nobody else can have been given that run meanwhile: no other client and no polling in this
life, and no life between this one and the one it was told of. The same client claiming twice
takes the mailbox over from its own dead socket.
"""

from collections.abc import Callable
from dataclasses import dataclass

POLLS = "polls"


@dataclass(slots=True)
class _Holder:
    client: str
    let_go: Callable[[], None] | None


class Holders:
    """The last holder of each mailbox."""

    def __init__(self, life: Callable[[], str]) -> None:
        self._life = life
        self._last: dict[str, _Holder] = {}

    def polled(self, agent: str) -> None:
        """Somebody polled for this agent: no client was alone with its runs."""
        self._last[agent] = _Holder(POLLS, None)

    def take_over(self, agent: str, client: str) -> None:
        """Make a claim this same client still seems to hold give way."""
        holder = self._last.get(agent)
        if client and holder is not None and holder.client == client and holder.let_go is not None:
            holder.let_go()
            holder.let_go = None

    def claimed(
        self, agent: str, client: str, before: str, let_go: Callable[[], None]
    ) -> tuple[str, bool]:
        """Note a claim; returns this life, and whether `client` is sole (see `Claimed`)."""
        life = self._life()
        last = self._last.get(agent)
        if last is None:
            sole = bool(client) and follows(life, before)
        else:
            sole = bool(client) and last.client == client
        self._last[agent] = _Holder(client, let_go)
        return life, sole


def follows(life: str, before: str) -> bool:
    """True when `life` is the one right after `before`; both are ERA.BOOT."""
    now, then = _rank(life), _rank(before)
    return now is not None and then is not None and now == (then[0], then[1] + 1)


def _rank(life: str) -> tuple[int, int] | None:
    era, _, boot = life.partition(".")
    return (int(era), int(boot)) if era.isdecimal() and boot.isdecimal() else None
