"""How far a message has come.

Hops, visited nodes and automatic turns, stamped from the run that causes it.

A person's message starts at nothing. A message an agent sends while it works on another inherits
that one's stamps, one hop and one turn further, with this node among the visited: so A→B→C→A stops,
whatever the agents write. Replies, updates and cancels are not hops.
"""

import msgspec

from gatepost.core.entry import Message


class Stamps(msgspec.Struct, frozen=True):
    """Messages that led here (with this one), automatic ones among them, node ids passed."""

    hops: int = 1
    turns: int = 0
    visited: tuple[str, ...] = ()


def stamp(cause: Message | None, node: str) -> Stamps:
    """The stamps of a message of node `node` caused by the message `cause` (None: by a person)."""
    if cause is None:
        return Stamps(visited=(node,))
    visited = cause.visited if node in cause.visited else (*cause.visited, node)
    return Stamps(cause.hops + 1, cause.turns + 1, visited)
