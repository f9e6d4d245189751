"""How a called agent knows that a request is from its node and is fresh.

    Gatepost-Timestamp   milliseconds since the epoch, when it was signed
    Gatepost-Signature   v1=HEX, HMAC-SHA256 with the agent's secret over the timestamp's digits,
                         a full stop, and the body's bytes

The receiver computes the same, compares in constant time, and refuses old timestamps (five minutes
is a good bound).
"""

import hashlib
import hmac

TIMESTAMP = "Gatepost-Timestamp"
SIGNATURE = "Gatepost-Signature"


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """The value of the signature header."""
    signed = b"%d." % timestamp + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
