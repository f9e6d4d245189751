"""Keys that follow from a seed, so that a world, a vector or a failure replays to the byte.

The wrapping is HPKE base mode as RFC 9180 spells it (X25519, HKDF-SHA256, ChaCha20-Poly1305), with
the ephemeral key derived from what is wrapped instead of drawn; any HPKE library opens it.
"""

import hashlib
import hmac
from itertools import pairwise

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base, crypto_sign
from nacl.bindings import crypto_sign_seed_keypair as keypair

from gatepost.core import identity

SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)


class SeededEntropy:
    """`bytes` and `uniform` of the port Entropy, from a seed."""

    def __init__(self, seed: str) -> None:
        self._seed = hashlib.sha256(seed.encode()).digest()
        self._drawn = 0

    def bytes(self, n: int) -> bytes:
        self._drawn += 1
        return hashlib.shake_128(self._seed + self._drawn.to_bytes(8, "big")).digest(n)

    def uniform(self) -> float:
        return int.from_bytes(self.bytes(6), "big") / 2**48


class SeededKeys:
    """The port Keys, from a seed. `generation` rotates: key n+1 is the one promised by key n."""

    def __init__(
        self,
        seed: str,
        *,
        endpoints: tuple[str, ...] = (),
        issued: int = 1_700_000_000_000,
        seq: int = 1,
        generation: int = 0,
        tls: bytes | None = None,
    ) -> None:
        self.seed = seed
        pairs = [keypair(self._derive(f"node {n}")) for n in range(generation + 2)]
        chain = [
            (public, hashlib.sha256(following).digest())
            for (public, _), (following, _) in pairwise(pairs)
        ]
        self.secret = pairs[generation][1]
        self.seal_secret = self._derive("seal")
        self.record = identity.NodeRecord(
            node=identity.node_id(*chain[0]),
            seq=seq,
            key=chain[-1][0].hex(),
            next=chain[-1][1].hex(),
            seal=crypto_scalarmult_base(self.seal_secret).hex(),
            tls=(tls or self._derive("tls")).hex(),
            endpoints=endpoints,
            issued=issued,
            past=tuple((key.hex(), promised.hex()) for key, promised in chain[:-1]),
        )
        self.node = self.record.node
        self.record_bytes = identity.sign_record(self.record, self.sign)

    def _derive(self, what: str) -> bytes:
        return hashlib.sha256(f"{self.seed}/{what}".encode()).digest()

    def sign(self, data: bytes) -> bytes:
        return crypto_sign(data, self.secret)[:64]

    def wrap(self, seal_public: bytes, info: bytes, content_key: bytes) -> bytes:
        ephemeral = hashlib.sha256(b"ephemeral" + seal_public + info + content_key).digest()
        return hpke_seal(ephemeral, seal_public, info, content_key)

    def unwrap(self, info: bytes, wrapped: bytes) -> bytes:
        try:
            key = X25519PrivateKey.from_private_bytes(self.seal_secret)
            return SUITE.decrypt(wrapped, key, info=info)
        except InvalidTag:
            raise ValueError("does not open") from None


def hpke_seal(ephemeral: bytes, public: bytes, info: bytes, plain: bytes) -> bytes:
    """HPKE single-shot base mode with a given ephemeral key. 48 bytes longer than `plain`."""
    enc = crypto_scalarmult_base(ephemeral)
    return enc + _encrypt(crypto_scalarmult(ephemeral, public), enc, public, info, plain)


def _encrypt(dh: bytes, enc: bytes, public: bytes, info: bytes, plain: bytes) -> bytes:
    kem = b"KEM" + (0x20).to_bytes(2, "big")
    suite = b"HPKE" + b"".join(n.to_bytes(2, "big") for n in (0x20, 1, 3))
    prk = _extract(kem, b"", b"eae_prk", dh)
    shared = _expand(kem, prk, b"shared_secret", enc + public, 32)
    psk_id = _extract(suite, b"", b"psk_id_hash", b"")
    context = b"\0" + psk_id + _extract(suite, b"", b"info_hash", info)
    secret = _extract(suite, shared, b"secret", b"")
    key = _expand(suite, secret, b"key", context, 32)
    nonce = _expand(suite, secret, b"base_nonce", context, 12)
    return ChaCha20Poly1305(key).encrypt(nonce, plain, b"")


def hpke_seal_to_zero(public: bytes, info: bytes, plain: bytes) -> bytes:
    """What a forger sends who makes the shared secret zero with a low-order ephemeral key."""
    enc = bytes(32)
    return enc + _encrypt(bytes(32), enc, public, info, plain)


def _extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    return hmac.digest(salt or bytes(32), b"HPKE-v1" + suite + label + ikm, "sha256")


def _expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    info = length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info
    return hmac.digest(prk, info + b"\x01", "sha256")[:length]
