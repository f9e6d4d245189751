"""Frames: the only thing two nodes send each other once they are linked.

    prelude | header | digests | signature | nonce, seal key id, wrapped key | sealed

The prelude is twelve bytes: magic "GP", version (1), number of digests (1), header length (2),
length of the key section (2), length of the sealed part (4), big-endian. The header is clear,
canonical JSON; the digests are 32 bytes each, the control part's first, then each entry's. The
sealed part is for each of them `u32 length | 16-byte salt | bytes`, under everything before the
signature as associated data. A resend is a new frame around the same items.

Opening climbs a ladder and stops at the first rung that does not hold: lengths, version, header,
recipient, key, signature, open, digests, parse, canonical, schema. Nothing is parsed as an entry
before a known node has signed it. Opening never changes state; the caller counts refusals.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from gatepost.core import canonical, signing
from gatepost.core.control import CONTROL_MAX, Control, decode_control, encode_control
from gatepost.core.entry import SALT_BYTES, BadEntry, Count, Entry, decode_entry, digest
from gatepost.core.identity import NodeId, NodeRecord
from gatepost.core.sealing import (
    FRAME_NONCE_BYTES,
    TAG_BYTES,
    ContentKey,
    Random,
    Unwrap,
    Wrap,
    seal,
    seal_info,
    unseal,
)

FRAME_MAX = 512 * 1024
ENTRIES_MAX = 64
HEADER_MAX = 1024
VERSION = 1
SUITE = "x25519-hkdf-sha256-chacha20poly1305"

_DIGEST = 32
_ITEM = 4 + SALT_BYTES
_KEY_SECTION = FRAME_NONCE_BYTES + signing.KEY_ID_BYTES
_KEY_SECTION_MAX = 512
_PRELUDE = struct.Struct(">2sBBHHI")
_ENTRIES_BYTES = (
    FRAME_MAX
    - (_PRELUDE.size + HEADER_MAX + _DIGEST * (1 + ENTRIES_MAX) + signing.SIGNATURE_BYTES)
    - (_KEY_SECTION_MAX + _ITEM + CONTROL_MAX + TAG_BYTES)
)


class Header(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    rename={"from_node": "from", "to_node": "to"},
):
    """The clear part: all that a relay sees.

    `key` is the sender's key id, `size` the sealed bytes; times in ms.
    """

    v: Count
    from_node: NodeId
    to_node: NodeId
    key: Annotated[str, Meta(pattern=r"\A[0-9a-f]{16}\Z")]
    created: Count
    size: Count
    suite: Annotated[str, Meta(max_length=64)]
    expires: Count = 0


class Item(msgspec.Struct, frozen=True, gc=False):
    """The bytes of an entry or control part with their salt (16 bytes) and digest (32 bytes)."""

    salt: bytes
    data: bytes
    digest: bytes


class Opened(msgspec.Struct, frozen=True):
    """A frame that holds. `sender` is a node id.

    `entries` are (entry, body, item) in order; `evidence` the signed clear part (up to and with the
    signature), which together with any item proves that the sender said it.
    """

    sender: str
    control: Control
    entries: list[tuple[Entry, bytes, Item]]
    evidence: bytes
    header: Header
    control_item: Item


class Rejected(msgspec.Struct, frozen=True):
    """A frame that does not hold: the rung it fell from, and why (never told to the sender)."""

    rung: str
    why: str


class Sender:
    """What it takes to send frames to one peer: who we are, who it is, and a content key in use.

    Make a new one when either record changes.
    """

    def __init__(
        self,
        me: NodeRecord,
        peer: NodeRecord,
        *,
        sign: Callable[[bytes], bytes],
        wrap: Wrap,
        random: Random,
    ) -> None:
        self.me = me.node
        self.peer = peer.node
        self.key_id = me.key_id
        self.seal_key_id = bytes.fromhex(signing.key_id(peer.seal_bytes))
        self.sign = sign
        self.random = random
        info = seal_info(me.node, peer.node, self.seal_key_id)
        self.content_key = ContentKey(peer.seal_bytes, info, wrap=wrap, random=random)


def item(salt: bytes, data: bytes) -> Item:
    """Give bytes their digest.

    The salt is chosen once, when the slot is given, and kept with the bytes.
    """
    return Item(salt, data, digest(salt, data))


def fit(items: Sequence[Item]) -> int:
    """How many of the first `items` go into one frame, whatever its control part.

    At least 1 of any.
    """
    left = _ENTRIES_BYTES
    for count, one in enumerate(items[:ENTRIES_MAX]):
        left -= _ITEM + len(one.data)
        if left < 0:
            return count
    return min(len(items), ENTRIES_MAX)


def build(
    sender: Sender, control: Control, items: Sequence[Item], *, now: int, expires: int = 0
) -> bytes:
    """Make one frame of a control part and entries.

    `now` and `expires` in ms; ValueError when it is too large.
    """
    if len(items) > ENTRIES_MAX:
        raise ValueError(f"{len(items)} entries, at most {ENTRIES_MAX}")
    first = item(sender.random(SALT_BYTES), encode_control(control))
    plain = bytearray()
    for one in (first, *items):
        plain += len(one.data).to_bytes(4, "big")
        plain += one.salt
        plain += one.data
    header = canonical.encode(
        Header(
            v=VERSION,
            from_node=sender.me,
            to_node=sender.peer,
            key=sender.key_id,
            created=now,
            size=len(plain) + TAG_BYTES,
            suite=SUITE,
            expires=expires,
        )
    )
    return _assemble(sender, now, header, [first, *items], bytes(plain))


def open_frame(
    data: bytes,
    *,
    me: str,
    record_of: Callable[[str], NodeRecord | None],
    unwrap: Unwrap,
) -> Opened | Rejected:
    """Climb the ladder over the bytes of one frame. Never raises, whatever the bytes.

    `me` is the own node id, `record_of` knows the peers, `unwrap` is the own keys', best through a
    `ContentKeyCache`.
    """
    try:
        return _open(data, me, record_of, unwrap)
    except _Fell as fell:
        return Rejected(fell.rung, fell.why)


class _Fell(Exception):
    def __init__(self, rung: str, why: str) -> None:
        self.rung = rung
        self.why = why
        super().__init__(rung)


class _Layout(msgspec.Struct, frozen=True, gc=False):
    """Where the sections of a frame end. The header begins after the prelude."""

    header: int
    digests: int
    signature: int
    key: int


def _assemble(
    sender: Sender, now: int, header: bytes, items: Sequence[Item], plain: bytes
) -> bytes:
    digests = b"".join([one.digest for one in items])
    content = sender.content_key.use(now)
    nonce = sender.random(FRAME_NONCE_BYTES)
    key_section = nonce + sender.seal_key_id + content.wrapped
    prelude = _PRELUDE.pack(
        b"GP", VERSION, len(items), len(header), len(key_section), len(plain) + TAG_BYTES
    )
    clear = prelude + header + digests
    signature = sender.sign(signing.frame_input(sender.key_id, header, digests))
    sealed = seal(content.key, nonce, plain, clear)
    frame = b"".join((clear, signature, key_section, sealed))
    if len(frame) > FRAME_MAX:
        raise ValueError(f"the frame is {len(frame)} bytes, at most {FRAME_MAX}")
    return frame


def _open(
    data: bytes, me: str, record_of: Callable[[str], NodeRecord | None], unwrap: Unwrap
) -> Opened:
    layout = _measure(data)
    raw_header = data[_PRELUDE.size : layout.header]
    header = _read_header(raw_header, len(data) - layout.key)
    digests = data[layout.header : layout.digests]
    _check_sender(header, me, record_of(header.from_node), raw_header, digests, data, layout)
    plain = _unseal(header, data, layout, unwrap)
    items = _split(plain, digests)
    control, entries = _read_items(items)
    return Opened(header.from_node, control, entries, data[: layout.signature], header, items[0])


def _measure(data: bytes) -> _Layout:
    if not _PRELUDE.size <= len(data) <= FRAME_MAX:
        raise _Fell("lengths", f"{len(data)} bytes")
    magic, version, count, header, key, sealed = _PRELUDE.unpack_from(data)
    if magic != b"GP":
        raise _Fell("lengths", "not a frame")
    if version != VERSION:
        raise _Fell("version", f"frame version {version}")
    if not 1 <= count <= 1 + ENTRIES_MAX:
        raise _Fell("lengths", f"{count} digests")
    if not 0 < header <= HEADER_MAX or not _KEY_SECTION < key <= _KEY_SECTION_MAX:
        raise _Fell("lengths", f"a header of {header} and a key section of {key} bytes")
    header_end = _PRELUDE.size + header
    digests_end = header_end + _DIGEST * count
    signature_end = digests_end + signing.SIGNATURE_BYTES
    key_end = signature_end + key
    if key_end + sealed != len(data) or sealed < TAG_BYTES:
        raise _Fell("lengths", "the lengths do not add up")
    return _Layout(header_end, digests_end, signature_end, key_end)


def _read_header(raw: bytes, sealed: int) -> Header:
    try:
        header = canonical.decode(raw, Header)
    except canonical.NotCanonical as error:
        raise _Fell("header", str(error)) from None
    if header.v != VERSION or header.suite != SUITE:
        raise _Fell("version", f"header version {header.v}, suite {header.suite}")
    if header.size != sealed:
        raise _Fell("lengths", "the header tells another size")
    return header


def _check_sender(
    header: Header,
    me: str,
    record: NodeRecord | None,
    raw_header: bytes,
    digests: bytes,
    data: bytes,
    layout: _Layout,
) -> None:
    if header.to_node != me:
        raise _Fell("recipient", "addressed to another node")
    if record is None:
        raise _Fell("key", "from a node that is no peer")
    if header.key != record.key_id:
        raise _Fell("key", "by a key that is unknown or replaced")
    signature = data[layout.digests : layout.signature]
    signed = signing.frame_input(header.key, raw_header, digests)
    if not signing.verify(record.key_bytes, signature, signed):
        raise _Fell("signature", "the signature does not hold")


def _unseal(header: Header, data: bytes, layout: _Layout, unwrap: Unwrap) -> bytes:
    nonce_end = layout.signature + FRAME_NONCE_BYTES
    wrapped_at = layout.signature + _KEY_SECTION
    info = seal_info(header.from_node, header.to_node, data[nonce_end:wrapped_at])
    try:
        content_key = unwrap(info, data[wrapped_at : layout.key])
    except ValueError:
        raise _Fell("open", "the content key does not open") from None
    nonce = data[layout.signature : nonce_end]
    plain = unseal(content_key, nonce, data[layout.key :], data[: layout.digests])
    if plain is None:
        raise _Fell("open", "the sealed part does not open")
    return plain


def _split(plain: bytes, digests: bytes) -> list[Item]:
    items: list[Item] = []
    at, total = 0, len(plain)
    for promised in range(0, len(digests), _DIGEST):
        start = at + _ITEM
        end = start + int.from_bytes(plain[at : at + 4], "big")
        if end > total:
            raise _Fell("digests", "fewer items than digests")
        one = item(plain[at + 4 : start], plain[start:end])
        if one.digest != digests[promised : promised + _DIGEST]:
            raise _Fell("digests", f"item {promised // _DIGEST} is not the one signed")
        items.append(one)
        at = end
    if at != total:
        raise _Fell("digests", "more bytes than digests")
    return items


def _read_items(items: Sequence[Item]) -> tuple[Control, list[tuple[Entry, bytes, Item]]]:
    try:
        control = decode_control(items[0].data)
        entries = [(*decode_entry(one.data), one) for one in items[1:]]
    except (canonical.NotCanonical, BadEntry) as error:
        raise _Fell(error.rung, error.why) from None
    return control, entries
