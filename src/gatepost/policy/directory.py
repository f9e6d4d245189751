"""Whom this node knows: how names in questions, expectations and rules become parties.

A value made by the node from its peers and agents, or by a command from the files of a node that
does not run. A name nobody knows becomes a party all the same: rules may speak of what does not
exist yet.
"""

from collections.abc import Iterable

import msgspec

from gatepost.core.address import check_name, is_node_id
from gatepost.policy.patterns import ANY, Party
from gatepost.policy.request import Direction, Request


class Directory(msgspec.Struct, frozen=True):
    """This node's id and name, its agents, and its peers by alias and by node id.

    Peers are parties without an agent.
    """

    node: str = ""
    name: str = ""
    agents: tuple[str, ...] = ()
    peers: dict[str, Party] = {}

    @classmethod
    def of(
        cls, node: str, name: str, agents: Iterable[str] = (), peers: Iterable[Party] = ()
    ) -> "Directory":
        """Make one; each peer is found by its id, its alias, and what it was called before."""
        known: dict[str, Party] = {}
        for peer in peers:
            nameless = msgspec.structs.replace(peer, agent="")
            for name_of_it in (*peer.former, peer.node, peer.alias):
                if name_of_it:
                    known[name_of_it] = nameless
        return cls(node, name, tuple(agents), known)

    @property
    def aliases(self) -> tuple[str, ...]:
        """The aliases of all peers."""
        return tuple(dict.fromkeys(peer.alias for peer in self.peers.values() if peer.alias))

    @property
    def own(self) -> tuple[str, ...]:
        """The names of this node: `bob@home` is `bob` where `home` is."""
        return tuple(name for name in (self.name, self.node) if name)

    def at(self, node: str, agent: str = "") -> Party:
        """An agent of a node, named by alias, id, or a name of this one ("" is this one)."""
        if not node or node in self.own:
            return Party(agent)
        peer = self.peers.get(node)
        if peer is not None:
            return msgspec.structs.replace(peer, agent=agent)
        return Party(agent, node) if is_node_id(node) else Party(agent, "", node)

    def party(self, text: str) -> Party:
        """Read `agent`, `agent@node`, `*` or `*@node`; a star is an agent nobody names.

        Raises `address.invalid`.
        """
        agent, at, node = text.partition("@")
        if agent != ANY:
            check_name(agent, "agent", text)
        if at and not is_node_id(node):
            check_name(node, "node", text)
        return self.at(node, "" if agent == ANY else agent)

    def request(
        self, sender: Party, verb: str, to: Party, at: int, taint: tuple[str, ...] = ()
    ) -> Request:
        """The wish of `sender` to do `verb` to `to` at a moment (ms), as this node sees it."""
        direction: Direction = "local"
        if not sender.local:
            direction = "inbound"
        elif not to.local:
            direction = "outbound"
        return Request(direction, verb, sender, to, at, taint=taint)
