"""Meeting: how two nodes that were told of each other, each in its configuration, become peers.

Each side names the other's node id, so nothing secret passes between people and nothing is left to
compare: a record whose keys lead back to that id proves who it is.

    dialler  -> Meet   my record, whom I mean, nonce, signed
    listener -> Met    my record, nonce, signed; or a refusal with a code

Both signatures cover the TLS key in use, which the dialler does not know before: the listener's
record must name it. A listener answers only nodes it was told of; everybody else gets the generic
close, after the same work. Both show the same six words, from the two ids. Pure functions.
"""

import hashlib
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from gatepost.core import canonical, signing, words
from gatepost.core.entry import Code, Count, Hex
from gatepost.core.identity import BadRecord, NodeId, NodeRecord, verify_record
from gatepost.core.pairing import MESSAGE_MAX, Joined, Memory, Nonce, Refused, Sign

M = TypeVar("M")


class Meet(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The dialler's message. `memory` is what it has of an earlier pairing with `to`."""

    v: Annotated[tuple[Count, ...], Meta(min_length=1, max_length=16)]
    to: NodeId
    record: Hex
    nonce: Nonce
    memory: Memory = ""
    sig: Hex = ""


class Met(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The listener's message; a refusal has a `code`. `anew`: both begin with new journals."""

    v: Count
    record: Hex
    nonce: Nonce
    code: Code = ""
    anew: bool = False
    sig: Hex = ""


def meet(
    record_bytes: bytes, to: str, *, nonce: bytes, spki: bytes, sign: Sign, memory: Memory
) -> bytes:
    """The dialler's message to node `to`, which shows the TLS key `spki` (SHA-256)."""
    unsigned = Meet(v=(1,), to=to, record=record_bytes.hex(), nonce=nonce.hex(), memory=memory)
    signature = sign(_meet_input(unsigned, spki))
    return canonical.encode(msgspec.structs.replace(unsigned, sig=signature.hex()))


def check_meet(heard: bytes, me: NodeRecord, *, spki: bytes) -> Joined | Refused:
    """Who wants to meet, proven. Whether this node was told of it is the caller's to know."""
    said = _read(heard, Meet)
    if isinstance(said, Refused):
        return said
    unsigned = msgspec.structs.replace(said, sig="")
    joined = _join(said.record, said.sig, _meet_input(unsigned, spki))
    if isinstance(joined, Refused):
        return joined
    if said.to != me.node or joined.record.node == me.node or 1 not in said.v:
        return Refused("peer.wrong_node", "meant for another node")
    return msgspec.structs.replace(joined, memory=said.memory)


def met(
    heard: bytes,
    record_bytes: bytes,
    *,
    nonce: bytes,
    spki: bytes,
    sign: Sign,
    code: str = "",
    anew: bool = False,
) -> bytes:
    """The listener's message to `heard`, which was found to be of a node it was told of."""
    unsigned = Met(v=1, record=record_bytes.hex(), nonce=nonce.hex(), code=code, anew=anew)
    signature = sign(_met_input(heard, unsigned, spki))
    return canonical.encode(msgspec.structs.replace(unsigned, sig=signature.hex()))


def check_met(sent: bytes, heard: bytes, node: str, *, spki: bytes) -> Joined | Refused:
    """Whether `heard` is the answer of `node` to `sent`, and what it says."""
    said = _read(heard, Met)
    if isinstance(said, Refused):
        return said
    unsigned = msgspec.structs.replace(said, sig="")
    joined = _join(said.record, said.sig, _met_input(sent, unsigned, spki))
    if isinstance(joined, Refused):
        return joined
    if joined.record.node != node or joined.record.tls_bytes != spki:
        return Refused("peer.wrong_node", "another node answers than the one that is declared")
    if said.code:
        return Refused(said.code, "the other node refuses")
    return msgspec.structs.replace(joined, anew=said.anew)


def phrase(one: str, other: str) -> str:
    """The six words both sides show, from the two node ids."""
    data = signing.transcript("meeting words", *(node.encode() for node in sorted((one, other))))
    return words.say(hashlib.sha256(data).digest()[:6])


def _join(record: str, sig: str, signed: bytes) -> Joined | Refused:
    record_bytes = bytes.fromhex(record)
    try:
        found = verify_record(record_bytes)
    except BadRecord as error:
        return Refused("peer.wrong_node", f"the record does not hold: {error}")
    if not signing.verify(found.key_bytes, bytes.fromhex(sig), signed):
        return Refused("peer.wrong_node", "it is not signed by the node it names")
    return Joined(found, record_bytes, "")


def _meet_input(unsigned: Meet, spki: bytes) -> bytes:
    return signing.transcript("meet", canonical.encode(unsigned), spki)


def _met_input(meet: bytes, unsigned: Met, spki: bytes) -> bytes:
    return signing.transcript("met", meet, canonical.encode(unsigned), spki)


def _read(data: bytes, type: type[M]) -> M | Refused:
    if len(data) > MESSAGE_MAX:
        return Refused("peer.wrong_node", f"{len(data)} bytes")
    try:
        said = canonical.decode(data, type)
    except canonical.NotCanonical as error:
        return Refused("peer.wrong_node", str(error))
    if canonical.encode(said) != data:
        return Refused("peer.wrong_node", "a default is written out")
    return said
