"""Sealing: nobody between two nodes reads what a frame carries.

HPKE (X25519, HKDF-SHA256, ChaCha20-Poly1305) wraps a random content key for the pair, bound to both
node ids and the seal key. One content key serves many frames, up to an hour or 2^20 of them; each
frame has its own key, HMAC-SHA256(content key, 16-byte frame nonce), used once under a zero nonce.
So a frame costs microseconds, and the expensive wrapping is done once an hour at both ends.

Wrapping and unwrapping are handed in, because private keys live behind the port Keys; so is
randomness. Both holders below are plain memory: losing them costs one more wrap.
"""

import hmac
from collections.abc import Callable

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from gatepost.core import signing

CONTENT_KEY_BYTES = 32
FRAME_NONCE_BYTES = 16
TAG_BYTES = 16
REUSE_MS = 60 * 60 * 1000
REUSE_FRAMES = 2**20

Wrap = Callable[[bytes, bytes, bytes], bytes]
"""(X25519 public key, info, content key) -> wrapped. HPKE single shot."""
Unwrap = Callable[[bytes, bytes], bytes]
"""(info, wrapped) -> content key. Raises ValueError when it does not open."""
Random = Callable[[int], bytes]
"""n -> n random bytes."""

_ZERO_NONCE = bytes(12)


class Wrapped(msgspec.Struct, frozen=True):
    """A content key and the bytes that carry it."""

    key: bytes
    wrapped: bytes


class ContentKey:
    """The sender's content key for one peer's seal key, renewed in time. Not durable."""

    def __init__(self, seal_public: bytes, info: bytes, *, wrap: Wrap, random: Random) -> None:
        self._seal_public = seal_public
        self._info = info
        self._wrap = wrap
        self._random = random
        self._current: Wrapped | None = None
        self._born = 0
        self._used = 0

    def use(self, now: int) -> Wrapped:
        """The content key for one more frame at wall time `now` (ms).

        A clock set back renews it.
        """
        current = self._current
        if current is None or not 0 <= now - self._born < REUSE_MS or self._used >= REUSE_FRAMES:
            key = self._random(CONTENT_KEY_BYTES)
            current = Wrapped(key, self._wrap(self._seal_public, self._info, key))
            self._current, self._born, self._used = current, now, 0
        self._used += 1
        return current


class ContentKeyCache:
    """The receiver's unwrapped content keys, the most recently used `limit` of them. Not durable.

    Ask it only after a frame's signature held: then only a peer can fill it.
    """

    def __init__(self, unwrap: Unwrap, limit: int = 1024) -> None:
        self._unwrap = unwrap
        self._limit = limit
        self._keys: dict[tuple[bytes, bytes], bytes] = {}

    def unwrap(self, info: bytes, wrapped: bytes) -> bytes:
        """Same as the function it was given, remembering.

        Raises ValueError when it does not open.
        """
        name = (info, wrapped)
        key = self._keys.pop(name, None)
        if key is None:
            key = self._unwrap(info, wrapped)
            if len(self._keys) >= self._limit:
                del self._keys[next(iter(self._keys))]
        self._keys[name] = key
        return key


def seal_info(from_node: str, to_node: str, seal_key_id: bytes) -> bytes:
    """What a wrapped content key is bound to. `seal_key_id` is the raw 8 bytes."""
    return signing.transcript("seal", from_node.encode(), to_node.encode(), seal_key_id)


def seal(content_key: bytes, frame_nonce: bytes, plain: bytes, clear: bytes) -> bytes:
    """Encrypt one frame's payload; `clear` is authenticated with it.

    16 bytes longer than `plain`.
    """
    return _cipher(content_key, frame_nonce).encrypt(_ZERO_NONCE, plain, clear)


def unseal(content_key: bytes, frame_nonce: bytes, sealed: bytes, clear: bytes) -> bytes | None:
    """Decrypt one frame's payload, or None when anything of it was changed."""
    try:
        return _cipher(content_key, frame_nonce).decrypt(_ZERO_NONCE, sealed, clear)
    except InvalidTag:
        return None


def _cipher(content_key: bytes, frame_nonce: bytes) -> ChaCha20Poly1305:
    return ChaCha20Poly1305(hmac.digest(content_key, frame_nonce, "sha256"))
