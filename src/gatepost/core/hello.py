"""Hello: how two nodes that know each other prove it over a fresh TLS connection.

    dialler  -> Hello   versions, who I am, whom I mean, nonce
    listener -> Answer  version, nonce, my greeting, signature
    dialler  -> Proof   my greeting, signature

Both sign everything said before and the hash of the TLS key in use, so a stripped version list, a
swapped nonce, a reflected message or another server in between fails the signature. A greeting is
the canonical control part (lives, cursors, chains) of the node; this module does not look into it.
`knows` says which record of the peer one goes by; who has a newer one sends it along, so that a
planned change of keys or addresses does not cut a link.

Pure functions over bytes: `hello` and `prove` are the dialler's, `read_hello`, `answer` and
`finish` the listener's. A refusal has one generic form for the other side: the connection closes.
"""

from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from gatepost.core import canonical, signing
from gatepost.core.entry import Count, Hex
from gatepost.core.identity import (
    Accepted,
    BadRecord,
    NodeId,
    NodeRecord,
    accept_successor,
    verify_record,
)

VERSIONS = (1,)
HELLO_MAX = 1024
"""Largest first message, read before anything is known about the caller."""
ANSWER_MAX = 96 * 1024
"""Largest second and third message."""
GREETING_MAX = 8 * 1024
NONCE_BYTES = 32

Nonce = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Sign = Callable[[bytes], bytes]

M = TypeVar("M")


class Hello(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The dialler's first message. `node` claims, nothing is proven yet."""

    v: Annotated[tuple[Count, ...], Meta(min_length=1, max_length=16)]
    node: NodeId
    to: NodeId
    seq: Count
    knows: Count
    nonce: Nonce


class Answer(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The listener's message, with its `record` only when the dialler goes by an older one."""

    v: Count
    node: NodeId
    seq: Count
    knows: Count
    nonce: Nonce
    control: Hex
    record: Hex = ""
    sig: Hex = ""


class Proof(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The dialler's last message."""

    control: Hex
    record: Hex = ""
    sig: Hex = ""


class Greeted(msgspec.Struct, frozen=True):
    """The peer is authenticated. `record` is its record now, newer than the known one if `changed`.

    `control` is its greeting, `record_bytes` the signed record when it sent one.
    """

    record: NodeRecord
    control: bytes
    changed: bool = False
    record_bytes: bytes = b""


class Proven(msgspec.Struct, frozen=True):
    """The listener is authenticated; `proof` is the message to send it."""

    peer: Greeted
    proof: bytes


class Refused(msgspec.Struct, frozen=True):
    """No link. `why` is for the own log; the other side only sees the connection close."""

    why: str


def hello(me: NodeRecord, peer: NodeRecord, nonce: bytes) -> bytes:
    """The dialler's first message to `peer`; `nonce` is 32 random bytes."""
    said = Hello(
        v=VERSIONS, node=me.node, to=peer.node, seq=me.seq, knows=peer.seq, nonce=nonce.hex()
    )
    return canonical.encode(said)


def read_hello(data: bytes, me: str) -> Hello | Refused:
    """Who calls, or claims to. `me` is the own node id."""
    said = _read(data, Hello, HELLO_MAX)
    if isinstance(said, Refused):
        return said
    if said.to != me or said.node == me:
        return Refused("meant for another node")
    if not set(said.v) & set(VERSIONS):
        return Refused(f"speaks only versions {said.v}")
    return said


def answer(
    me: NodeRecord,
    record_bytes: bytes,
    heard: bytes,
    *,
    peer: NodeRecord,
    control: bytes,
    nonce: bytes,
    spki: bytes,
    sign: Sign,
) -> bytes:
    """The listener's message to the hello `heard` (read and found to be of `peer`).

    `spki` is the SHA-256 of the own TLS key, `control` the greeting, `record_bytes` the own record.
    """
    said = canonical.decode(heard, Hello)
    unsigned = Answer(
        v=max(set(said.v) & set(VERSIONS)),
        node=me.node,
        seq=me.seq,
        knows=peer.seq,
        nonce=nonce.hex(),
        control=control.hex(),
        record=record_bytes.hex() if said.knows < me.seq else "",
    )
    signature = sign(_listener_input(heard, unsigned, spki))
    return canonical.encode(msgspec.structs.replace(unsigned, sig=signature.hex()))


def prove(
    me: NodeRecord,
    record_bytes: bytes,
    sent: bytes,
    heard: bytes,
    *,
    peer: NodeRecord,
    control: bytes,
    spki: bytes,
    sign: Sign,
) -> Proven | Refused:
    """Check the listener's answer `heard` to the hello `sent`, and make the proof.

    `spki` is the SHA-256 of the TLS key the connection showed, compared with the pin before.
    """
    said = _read(heard, Answer, ANSWER_MAX)
    if isinstance(said, Refused):
        return said
    if said.node != peer.node or said.v not in VERSIONS:
        return Refused("another node, or a version not offered")
    signed = _listener_input(sent, msgspec.structs.replace(said, sig=""), spki)
    greeted = _authenticate(peer, said, signed)
    if isinstance(greeted, Refused):
        return greeted
    record = record_bytes.hex() if said.knows < me.seq else ""
    unsigned = Proof(control=control.hex(), record=record)
    signature = sign(_dialler_input(sent, heard, unsigned, spki))
    proof = msgspec.structs.replace(unsigned, sig=signature.hex())
    return Proven(greeted, canonical.encode(proof))


def finish(
    heard: bytes, sent: bytes, proof: bytes, *, peer: NodeRecord, spki: bytes
) -> Greeted | Refused:
    """Check the dialler's `proof` over the hello `heard` and the answer `sent`."""
    said = _read(proof, Proof, ANSWER_MAX)
    if isinstance(said, Refused):
        return said
    signed = _dialler_input(heard, sent, msgspec.structs.replace(said, sig=""), spki)
    return _authenticate(peer, said, signed)


def _authenticate(known: NodeRecord, said: Answer | Proof, signed: bytes) -> Greeted | Refused:
    record, changed = known, False
    record_bytes, control = bytes.fromhex(said.record), bytes.fromhex(said.control)
    if record_bytes:
        try:
            successor = accept_successor(known, verify_record(record_bytes))
        except BadRecord as error:
            return Refused(f"its record does not hold: {error}")
        if not isinstance(successor, Accepted):
            return Refused(f"its record is refused: {successor.reason}")
        record, changed = successor.record, successor.changed
    if len(control) > GREETING_MAX:
        return Refused(f"a greeting of {len(control)} bytes")
    if not signing.verify(record.key_bytes, bytes.fromhex(said.sig), signed):
        return Refused("the signature does not hold")
    return Greeted(record, control, changed, record_bytes)


def _listener_input(hello: bytes, unsigned: Answer, spki: bytes) -> bytes:
    return signing.transcript("hello listener", hello, canonical.encode(unsigned), spki)


def _dialler_input(hello: bytes, answer: bytes, unsigned: Proof, spki: bytes) -> bytes:
    return signing.transcript("hello dialler", hello, answer, canonical.encode(unsigned), spki)


def _read(data: bytes, type: type[M], limit: int) -> M | Refused:
    if len(data) > limit:
        return Refused(f"{len(data)} bytes")
    try:
        said = canonical.decode(data, type)
    except canonical.NotCanonical as error:
        return Refused(str(error))
    # What is signed is spelled from what was read, so there must be no second spelling of it.
    return said if canonical.encode(said) == data else Refused("a default is written out")
