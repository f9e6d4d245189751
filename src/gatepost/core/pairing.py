"""Pairing: how two nodes that never met come to know each other by one invitation.

An invitation is one string: where the inviter is, who it is, its TLS pin, a 128-bit secret, and
until when. The secret gives a one-time Ed25519 key of which the inviter keeps the public half only,
so neither its database nor a backup can redeem what it has issued.

    accepter -> Request  invitation, my record and name, nonce, signed by the one-time key and mine
    inviter  -> Reply    my record and name, nonce, signed; or a refusal with a code

Both signatures cover the inviter's TLS key. Then both show the same six words, a slow hash over
both records and nonces, for people to compare: a leaked invitation redeemed by another node shows
other words. That an invitation is redeemed once is the inviter's transaction, not this module's.

Two nodes that were paired before go on with their journals, if both still have them. Each says
whether it does (`Memory`): where one has none both begin anew, and who still lives by the old
pairing is asked to remove the other node first, for only a person may let that go.
"""

import base64
import hashlib
import struct
from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

import msgspec
import nacl.bindings
from msgspec import Meta

from gatepost.core import canonical, signing, words
from gatepost.core.address import NAME
from gatepost.core.entry import Code, Count, Hex
from gatepost.core.identity import (
    ENDPOINTS_MAX,
    BadRecord,
    NodeRecord,
    is_endpoint,
    verify_record,
)
from gatepost.errors import GatepostError

PREFIX = "gp1-"
SECRET_BYTES = 16
NONCE_BYTES = 16
MESSAGE_MAX = 96 * 1024
VALID_MS = 15 * 60 * 1000

_CHECK_BYTES = 5
_FIXED = struct.Struct(f">{SECRET_BYTES}s32s32sQB")
_SLOW = 20_000

Name = Annotated[str, Meta(pattern=rf"\A{NAME.pattern}\Z")]
Nonce = Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
Sign = Callable[[bytes], bytes]
M = TypeVar("M")


Memory = Literal["", "kept", "active"]
"""What a node has of an earlier pairing: nothing, journals of a removed peer, or a peer."""


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """What the string holds.

    `tls` is the SPKI hash (32 bytes), `secret` 16 bytes, `expires` in ms.
    """

    endpoints: tuple[str, ...]
    node: str
    tls: bytes
    secret: bytes
    expires: int


class Offer(msgspec.Struct, frozen=True):
    """What the inviter keeps of an invitation: id, one-time public key (hex), end (ms)."""

    id: str
    public: str
    expires: int


class Request(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The accepter's message. `invitation` is the id of the offer, `memory` of the inviter."""

    v: Annotated[tuple[Count, ...], Meta(min_length=1, max_length=16)]
    invitation: Nonce
    record: Hex
    name: Name
    nonce: Nonce
    memory: Memory = ""
    invited: Hex = ""
    sig: Hex = ""


class Reply(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The inviter's message. A refusal has a `code` of the error catalogue.

    `anew`: both begin with new journals, whatever they have.
    """

    v: Count
    record: Hex
    name: Name
    nonce: Nonce
    code: Code = ""
    anew: bool = False
    sig: Hex = ""


class Joined(msgspec.Struct, frozen=True):
    """The other side of a pairing, proven.

    `name` is what it calls itself: a suggestion, no more. `memory` is what an accepter has of an
    earlier pairing; `anew`: an inviter says that both begin anew.
    """

    record: NodeRecord
    record_bytes: bytes
    name: str
    memory: Memory = ""
    anew: bool = False


class Refused(msgspec.Struct, frozen=True):
    """No pairing. `code` is of the error catalogue, `why` for the own log."""

    code: str
    why: str


def show_invitation(invitation: Invitation) -> str:
    """The string to hand over: `gp1-` and lower-case base32 with a checksum."""
    data = _FIXED.pack(
        invitation.secret,
        base64.b32decode(invitation.node.upper() + "===="),
        invitation.tls,
        invitation.expires,
        len(invitation.endpoints),
    )
    for endpoint in invitation.endpoints:
        data += bytes([len(endpoint)]) + endpoint.encode()
    return PREFIX + _base32(data + _checksum(data))


def parse_invitation(text: str) -> Invitation:
    """Read the string. Raises `invitation.invalid` for anything but exactly what was shown."""
    token = text.strip()
    try:
        invitation = _parse(token)
        if show_invitation(invitation) == token:
            return invitation
    except (ValueError, struct.error, IndexError):
        pass
    why = "it is cut short or altered" if token.startswith(PREFIX) else f"it begins with {PREFIX}"
    raise GatepostError("invitation.invalid", what="the text is not an invitation", why=why)


def offer(invitation: Invitation) -> Offer:
    """What to keep of an invitation one issues."""
    public, _ = _one_time_keys(invitation.secret)
    return Offer(_offer_id(public), public.hex(), invitation.expires)


def request(
    invitation: Invitation,
    record_bytes: bytes,
    name: str,
    *,
    nonce: bytes,
    sign: Sign,
    memory: Memory = "",
) -> bytes:
    """The accepter's message. `nonce` is 16 random bytes, `sign` the accepter's own key."""
    public, secret = _one_time_keys(invitation.secret)
    unsigned = Request(
        v=(1,),
        invitation=_offer_id(public),
        record=record_bytes.hex(),
        name=name,
        nonce=nonce.hex(),
        memory=memory,
    )
    signed = _request_input(unsigned, invitation.node, invitation.tls)
    invited = nacl.bindings.crypto_sign(signed, secret)[: signing.SIGNATURE_BYTES]
    return canonical.encode(
        msgspec.structs.replace(unsigned, invited=invited.hex(), sig=sign(signed).hex())
    )


def read_request(data: bytes) -> Request | Refused:
    """Which offer the accepter names; nothing is proven yet."""
    said = _read(data, Request)
    if isinstance(said, Request) and 1 not in said.v:
        return Refused("invitation.invalid", f"speaks only versions {said.v}")
    return said


def check_request(
    said: Request, offer: Offer, me: NodeRecord, *, spki: bytes, now: int
) -> Joined | Refused:
    """Whether the request proves the offer's secret and the accepter's own key.

    `spki` is the SHA-256 of the own TLS key, `now` in ms. Whether the offer is still unused is the
    caller's to know.
    """
    unsigned = msgspec.structs.replace(said, invited="", sig="")
    signed = _request_input(unsigned, me.node, spki)
    if said.invitation != offer.id or not signing.verify(
        bytes.fromhex(offer.public), bytes.fromhex(said.invited), signed
    ):
        return Refused("invitation.invalid", "it was not made with the invitation")
    if now >= offer.expires:
        return Refused("invitation.expired", "the invitation has expired")
    joined = _join(said, signed)
    if isinstance(joined, Joined) and joined.record.node == me.node:
        return Refused("peer.wrong_node", "it is this node's own invitation")
    return joined


def reply(
    heard: bytes,
    record_bytes: bytes,
    name: str,
    *,
    nonce: bytes,
    spki: bytes,
    sign: Sign,
    code: str = "",
    anew: bool = False,
) -> bytes:
    """The inviter's message to the request `heard`; a refusal when `code` is given.

    Answer only requests made with an invitation of one's own: strangers get silence.
    """
    unsigned = Reply(
        v=1, record=record_bytes.hex(), name=name, nonce=nonce.hex(), code=code, anew=anew
    )
    signature = sign(_reply_input(heard, unsigned, spki))
    return canonical.encode(msgspec.structs.replace(unsigned, sig=signature.hex()))


def check_reply(sent: bytes, heard: bytes, invitation: Invitation) -> Joined | Refused:
    """Whether the reply `heard` to the request `sent` is the inviter's, and what it says."""
    said = _read(heard, Reply)
    if isinstance(said, Refused):
        return said
    unsigned = msgspec.structs.replace(said, sig="")
    joined = _join(said, _reply_input(sent, unsigned, invitation.tls))
    if isinstance(joined, Refused):
        return joined
    if joined.record.node != invitation.node or joined.record.tls_bytes != invitation.tls:
        return Refused("peer.wrong_node", "another node answers than the one that invited")
    if said.code:
        return Refused(said.code, "the inviter refuses")
    return joined


def phrase(request: bytes, reply: bytes) -> str:
    """The six words both sides show, from the two messages of a pairing that held.

    The hash is slow (some milliseconds) so that one in the middle cannot search for a nonce that
    makes two pairings show the same words.
    """
    asked, said = canonical.decode(request, Request), canonical.decode(reply, Reply)
    data = signing.transcript(
        "pair words",
        *(text.encode() for text in (said.record, said.nonce, asked.record, asked.nonce)),
    )
    return words.say(hashlib.pbkdf2_hmac("sha256", data, signing.DOMAIN, _SLOW, 6))


def _join(said: Request | Reply, signed: bytes) -> Joined | Refused:
    record_bytes = bytes.fromhex(said.record)
    try:
        record = verify_record(record_bytes)
    except BadRecord as error:
        return Refused("invitation.invalid", f"the record does not hold: {error}")
    if not signing.verify(record.key_bytes, bytes.fromhex(said.sig), signed):
        return Refused("invitation.invalid", "it is not signed by the node it names")
    if isinstance(said, Request):
        return Joined(record, record_bytes, said.name, said.memory)
    return Joined(record, record_bytes, said.name, anew=said.anew)


def _request_input(unsigned: Request, inviter: str, spki: bytes) -> bytes:
    return signing.transcript("pair request", canonical.encode(unsigned), inviter.encode(), spki)


def _reply_input(request: bytes, unsigned: Reply, spki: bytes) -> bytes:
    return signing.transcript("pair reply", request, canonical.encode(unsigned), spki)


def _read(data: bytes, type: type[M]) -> M | Refused:
    if len(data) > MESSAGE_MAX:
        return Refused("invitation.invalid", f"{len(data)} bytes")
    try:
        said = canonical.decode(data, type)
    except canonical.NotCanonical as error:
        return Refused("invitation.invalid", str(error))
    # What is signed is spelled from what was read, so there must be no second spelling of it.
    if canonical.encode(said) != data:
        return Refused("invitation.invalid", "a default is written out")
    return said


def _one_time_keys(secret: bytes) -> tuple[bytes, bytes]:
    seed = hashlib.sha256(signing.transcript("invitation", secret)).digest()
    return nacl.bindings.crypto_sign_seed_keypair(seed)


def _offer_id(public: bytes) -> str:
    return hashlib.sha256(signing.transcript("offer", public)).hexdigest()[:32]


def _parse(token: str) -> Invitation:
    if not token.startswith(PREFIX) or len(token) > 4096:
        raise ValueError("no invitation")
    text = token[len(PREFIX) :].upper()
    data = base64.b32decode(text + "=" * (-len(text) % 8))
    data, check = data[:-_CHECK_BYTES], data[-_CHECK_BYTES:]
    if check != _checksum(data):
        raise ValueError("altered")
    secret, node, tls, expires, count = _FIXED.unpack_from(data)
    endpoints: list[str] = []
    at = _FIXED.size
    for _ in range(count):
        end = at + 1 + data[at]
        endpoints.append(data[at + 1 : end].decode("ascii"))
        at = end
    if at != len(data) or not 1 <= count <= ENDPOINTS_MAX or not all(map(is_endpoint, endpoints)):
        raise ValueError("no endpoints")
    return Invitation(
        endpoints=tuple(endpoints), node=_base32(node), tls=tls, secret=secret, expires=expires
    )


def _checksum(data: bytes) -> bytes:
    return hashlib.sha256(signing.transcript("invitation check", data)).digest()[:_CHECK_BYTES]


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=").lower()
