"""Aliases: what peers are called here, and what a name may not silently come to mean.

Rules, messages and people name peers by alias. So a name that meant one node means no other for 30
days after it was taken back by a rename or a removal: a new node under it would inherit rules
written for the old one. Whoever wants that says so (`reuse`). The same node gets its name back at
any time. Names that people could take for each other are told, never refused.
"""

from gatepost.core.address import NAME, check_name, is_node_id
from gatepost.core.identity import short
from gatepost.core.likeness import alike
from gatepost.core.records import AliasRow
from gatepost.errors import GatepostError
from gatepost.node.ground import Ground
from gatepost.node.peers import Peers
from gatepost.policy.words import stamp

KEPT_MS = 30 * 24 * 3600 * 1000


class Aliases:
    """The names of peers, those in use and those kept."""

    def __init__(self, ground: Ground, peers: Peers) -> None:
        self._store = ground.store
        self._clock = ground.clock
        self._name = ground.settings.name
        self._peers = peers
        self._kept = {row.alias: row for row in ground.store.peers.aliases()}

    def check(self, alias: str, node: str = "") -> None:
        """Raise when a peer (`node`, "" while unknown) cannot be called so: it means another."""
        check_name(alias, "alias")
        if alias == self._name:
            raise _not_a_name(alias, "that is this node's own name")
        if is_node_id(alias):
            raise _not_a_name(alias, "a name like that is read as a node id")
        if self._is_other(alias, node):
            raise GatepostError(
                "peer.exists", what=f"a peer is called `{alias}` already", peer=alias
            )

    def kept(self, alias: str, node: str = "") -> AliasRow | None:
        """The node this name is kept for, when that is another than `node`."""
        row = self._kept.get(alias)
        if row is None or row.node == node or row.until <= self._clock.now():
            return None
        return row

    def free(self, wish: str, node: str, *, reuse: bool = False) -> str:
        """A name for `node`: the one wished for, or the next that means nobody else."""
        base = wish if NAME.fullmatch(wish) and not is_node_id(wish) else node[:8]
        alias, n = base, 1
        while (
            alias == self._name
            or self._is_other(alias, node)
            or (self.kept(alias, node) is not None and not (reuse and alias == wish))
        ):
            n += 1
            alias = f"{base[:56]}-{n}"
        return alias

    def warnings(self, alias: str) -> tuple[str, ...]:
        """What somebody should see who calls a peer so."""
        names = (*self._peers.by_alias, self._name)
        near = alike(alias, names)
        return (f"`{alias}` is easily taken for `{'`, `'.join(near)}`",) if near else ()

    def keep(self, alias: str, node: str) -> None:
        """A node is called so no more: nobody else is for a while."""
        row = AliasRow(alias=alias, node=node, until=self._clock.now() + KEPT_MS)
        self._kept[alias] = row
        self._store.peers.save_alias(row)

    def take(self, alias: str) -> None:
        """A node is called so now."""
        row = self._kept.pop(alias, None)
        if row is not None:
            self._store.peers.drop_alias(alias)
            if (before := self._peers.by_node.get(row.node)) is not None:
                self._peers.called(before)

    def former(self, node: str) -> tuple[str, ...]:
        """What a node was called, as long as no other one is: rules may still name it so."""
        return tuple(alias for alias, row in self._kept.items() if row.node == node)

    def about(self, alias: str) -> str:
        """What became of a name that means no peer; "" when nothing is known."""
        row = self._kept.get(alias)
        peer = self._peers.by_node.get(row.node) if row is not None else None
        return f"it is called `{peer.row.alias}` now" if peer is not None else ""

    def _is_other(self, alias: str, node: str) -> bool:
        found = self._peers.by_alias.get(alias)
        return found is not None and found.row.node != node


def shown(kept: AliasRow) -> str:
    """For whom a name is kept, and how long: what follows the name in a sentence."""
    return f"is kept until {stamp(kept.until)} for {short(kept.node)}, the node it named"


def _not_a_name(alias: str, why: str) -> GatepostError:
    return GatepostError(
        "usage.invalid", what=f"no peer can be called `{alias}`", why=why, command="peers alias"
    )
