"""Who a rule speaks of: parties, and patterns over them.

A pattern is an agent glob (`*` stands for any run of characters, also none) and a node: this
node, any peer, one alias, or one node id. Patterns match parsed parties, never raw strings. A
bare pattern is local: `*` is any agent of this node and `*@*` any agent of any peer; nothing
stands for both.
"""

import re
from collections import deque
from collections.abc import Collection

import msgspec

from gatepost.core.address import NAME, is_node_id

ANY = "*"
_AGENT = re.compile(r"[a-z0-9._*-]{1,64}")


class Party(msgspec.Struct, frozen=True):
    """One end of a request. Of this node when `node` and `alias` are empty.

    `node` is a node id, `alias` this node's name for that peer; one of them may be missing, for
    an address that does not exist yet. `owner` is who the peer belongs to, as far as the operator
    said. `agent` may be empty where a node itself speaks (`ping`). `former` are aliases it had: no
    other node has them now, so rules that name it so still speak of it, and a rename opens nothing.
    """

    agent: str
    node: str = ""
    alias: str = ""
    owner: str = ""
    former: tuple[str, ...] = ()

    @property
    def local(self) -> bool:
        """True for a party of this node."""
        return not self.node and not self.alias

    def __str__(self) -> str:
        agent = self.agent or ANY
        return agent if self.local else f"{agent}@{self.alias or self.node}"


class Pattern(msgspec.Struct, frozen=True):
    """An agent glob at a node. `node` is "" (this node), "*" (any peer), an alias or a node id.

    `alias` is what a rule calls the node of that id: it is shown and never matched.
    """

    agent: str
    node: str = ""
    alias: str = ""

    def __str__(self) -> str:
        return f"{self.agent}@{self.alias or self.node}" if self.node else self.agent

    @property
    def literal(self) -> bool:
        """True when the agent part is one name and not a glob."""
        return ANY not in self.agent

    def covers(self, other: "Pattern") -> bool:
        """True when every party the other speaks of is one of this pattern's too."""
        same = self.node == other.node or (self.node == ANY and other.node != "")
        # A star of the other is a sign like any, which only a star of this one can stand for.
        return same and glob(self.agent, other.agent)

    def matches(self, party: Party) -> bool:
        """True when `party` is one this pattern speaks of."""
        return self.node in nodes_of(party) and glob(self.agent, party.agent)


def nodes_of(party: Party) -> tuple[str, ...]:
    """The node parts of patterns that speak of this party's node."""
    if party.local:
        return ("",)
    # An id is never looked up among aliases nor the other way round, or a peer could be given a
    # name under which it inherits the rules of another.
    names = [ANY]
    if is_node_id(party.node):
        names.append(party.node)
    if party.alias and not is_node_id(party.alias):
        names.append(party.alias)
    return (*names, *party.former)


def glob(pattern: str, name: str) -> bool:
    """True when `name` is `pattern` with each `*` replaced by something. Linear in both."""
    first, *rest = pattern.split(ANY)
    if not rest:
        return pattern == name
    last = rest.pop()
    if len(name) < len(first) + len(last) or not name.startswith(first) or not name.endswith(last):
        return False
    at, end = len(first), len(name) - len(last)
    for piece in rest:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def common(one: str, other: str) -> str | None:
    """A name that both globs match (it may be ""), None when there is none.

    Walks both at once, over all pairs of places they may be at.
    """
    ahead, seen = deque([(0, 0, "")]), {(0, 0)}
    while ahead:
        i, j, name = ahead.popleft()
        if (i, j) == (len(one), len(other)):
            return name
        first, second = one[i : i + 1], other[j : j + 1]
        if first == ANY or second == ANY:
            # A star ends here, or takes what the other spells; two stars need no letter.
            steps = [(i + 1, j, "")] if first == ANY else [(i + 1, j, first)] if first else []
            steps += [(i, j + 1, "")] if second == ANY else [(i, j + 1, second)] if second else []
        else:
            steps = [(i + 1, j + 1, first)] if first and first == second else []
        for k, n, letter in steps:
            if (k, n) not in seen:
                seen.add((k, n))
                ahead.append((k, n, name + letter))
    return None


def parse_pattern(text: str, own: Collection[str] = ()) -> Pattern:
    """Read `agent` or `agent@node`; a node in `own` (this node's name and id) means this node.

    Raises ValueError in words that follow "the pattern `…`".
    """
    agent, at, node = text.partition("@")
    if not agent:
        raise ValueError(f"names no agent; `*@{node}` is any agent there")
    if not _AGENT.fullmatch(agent):
        raise ValueError("may use a-z 0-9 . _ - and *, at most 64 of them")
    if not at or node in own:
        return Pattern(agent)
    if node != ANY and not NAME.fullmatch(node):
        raise ValueError("needs an alias, a node id or `*` after the @")
    return Pattern(agent, node)


def shell(text: str) -> str:
    """`text` as one word of a shell command: quoted when it holds a `*`."""
    return f"'{text}'" if ANY in text or " " in text else text
