"""Identity: what a node is (its id, keys and record) and which record may follow which.

A node id is the hash of the node's first key and of the hash of its next one, so it needs no
authority and outlives its keys. A node record is signed by the current key. `past` lists the
(key, next) of every earlier generation, oldest first: from the id alone anyone can walk from the
first key to the current one, each key hashing to the `next` before it.

Of two records the one of a later generation wins, within a generation the one of higher `seq`; two
different records of one generation and `seq`, or two branches of the key chain, freeze the peer.
Whether to act on that is the node's to decide; nothing here keeps state or knows private keys.
"""

import base64
import hashlib
import re
from collections.abc import Callable
from itertools import pairwise
from typing import Annotated, Literal

import msgspec
import nacl.bindings
import nacl.exceptions
from msgspec import Meta

from gatepost.core import canonical, signing
from gatepost.core.address import is_node_id
from gatepost.core.entry import Count, Hex32
from gatepost.errors import GatepostError

RECORD_MAX = 32 * 1024
ENDPOINTS_MAX = 8
PAST_MAX = 128

_ENDPOINT = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]):([1-9][0-9]{0,4})")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_BLOCK = 13
_SCALAR = bytes(31) + b"\x40"

NodeId = Annotated[str, Meta(pattern=r"\A[a-z2-7]{52}\Z")]


class BadKey(ValueError):
    """A public key under which signatures or sealing would prove or hide nothing."""


class BadRecord(ValueError):
    """Bytes that are no valid node record. The text says why."""


class NodeRecord(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What a node says about itself. Keys and hashes are 32 bytes in hex.

    `key` is its Ed25519 key, `next` the SHA-256 of the key after it, `seal` its X25519 key, `tls`
    the SHA-256 of its TLS key (SPKI); `endpoints` are HOST:PORT, `issued` is when (ms).
    """

    node: NodeId
    seq: Count
    key: Hex32
    next: Hex32
    seal: Hex32
    tls: Hex32
    issued: Count
    endpoints: Annotated[tuple[str, ...], Meta(max_length=ENDPOINTS_MAX)] = ()
    past: Annotated[tuple[tuple[Hex32, Hex32], ...], Meta(max_length=PAST_MAX)] = ()

    @property
    def key_bytes(self) -> bytes:
        """The Ed25519 public key, 32 bytes."""
        return bytes.fromhex(self.key)

    @property
    def seal_bytes(self) -> bytes:
        """The X25519 public key, 32 bytes."""
        return bytes.fromhex(self.seal)

    @property
    def tls_bytes(self) -> bytes:
        """The pin: SHA-256 of the TLS public key's SPKI, 32 bytes."""
        return bytes.fromhex(self.tls)

    @property
    def key_id(self) -> str:
        """The short name of `key`, as frames carry it."""
        return signing.key_id(self.key_bytes)


class Accepted(msgspec.Struct, frozen=True):
    """The newer record holds.

    `changed` is False for the one already known, `rotated` True for a new key.
    """

    record: NodeRecord
    changed: bool
    rotated: bool = False


class Refused(msgspec.Struct, frozen=True):
    """The record is not taken.

    "node": of another node. "rollback": older than the known one. "freeze": a second record in the
    place of the known one, or another branch of its keys: traffic stops until a person acts.
    """

    reason: Literal["node", "rollback", "freeze"]


def node_id(first_key: bytes, next_key_hash: bytes) -> str:
    """The id of the node whose first key is `first_key`; 52 characters."""
    hashed = hashlib.sha256(b"gatepost/1 node" + first_key + next_key_hash).digest()
    return base64.b32encode(hashed).decode().rstrip("=").lower()


def show(node: str) -> str:
    """A node id for people: eight groups of seven, every second one ends in a check character."""
    blocks = (node[i : i + _BLOCK] for i in range(0, len(node), _BLOCK))
    checked = "".join(block + _check_character(block) for block in blocks)
    return "-".join(checked[i : i + 7] for i in range(0, len(checked), 7))


def short(node: str) -> str:
    """The first group of a shown node id: tells peers apart on a screen, never enough to trust."""
    return node[:7]


def parse_shown(text: str) -> str:
    """The node id behind `show(id)` (any case, dashes or spaces) or the bare id.

    Raises `address.invalid`.
    """
    plain = re.sub(r"[-\s]", "", text).lower()
    if is_node_id(plain):
        return plain
    width = _BLOCK + 1
    blocks = [plain[i : i + width] for i in range(0, len(plain), width)]
    node = "".join(block[:_BLOCK] for block in blocks)
    if len(plain) != 4 * width or not is_node_id(node):
        why = "a node id is eight groups of seven of a-z 2-7"
    elif wrong := [n for n, b in enumerate(blocks) if _check_character(b[:-1]) != b[-1]]:
        why = f"mistyped in group {2 * wrong[0] + 1} or {2 * wrong[0] + 2}"
    else:
        return node
    raise GatepostError("address.invalid", what=f"`{text}` is not a node id", why=why)


def is_endpoint(text: str) -> bool:
    """True for HOST:PORT, the host a name, an IPv4 address or a bracketed IPv6 address."""
    found = _ENDPOINT.fullmatch(text)
    return found is not None and int(found[1]) < 65536


def check_key(key: bytes) -> None:
    """Admit an Ed25519 public key: canonical, on the curve, in the main subgroup.

    Raises `BadKey`.
    """
    if len(key) != 32 or not nacl.bindings.crypto_core_ed25519_is_valid_point(key):
        raise BadKey("an Ed25519 key that is no point of the main subgroup")


def check_seal(key: bytes) -> None:
    """Admit an X25519 public key: one whose shared secrets are not all zero. Raises `BadKey`."""
    if len(key) != 32:  # the binding below does not look
        raise BadKey("an X25519 key of another length")
    try:
        nacl.bindings.crypto_scalarmult(_SCALAR, key)
    except nacl.exceptions.RuntimeError:
        raise BadKey("an X25519 key whose shared secret is zero") from None


def sign_record(record: NodeRecord, sign: Callable[[bytes], bytes]) -> bytes:
    """The signed bytes of a record: signature (64) then canonical JSON.

    `sign` must be its key's.
    """
    data = canonical.encode(record)
    return sign(signing.transcript("record", data)) + data


def verify_record(signed: bytes) -> NodeRecord:
    """The record in `signed` when its form, keys, id and signature all hold.

    Raises `BadRecord`. Says nothing about whether a later record exists.
    """
    if not signing.SIGNATURE_BYTES < len(signed) <= RECORD_MAX:
        raise BadRecord(f"{len(signed)} bytes")
    signature, data = signed[: signing.SIGNATURE_BYTES], signed[signing.SIGNATURE_BYTES :]
    try:
        record = canonical.decode(data, NodeRecord)
        _check_keys(record)
    except (canonical.NotCanonical, BadKey) as error:
        raise BadRecord(str(error)) from None
    if not all(map(is_endpoint, record.endpoints)):
        raise BadRecord("an endpoint is not HOST:PORT")
    if not signing.verify(record.key_bytes, signature, signing.transcript("record", data)):
        raise BadRecord("the signature is not by its key")
    return record


def accept_successor(old: NodeRecord, new: NodeRecord) -> Accepted | Refused:
    """Whether `new` (verified) may replace `old` (known) of one node."""
    if new.node != old.node:
        return Refused("node")
    old_chain, new_chain = _chain(old), _chain(new)
    common = min(len(old_chain), len(new_chain))
    if old_chain[:common] != new_chain[:common]:
        # The id fixes the first generation, so one key has promised two different successors.
        return Refused("freeze")
    if len(new_chain) > len(old_chain):
        return Accepted(new, changed=True, rotated=True)
    if len(new_chain) < len(old_chain) or new.seq < old.seq:
        return Refused("rollback")
    if new.seq == old.seq and new != old:
        return Refused("freeze")
    return Accepted(new, changed=new != old)


def _chain(record: NodeRecord) -> tuple[tuple[str, str], ...]:
    return (*record.past, (record.key, record.next))


def _check_keys(record: NodeRecord) -> None:
    chain = [(bytes.fromhex(key), bytes.fromhex(next)) for key, next in _chain(record)]
    for key, _ in chain:
        check_key(key)
    check_seal(record.seal_bytes)
    if record.node != node_id(*chain[0]):
        raise BadKey("the node id is not that of the first key")
    for (_, promised), (key, _) in pairwise(chain):
        if hashlib.sha256(key).digest() != promised:
            raise BadKey("a key is not the one promised before it")


def _check_character(block: str) -> str:
    """Horner's rule over GF(32): finds every wrong character and every exchange of two."""
    total = 0
    for character in block:
        total = total << 1 ^ (0b100101 if total & 16 else 0)
        total ^= _ALPHABET.index(character)
    total = total << 1 ^ (0b100101 if total & 16 else 0)
    return _ALPHABET[total]
