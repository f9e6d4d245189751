"""Hello: how two nodes that know each other prove it over a fresh TLS connection.

    dialler  -> Hello   versions, who I am, whom I mean, my record, nonce, signature
    listener -> Answer  version, nonce, my greeting, signature
    dialler  -> Proof   my greeting, signature

Each signs everything said before and the hash of the TLS key in use, so a stripped version list, a
swapped nonce, a reflected message or another server in between fails the signature. Nobody hears
anything before it has proven who it is: the first message is signed too, so who knows the ids of
two nodes and an address learns neither whether they are peers nor how they stand. What is computed
for a stranger is what is computed for a peer whose signature fails, so time tells no more.

A greeting is the canonical control part (lives, cursors, chains) of the node; this module does not
look into it. The dialler shows its record and says by hash which one of the listener it goes by;
the listener shows its own when that is another. So a planned change of keys or addresses does not
cut a link, and two records that cannot both be true are noticed (`Refused.conflict`).

Pure functions over bytes: `hello` and `prove` are the dialler's, `read_hello`, `call`, `answer` and
`finish` the listener's. A refusal has one generic form for the other side: the connection closes.
"""

import hashlib
from collections.abc import Callable
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from gatepost.core import canonical, signing
from gatepost.core.entry import Count, Hex, Hex32
from gatepost.core.identity import (
    RECORD_MAX,
    Accepted,
    BadRecord,
    NodeId,
    NodeRecord,
    accept_successor,
    verify_record,
)

VERSIONS = (1,)
HELLO_MAX = 2 * RECORD_MAX + 1024
"""Largest first message, read before anything is known about the caller."""
ANSWER_MAX = 96 * 1024
"""Largest second and third message."""
GREETING_MAX = 8 * 1024
NONCE_BYTES = 32

Nonce = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
Sign = Callable[[bytes], bytes]

M = TypeVar("M")


class Hello(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The dialler's first message.

    `knows` is the `digest` of the listener's record it goes by, `record` its own, signed.
    """

    v: Annotated[tuple[Count, ...], Meta(min_length=1, max_length=16)]
    node: NodeId
    to: NodeId
    knows: Hex32
    nonce: Nonce
    record: Hex
    sig: Hex = ""


class Answer(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The listener's message, with its `record` only when the dialler goes by another one."""

    v: Count
    node: NodeId
    nonce: Nonce
    control: Hex
    record: Hex = ""
    sig: Hex = ""


class Proof(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The dialler's last message."""

    control: Hex
    sig: Hex = ""


class Caller(msgspec.Struct, frozen=True):
    """Who dials, by its signed first message; only its `Proof` shows that it is there now.

    `record` is its record now, newer than the known one if `changed`; `record_bytes` is it, signed.
    """

    record: NodeRecord
    changed: bool = False
    record_bytes: bytes = b""


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
    """No link. `why` is for the own log; the other side only sees the connection close.

    `conflict` holds a signed record that cannot be true beside the known one: the peer is frozen.
    """

    why: str
    conflict: bytes = b""


def digest(record: NodeRecord) -> str:
    """SHA-256 of a record, hex: which one somebody goes by."""
    return hashlib.sha256(canonical.encode(record)).hexdigest()


def hello(
    me: NodeRecord, record_bytes: bytes, peer: NodeRecord, *, nonce: bytes, spki: bytes, sign: Sign
) -> bytes:
    """The dialler's first message to `peer`.

    `nonce` is 32 random bytes, `spki` the SHA-256 of the TLS key the connection showed.
    """
    unsigned = Hello(
        v=VERSIONS,
        node=me.node,
        to=peer.node,
        knows=digest(peer),
        nonce=nonce.hex(),
        record=record_bytes.hex(),
    )
    signature = sign(_hello_input(unsigned, spki))
    return canonical.encode(msgspec.structs.replace(unsigned, sig=signature.hex()))


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


def call(said: Hello, *, known: NodeRecord | None, me: NodeRecord, spki: bytes) -> Caller | Refused:
    """Whether the node `said` names has said it. `known` is its record here, None for a stranger.

    `me` is the own record, which stands in for a stranger's: the same is computed for both.
    """
    pinned = known or me
    signed, sig = _hello_input(msgspec.structs.replace(said, sig=""), spki), bytes.fromhex(said.sig)
    shown = bytes.fromhex(said.record)
    found: Caller | Refused = Caller(pinned)
    held = signing.verify(pinned.key_bytes, sig, signed)
    if not held or shown[signing.SIGNATURE_BYTES :] != canonical.encode(pinned):
        found, held = _shown(pinned, shown), _signed_by(shown, sig, signed)
    if known is None:
        return Refused("an unknown or blocked node")
    return found if held else Refused("the signature does not hold")


def answer(
    me: NodeRecord,
    record_bytes: bytes,
    heard: bytes,
    *,
    control: bytes,
    nonce: bytes,
    spki: bytes,
    sign: Sign,
) -> bytes:
    """The listener's message to the hello `heard`, whose `call` held.

    `spki` is the SHA-256 of the own TLS key, `control` the greeting, `record_bytes` the own record.
    """
    said = canonical.decode(heard, Hello)
    unsigned = Answer(
        v=max(set(said.v) & set(VERSIONS)),
        node=me.node,
        nonce=nonce.hex(),
        control=control.hex(),
        record=record_bytes.hex() if said.knows != digest(me) else "",
    )
    signature = sign(_listener_input(heard, unsigned, spki))
    return canonical.encode(msgspec.structs.replace(unsigned, sig=signature.hex()))


def check_answer(sent: bytes, heard: bytes, *, peer: NodeRecord, spki: bytes) -> Greeted | Refused:
    """Whether `heard` is the listener's answer to the hello `sent`.

    `spki` is the SHA-256 of the TLS key the connection showed, compared with the pin before.
    """
    said = _read(heard, Answer, ANSWER_MAX)
    if isinstance(said, Refused):
        return said
    if said.node != peer.node or said.v not in VERSIONS:
        return Refused("another node, or a version not offered")
    signed = _listener_input(sent, msgspec.structs.replace(said, sig=""), spki)
    found: Caller | Refused = Caller(peer)
    if said.record:
        shown = bytes.fromhex(said.record)
        found = _shown(peer, shown)
        if isinstance(found, Refused):
            held = _signed_by(shown, bytes.fromhex(said.sig), signed)
            return found if held else Refused(found.why)
    return _greeted(found, said.control, said.sig, signed)


def prove(
    sent: bytes, heard: bytes, *, peer: NodeRecord, control: bytes, spki: bytes, sign: Sign
) -> Proven | Refused:
    """Check the listener's answer as `check_answer` does, and make the proof."""
    greeted = check_answer(sent, heard, peer=peer, spki=spki)
    if isinstance(greeted, Refused):
        return greeted
    unsigned = Proof(control=control.hex())
    signature = sign(_dialler_input(sent, heard, unsigned, spki))
    return Proven(greeted, canonical.encode(msgspec.structs.replace(unsigned, sig=signature.hex())))


def finish(
    heard: bytes, sent: bytes, proof: bytes, *, caller: Caller, spki: bytes
) -> Greeted | Refused:
    """Check the dialler's `proof` over the hello `heard` and the answer `sent`."""
    said = _read(proof, Proof, ANSWER_MAX)
    if isinstance(said, Refused):
        return said
    signed = _dialler_input(heard, sent, msgspec.structs.replace(said, sig=""), spki)
    return _greeted(caller, said.control, said.sig, signed)


def _greeted(found: Caller, control: str, sig: str, signed: bytes) -> Greeted | Refused:
    greeting = bytes.fromhex(control)
    if len(greeting) > GREETING_MAX:
        return Refused(f"a greeting of {len(greeting)} bytes")
    if not signing.verify(found.record.key_bytes, bytes.fromhex(sig), signed):
        return Refused("the signature does not hold")
    return Greeted(found.record, greeting, found.changed, found.record_bytes)


def _shown(known: NodeRecord, shown: bytes) -> Caller | Refused:
    """What a record somebody shows of itself makes of the known one."""
    try:
        record = verify_record(shown)
    except BadRecord as error:
        return Refused(f"its record does not hold: {error}")
    successor = accept_successor(known, record)
    if isinstance(successor, Accepted):
        return Caller(successor.record, successor.changed, shown if successor.changed else b"")
    if successor.reason == "rollback" and record.key == known.key:
        return Caller(known)  # an older one of the same key: the newer holds
    conflict = shown if successor.reason == "freeze" else b""
    return Refused(f"its record is refused: {successor.reason}", conflict)


def _signed_by(shown: bytes, sig: bytes, signed: bytes) -> bool:
    """Whether the key in a record made this signature, whatever else the record is."""
    try:
        record = canonical.decode(shown[signing.SIGNATURE_BYTES :], NodeRecord)
    except canonical.NotCanonical:
        return False
    return signing.verify(record.key_bytes, sig, signed)


def _hello_input(unsigned: Hello, spki: bytes) -> bytes:
    return signing.transcript("hello call", canonical.encode(unsigned), spki)


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
