"""What a link may cost before and after the peer is known: the bounds, in one place."""

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds. The defaults fit nodes on the open network.

    `handshake` bounds TLS, WebSocket and hello together; `pair` the wait for the inviter's durable
    reply. A line is looked at every `pace`: one that has been silent for `idle`, or since something
    was sent, is pinged and given `answer` to show life.
    `half_open` connections at most are between TCP and hello; the oldest makes room for the next.
    One address may connect `accepts` times a second, and `burst` times at once.
    """

    handshake: float = 5.0
    pair: float = 15.0
    idle: float = 20.0
    answer: float = 4.0
    pace: float = 2.0
    half_open: int = 64
    accepts: float = 50.0
    burst: int = 200
