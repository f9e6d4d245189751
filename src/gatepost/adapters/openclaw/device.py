"""This node's identity at a gateway: an Ed25519 device key, and the proof that opens a connection.

The key is the node's own, made for gateways alone and kept beside the runs; it is never the key
that signs frames. The proof signs what the gateway prescribes, its challenge among it.
"""

import base64
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import msgspec
from nacl.signing import SigningKey

SCOPES = ("operator.read", "operator.write")
"""What a node asks for, and never more: with these, remote text is not run as the owner's."""

CLIENT = "gateway-client"
MODE = "backend"
PLATFORM = "linux"


class Challenge(msgspec.Struct, frozen=True):
    """What the gateway says first: a nonce, and its time in ms."""

    nonce: str
    ts: int


class Device:
    """One device key."""

    def __init__(self, seed: bytes) -> None:
        self._key = SigningKey(seed)
        self._public = bytes(self._key.verify_key)
        self.id = hashlib.sha256(self._public).hexdigest()

    @classmethod
    def of(cls, directory: Path) -> "Device":
        """The key of this node, made when there is none. The file is 0600."""
        path = directory / "openclaw-device.key"
        if not path.exists():
            fresh = path.with_name(f"{path.name}.new")
            file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(file, "wb") as out:
                out.write(SigningKey.generate().encode())
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(path)
        return cls(path.read_bytes())

    def mark(self, key: str) -> str:
        """A word that stands around the text of turn `key`: always the same, and nobody's guess."""
        seed = bytes(self._key)
        return hashlib.blake2b(key.encode(), key=seed, digest_size=8, person=b"mark").hexdigest()

    def connect(
        self, challenge: Challenge, token: str, version: str, scopes: Sequence[str] = SCOPES
    ) -> dict[str, object]:
        """The parameters of `connect` that answer `challenge`."""
        words = (
            "v3",
            self.id,
            CLIENT,
            MODE,
            "operator",
            ",".join(scopes),
            str(challenge.ts),
            token,
            challenge.nonce,
            PLATFORM,
            "",
        )
        signature = self._key.sign("|".join(words).encode()).signature
        return {
            "minProtocol": 3,
            "maxProtocol": 4,
            "client": {
                "id": CLIENT,
                "version": version,
                "platform": PLATFORM,
                "mode": MODE,
                "displayName": "gatepost",
            },
            "role": "operator",
            "scopes": list(scopes),
            "caps": [],
            "auth": {"token": token},
            "device": {
                "id": self.id,
                "publicKey": _text(self._public),
                "signature": _text(signature),
                "signedAt": challenge.ts,
                "nonce": challenge.nonce,
            },
        }


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
