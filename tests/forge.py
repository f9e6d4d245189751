"""Frames taken apart: every section can be said differently, and the rest still fits around it.

It spells the layout out by itself instead of calling `core.frame`, so that each checks the other.
"""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from tests.seeded import SeededEntropy, SeededKeys

NOW = 1_700_000_000_000
SUITE = "x25519-hkdf-sha256-chacha20poly1305"
LIFE = [1, 2, "ab" * 16]
CONTROL: dict[str, Any] = {
    "ack": [1, 0, "11" * 32],
    "committed": 3,
    "first": 1,
    "have": [0, "22" * 32],
    "life": LIFE,
    "limit": 1024,
    "prev": "33" * 32,
    "seen": LIFE,
}

Change = Callable[[bytes], bytes]


def same(data: bytes) -> bytes:
    return data


def plain_json(value: object) -> bytes:
    """Canonical JSON, without the code under test."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def entry(header: bytes | dict[str, Any], body: bytes = b"", size: int | None = None) -> bytes:
    raw = plain_json(header) if isinstance(header, dict) else header
    return (len(raw) if size is None else size).to_bytes(4, "big") + raw + body


def message(number: int = 1, **changes: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "conversation": "018bcfe5-6800-7000-8000-00000000c0de",
        "created": NOW,
        "expires": NOW + 900_000,
        "from_agent": "main",
        "id": f"018bcfe5-6800-7000-8000-{number:012x}",
        "kind": "message",
        "to_agent": "specialist",
        "want": "answer",
    }
    said.update(changes)
    return {key: value for key, value in said.items() if value is not ...}


def update(number: int = 1, **changes: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "at": NOW,
        "id": f"018bcfe5-6800-7000-8000-{number:012x}",
        "kind": "update",
        "run": 1,
        "state": "done",
        "what": "outcome",
    }
    said.update(changes)
    return {key: value for key, value in said.items() if value is not ...}


def control(**changes: Any) -> bytes:
    said = {**CONTROL, **changes}
    return plain_json({key: value for key, value in said.items() if value is not ...})


def prefixed(*fields: bytes) -> bytes:
    return b"".join(len(one).to_bytes(4, "big") + one for one in fields)


def key_id(public: bytes) -> bytes:
    return hashlib.sha256(b"gatepost/1 key\0" + public).digest()[:8]


def digest(salt: bytes, data: bytes) -> bytes:
    return hashlib.sha256(b"gatepost/1 entry\0" + salt + data).digest()


@dataclass(kw_only=True)
class Forged:
    """One frame from `sender` to `receiver`. Header fields set to `...` are left out."""

    sender: SeededKeys
    receiver: SeededKeys
    control: bytes = field(default_factory=control)
    entries: list[bytes] = field(default_factory=list)
    header: dict[str, Any] = field(default_factory=dict)
    prelude: dict[str, Any] = field(default_factory=dict)
    change_header: Change = same
    change_digests: Change = same
    change_plain: Change = same
    change_info: Change = same
    change_signed: Change = same
    change_signature: Change = same
    change_section: Change = same
    change_sealed: Change = same
    wrap: Callable[[bytes, bytes, bytes], bytes] | None = None
    seed: str = "forged"

    def frame(self) -> bytes:
        random = SeededEntropy(self.seed).bytes
        items = [(random(16), data) for data in (self.control, *self.entries)]
        digests = self.change_digests(b"".join(digest(*one) for one in items))
        plain = b"".join(len(data).to_bytes(4, "big") + salt + data for salt, data in items)
        plain = self.change_plain(plain)
        header = self.change_header(plain_json(self._header(len(plain) + 16)))
        return self._seal(header, digests, plain, random)

    def _header(self, size: int) -> dict[str, Any]:
        said = {
            "created": NOW,
            "from": self.sender.node,
            "key": key_id(self.sender.record.key_bytes).hex(),
            "size": size,
            "suite": SUITE,
            "to": self.receiver.node,
            "v": 1,
        }
        said.update(self.header)
        return {key: value for key, value in said.items() if value is not ...}

    def _seal(self, header: bytes, digests: bytes, plain: bytes, random: Any) -> bytes:
        signer = key_id(self.sender.record.key_bytes).hex().encode()
        signed = prefixed(b"gatepost/1", b"frame", signer, header, digests)
        signature = self.change_signature(self.sender.sign(self.change_signed(signed)))
        seal_id = key_id(self.receiver.record.seal_bytes)
        nodes = (self.sender.node.encode(), self.receiver.node.encode())
        info = self.change_info(prefixed(b"gatepost/1", b"seal", *nodes, seal_id))
        content_key, nonce = random(32), random(16)
        wrap = self.wrap or self.sender.wrap
        wrapped = wrap(self.receiver.record.seal_bytes, info, content_key)
        section = self.change_section(nonce + seal_id + wrapped)
        prelude = self._prelude(header, digests, section, plain)
        clear = prelude + header + digests
        key = hmac.digest(content_key, nonce, "sha256")
        sealed = self.change_sealed(ChaCha20Poly1305(key).encrypt(bytes(12), plain, clear))
        return clear + signature + section + sealed

    def _prelude(self, header: bytes, digests: bytes, section: bytes, plain: bytes) -> bytes:
        said = {
            "magic": b"GP",
            "version": 1,
            "count": len(digests) // 32,
            "header": len(header),
            "section": len(section),
            "sealed": len(plain) + 16,
        }
        said.update(self.prelude)
        widths = {"version": 1, "count": 1, "header": 2, "section": 2, "sealed": 4}
        return said["magic"] + b"".join(said[key].to_bytes(n, "big") for key, n in widths.items())
