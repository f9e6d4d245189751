"""A channel: one connection to somebody, as hello and line use it, whatever carries it.

Messages arrive whole and in order, each handed to the handler of the moment, which changes as the
connection grows up (hello, then line). Who is at the other end is not the channel's affair.
"""

from typing import Final, Protocol

# Close codes. A stranger gets REFUSED whatever the reason, so it learns nothing.
NORMAL: Final = 1000
STOPPING: Final = 1001
BROKEN: Final = 1002
REFUSED: Final = 1008
REPLACED: Final = 4001

_REASONS: Final = {
    NORMAL: "the peer closed the link",
    STOPPING: "the peer is stopping",
    BROKEN: "the peer found the link broken",
    REFUSED: "the peer does not take links from this node",
    REPLACED: "another link between the two nodes took its place",
}
LOST: Final = "the connection was lost"
SHUT: Final = _REASONS[REFUSED]


def reason(code: int) -> str:
    """What a close code of the other side means. Its own words are not repeated."""
    return _REASONS.get(code, f"the peer closed the link (code {code})")


class Handler(Protocol):
    """Who gets the messages of a channel."""

    def message(self, data: bytes) -> None:
        """A message came."""
        ...

    def writable(self) -> None:
        """There is room again after `send` answered False for want of it."""
        ...

    def closed(self, reason: str) -> None:
        """The connection is over. Called once; no message comes after it."""
        ...


class Opening(Handler, Protocol):
    """Who sees a channel through its beginning, and is its first handler."""

    def connected(self) -> bool:
        """The other side is there, nothing was exchanged. False drops the connection."""
        ...

    def secured(self, spki: bytes) -> bool:
        """The connection is secret, and nothing was sent in it yet. False drops it.

        `spki` is the hash of the listener's key; empty when this is the listener, or it has none.
        """
        ...

    def opened(self, path: str) -> None:
        """Messages may be sent and will come. `path` is what the dialler asked for."""
        ...


class Channel(Protocol):
    """One connection.

    `heard` is set whenever anything arrives; whoever watches for silence resets it. `over` is True
    once either side has closed it, and then no message is handed over any more.
    """

    handler: Handler
    heard: bool
    over: bool

    @property
    def address(self) -> str:
        """HOST:PORT of the other side."""
        ...

    @property
    def unsent(self) -> int:
        """Bytes handed over that have not reached the other side's machine, as far as is known."""
        ...

    def send(self, message: bytes) -> bool:
        """Hand one message over. False when it is over or has no room: nothing was taken."""
        ...

    def ping(self) -> None:
        """Ask for a sign of life."""
        ...

    def trust(self) -> None:
        """The other side is known: lift the bounds for strangers."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Say good-bye, then close; `closed(reason)` follows in a later callback."""
        ...

    def cut(self, reason: str) -> None:
        """End it at once, without good-bye; `closed(reason)` follows in a later callback."""
        ...
