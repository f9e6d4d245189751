"""What is asked: a request, and the facts of this node it is judged by.

Both are values made by the node. `Request` says what an agent or a peer wants; `Facts` says how
this node stands. Nothing here decides.
"""

from typing import Literal

import msgspec

from gatepost.policy.patterns import Party
from gatepost.policy.usage import Usage

Direction = Literal["local", "outbound", "inbound"]
Moment = Literal["admit", "run"]
PolicyVerb = Literal["ping", "see", "send", "ask", "delegate"]
VERBS: tuple[PolicyVerb, ...] = ("ping", "see", "send", "ask", "delegate")


class Request(msgspec.Struct, frozen=True):
    """One wish, as the node knows it.

    `moment` is "admit" when the message is accepted or taken from a peer, "run" when it is about
    to be handed to its agent. `at` and `expires` are ms (0: never), `size` bytes. `hops` counts
    the messages that caused this one and it (a message nobody caused has 1 or less), `visited`
    the node ids they passed, without this one's destination. `turns` counts automatic turns of
    the conversation with this one. `taint` are the owners whose text the speaker has read.
    `approved` are the ids of hold rules a person has answered for this very content.
    """

    direction: Direction
    verb: str
    sender: Party
    to: Party
    at: int
    moment: Moment = "admit"
    size: int = 0
    hops: int = 0
    visited: tuple[str, ...] = ()
    turns: int = 0
    conversation: str = ""
    taint: tuple[str, ...] = ()
    expires: int = 0
    approved: tuple[str, ...] = ()

    @property
    def tainted(self) -> bool:
        """True when the speaker has read text of an owner who is not the reader's."""
        if not self.taint:
            return False
        owner = self.to.owner or self.to.node
        return any(one != owner for one in self.taint)


class Facts(msgspec.Struct, frozen=True):
    """How this node stands towards a request. Can be kept and used again while nothing changes.

    `paused` names all that is, with spaces: "node", an alias, an agent. `frozen`, `blocked` are ""
    or why the peer is. `unknown` are local agents the request names that do not exist. `adapter`
    is "" or why the agent cannot be woken now. `running` counts open runs of the target agent,
    `open` conversations of the peer that have not ended, `held` messages of the sender that wait
    for a person here or were refused by one a moment ago. `agents` and `peers` are names to
    suggest from. `name` is this node's name, for commands the other operator types.
    """

    node: str
    usage: Usage
    paused: str = ""
    paired: bool = True
    frozen: str = ""
    blocked: str = ""
    unknown: tuple[str, ...] = ()
    adapter: str = ""
    running: int = 0
    open: int = 0
    held: int = 0
    agents: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    name: str = ""
