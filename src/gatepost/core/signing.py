"""Signatures: what is signed, and whether a signature holds. Raw Ed25519.

Every signature of a node is over `transcript(purpose, ...)`, so one made for one purpose can never
be taken for another. Signing itself happens behind the port Keys; this module only verifies, with
libsodium, which refuses malleated signatures and low-order keys. It never parses what it verifies.
"""

import hashlib

import nacl.bindings
import nacl.exceptions

DOMAIN = b"gatepost/1"
SIGNATURE_BYTES = 64
KEY_ID_BYTES = 8

_KEY = b"gatepost/1 key\0"
_sign_open = nacl.bindings.crypto_sign_open


def transcript(purpose: str, *fields: bytes) -> bytes:
    """What is signed for `purpose`: domain, purpose and each field, each after its u32 length."""
    parts = bytearray()
    for field in (DOMAIN, purpose.encode(), *fields):
        parts += len(field).to_bytes(4, "big")
        parts += field
    return bytes(parts)


def frame_input(key_id: str, header: bytes, digests: bytes) -> bytes:
    """What the sender of a frame signs. `digests` are 32 bytes each, joined."""
    return transcript("frame", key_id.encode(), header, digests)


def key_id(public: bytes) -> str:
    """The short name of a public key (Ed25519 or X25519): 16 hex characters.

    It selects, it proves nothing.
    """
    return hashlib.sha256(_KEY + public).digest()[:KEY_ID_BYTES].hex()


def verify(public: bytes, signature: bytes, data: bytes) -> bool:
    """Whether `signature` (64 bytes) over `data` is by `public` (32 bytes, admitted before)."""
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        _sign_open(signature + data, public)
    except (nacl.exceptions.BadSignatureError, nacl.exceptions.ValueError):
        return False
    return True
