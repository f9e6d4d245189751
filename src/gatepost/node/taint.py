"""Whose text an agent has in hand: it may find its way into what the agent writes now.

Every open run counts, for nobody can say which of them a sentence came from, and an agent's own
word is not asked. A run for an agent of this node counts as what that agent had read: its message
names the nodes it came through, and the last of them is whose text it may carry.
"""

from collections.abc import Iterable

from gatepost.core.entry import Message
from gatepost.node.opened import OpenMessage
from gatepost.node.peers import Peers


class Taint:
    """Names owners: what the operator called them, else the node id."""

    def __init__(self, peers: Peers, node: str) -> None:
        self._peers = peers
        self._node = node

    def of(self, runs: Iterable[tuple[OpenMessage, Message]]) -> tuple[str, ...]:
        """The owners whose text is in these runs, each given with its header."""
        found: dict[str, None] = {}
        for message, header in runs:
            peer = self._peers.by_number.get(message.row.peer)
            if peer is not None:
                found[peer.row.owner or peer.row.node] = None
            elif (node := self._foreign(header)) is not None:
                known = self._peers.by_node.get(node)
                found[(known.row.owner if known else "") or node] = None
        return tuple(found)

    def _foreign(self, header: Message) -> str | None:
        return next((node for node in reversed(header.visited) if node != self._node), None)
