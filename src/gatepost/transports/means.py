"""What every connection of one transport shares, and what two ends of a hello agree on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from gatepost.ports import Clock, Entropy, Keys, LinkOwner
from gatepost.transports.channel import Channel, Opening
from gatepost.transports.limits import Limits

LINK_PATH: Final = "/link"
PAIR_PATH: Final = "/pair"
MEET_PATH: Final = "/meet"
WELCOME: Final = b"welcome"
"""The listener's last word of a hello: it has verified the proof and keeps the link.

Needed because a dialler's TLS and hello succeed on its own side even when it is about to be
refused, and because of two links dialled at once only one is kept.
"""


class Connector(Protocol):
    """How connections are dialled."""

    def connect(
        self, endpoint: str, path: str, opening: Opening, failed: Callable[[str], None]
    ) -> tuple[Channel, Callable[[], None]]:
        """A channel, not connected yet, to HOST:PORT, and what gives the connecting up.

        `failed` gets why it cannot be, in a later callback.
        """
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """The node's own ports, and the bounds."""

    keys: Keys
    owner: LinkOwner
    entropy: Entropy
    clock: Clock
    limits: Limits
