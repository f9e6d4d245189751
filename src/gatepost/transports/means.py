"""What every connection of one transport shares."""

import ssl
from dataclasses import dataclass

from gatepost.ports import Entropy, Keys, LinkOwner
from gatepost.transports.channel import Pool
from gatepost.transports.limits import Limits

LINK_PATH = "/link"
PAIR_PATH = "/pair"
WELCOME = b"welcome"
"""The listener's last word of a hello: it has verified the proof and keeps the link.

Needed because a dialler's TLS and hello succeed on its own side even when it is about to be
refused, and because of two links dialled at once only one is kept.
"""


@dataclass(frozen=True, slots=True)
class Means:
    """`server` and `client` are the TLS contexts of the listener and the dialler."""

    keys: Keys
    owner: LinkOwner
    entropy: Entropy
    limits: Limits
    server: ssl.SSLContext
    client: ssl.SSLContext
    pool: Pool
