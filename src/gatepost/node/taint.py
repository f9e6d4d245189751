"""Whose text an agent has in hand: it may find its way into what the agent writes now.

Every open run counts, for nobody can say which of them a sentence came from, and an agent's own
word is not asked. In a run are the text of its message, and whatever answers came to the agent, or
were looked at, while it was open; what an agent is shown of its mailbox counts before it is a run.
A run for an agent of this node counts as what that agent had read: its message names the nodes it
came through, the last of them is whose text it may carry, and what its sender had read beside that
goes along with it, as it comes back with an answer. Kept with the message of the run: it lasts as
long as that is open, over restarts.
"""

from collections.abc import Iterable

import msgspec

from gatepost.core.entry import Message
from gatepost.core.message import MessageView
from gatepost.core.records import MessageRow
from gatepost.node.agents import Agent
from gatepost.node.opened import OpenMessage, header_of
from gatepost.node.peers import Peers
from gatepost.ports.store import Store

Owners = tuple[str, ...]
_owners = msgspec.json.Decoder(Owners)


class Taint:
    """Names owners: what the operator called them, else the node id."""

    def __init__(self, peers: Peers, node: str, agents: dict[str, Agent], store: Store) -> None:
        self._peers = peers
        self._node = node
        self._agents = agents
        self._store = store

    def of(self, agent: str) -> Owners:
        """The owners whose text is in the open runs of an agent."""
        known = self._agents.get(agent)
        if known is None or not (known.runs or known.looked):
            return ()
        return self._in((*known.runs.values(), *known.looked))

    def seen(self, agent: str, view: MessageView) -> None:
        """An agent looks at what became of a message it sent, perhaps long ago."""
        known, peer = self._agents.get(agent), self._peers.by_alias.get(_node_of(view.to))
        if view.parts and view.direction == "out" and peer is not None and known is not None:
            self._read(known, (self._owner_of(peer.row.number),))

    def heard(self, row: MessageRow) -> None:
        """A peer's text about a message has come to its sender, an agent of this node."""
        agent = self._agents.get(row.sender)
        if agent is not None and agent.runs:
            self._read(agent, (self._owner_of(row.peer),))

    def answered(self, message: OpenMessage) -> None:
        """An agent of this node has said something about a message of another one."""
        agent = self._agents.get(message.row.sender)
        if agent is not None and agent.runs:
            beside = self._agents.get(message.row.recipient)
            runs = [message, *(beside.runs.values() if beside is not None else ())]
            self._read(agent, self._in(runs))

    def _read(self, agent: Agent, owners: Iterable[str]) -> None:
        for message in agent.runs.values():
            row = message.row
            known = read_by(row)
            new = tuple(dict.fromkeys((*known, *owners)))
            if new != known:
                row.read = written(new)
                self._store.messages.set_read(row.seq, row.read)

    def _in(self, runs: Iterable[OpenMessage]) -> Owners:
        found: dict[str, None] = {}
        for message in runs:
            row = message.row
            if row.read:
                found.update(dict.fromkeys(read_by(row)))
            if row.peer:
                found[self._owner_of(row.peer)] = None
            elif (node := self._foreign(header_of(self._store, message))) is not None:
                known = self._peers.by_node.get(node)
                found[(known.row.owner if known else "") or node] = None
        return tuple(found)

    def _owner_of(self, peer: int) -> str:
        row = self._peers.by_number[peer].row
        return row.owner or row.node

    def _foreign(self, header: Message) -> str | None:
        return next((node for node in reversed(header.visited) if node != self._node), None)


def _node_of(address: str) -> str:
    return address.rpartition("@")[2]


def read_by(row: MessageRow) -> Owners:
    """Whose text the receiver of a message has in hand beside its sender's."""
    return _owners.decode(row.read) if row.read else ()


def written(owners: Owners) -> str:
    """The same, as it is kept."""
    return msgspec.json.encode(owners).decode() if owners else ""
