"""The rooms of one node, for the desks that work with them."""

from dataclasses import dataclass

from gatepost.node.expiry import Expiry
from gatepost.node.ground import Ground
from gatepost.node.guard import Guard
from gatepost.node.holds import Holds
from gatepost.node.inbox import Inbox
from gatepost.node.outbox import Outbox
from gatepost.node.peers import Peers
from gatepost.node.requests import Requests
from gatepost.node.shown import Shown
from gatepost.node.taint import Taint


@dataclass(frozen=True, slots=True)
class Rooms:
    """What every desk of a node works with."""

    ground: Ground
    guard: Guard
    peers: Peers
    outbox: Outbox
    inbox: Inbox
    expiry: Expiry
    shown: Shown
    requests: Requests
    taint: Taint
    holds: Holds
