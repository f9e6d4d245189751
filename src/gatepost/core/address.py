"""Addresses: `agent@node`, the only way an agent is named.

A bare `agent` is local. `node` is an alias (this node's own name for a peer) or a full node id.
Names are lower case, so two addresses that look alike are alike; parsing happens once, at the edge,
and everything inside compares parsed values.
"""

import re
from functools import lru_cache

import msgspec

from gatepost.errors import GatepostError

NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
NODE_ID = re.compile(r"[a-z2-7]{52}")


class Address(msgspec.Struct, frozen=True):
    """One agent.

    `node` is None for an agent of this node, else an alias or a node id of 52 characters.
    """

    agent: str
    node: str | None = None

    def __str__(self) -> str:
        return self.agent if self.node is None else f"{self.agent}@{self.node}"


@lru_cache(maxsize=4096)
def parse(text: str) -> Address:
    """Read `agent` or `agent@node`. Raises `address.invalid` with the offending part."""
    agent, at, node = text.partition("@")
    if not at:
        return Address(check_name(agent, "agent", text))
    if not is_node_id(node):
        check_name(node, "node", text)
    return Address(check_name(agent, "agent", text), node)


def check_name(name: str, part: str = "name", whole: str | None = None) -> str:
    """Return `name` when it is a valid agent name or alias.

    1 to 64 of a-z 0-9 . _ - (a letter or digit at both ends).
    """
    if not NAME.fullmatch(name):
        raise GatepostError(
            "address.invalid",
            what=f"`{whole or name}` is not an address",
            why=f"the {part} `{name}` is not 1 to 64 of a-z 0-9 . _ -, or ends in a sign",
            suggestion=_repaired(name),
        )
    return name


def is_node_id(text: str) -> bool:
    """True for a node id in its 52-character form."""
    return NODE_ID.fullmatch(text) is not None


def _repaired(name: str) -> str:
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-._")[:64]
