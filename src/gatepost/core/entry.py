"""Entries: what stands in the slots of a journal, and how they chain.

An entry is `u32 header length | canonical JSON header | body`; the body is the bytes of the
header's parts, in order. The header says everything a node acts upon, parts are carried untouched:
they are checked in full (`check_parts`) where they enter the first node and only measured after
that. Unknown header fields of a newer version are tolerated; they are covered by the digest because
the bytes are kept. This module knows neither frames nor journals, and never changes bytes it was
given.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Annotated, Literal, cast

import msgspec
from msgspec import Meta

from gatepost.core import canonical
from gatepost.core.address import NAME, is_node_id
from gatepost.core.lifecycle import OUTCOMES, State

HEADER_MAX = 16 * 1024
PARTS_MAX = 32
PARTS_BYTES_MAX = 256 * 1024
SALT_BYTES = 16

Count = Annotated[int, Meta(ge=0, le=canonical.INT_MAX)]
"""A number on the wire: counts, slots and times (ms since the epoch, UTC)."""
Hex32 = Annotated[str, Meta(pattern=r"\A[0-9a-f]{64}\Z")]
"""32 bytes as lower-case hex."""
Hex = Annotated[str, Meta(pattern=r"\A(?:[0-9a-f]{2})*\Z")]
"""Bytes as lower-case hex: unlike base64 there is one spelling only."""
Id = Annotated[str, Meta(min_length=36, max_length=36)]
Code = Annotated[str, Meta(max_length=64)]
Label = Annotated[str, Meta(max_length=128)]

is_code = re.compile(r"[a-z0-9._]{1,64}").fullmatch
"""Whether a reason is a code. Only a code is shown beside a state; words belong into the parts."""

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_uuid = re.compile(_UUID).fullmatch
# One match for all of them: no pattern allows a space, so no field can spill into another.
_names = re.compile(rf"{_UUID} {NAME.pattern} {NAME.pattern} {_UUID} (?:{_UUID})?").fullmatch

_ENTRY = b"gatepost/1 entry\0"
_CHAIN = b"gatepost/1 chain\0"
_CHAIN_START = b"gatepost/1 chain start\0"


class BadEntry(ValueError):
    """Bytes that are no entry.

    `rung` is the check they fail: "lengths", "parse", "canonical" or "schema".
    """

    def __init__(self, rung: str, why: str) -> None:
        self.rung = rung
        self.why = why
        super().__init__(f"{rung}: {why}")


# gc=False here and below: nothing read from JSON can contain itself, so collecting it is vain.
class _Said(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", gc=False):
    """What all entries share: one canonical object whose `kind` tells them apart."""


class Part(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Describes one part; its `size` bytes follow the header.

    `name` is a label, never a path; `media` a media type.
    """

    type: Literal["text", "json", "file"]
    size: Annotated[int, Meta(ge=0, le=PARTS_BYTES_MAX)]
    name: Annotated[str, Meta(max_length=255)] = ""
    media: Annotated[str, Meta(max_length=127)] = ""


Parts = Annotated[tuple[Part, ...], Meta(max_length=PARTS_MAX)]


class Message(_Said, frozen=True, kw_only=True, tag="message"):
    """One agent's message to another.

    Agents are bare names: whose they are is the journal's direction.
    """

    id: Id
    from_agent: Label
    to_agent: Label
    conversation: Id
    want: Literal["nothing", "answer", "result"]
    created: Count
    expires: Count
    re: Label = ""
    done_when: Annotated[str, Meta(max_length=4096)] = ""
    maybe: bool = False
    late: bool = False
    hops: Count = 0
    visited: Annotated[tuple[Label, ...], Meta(max_length=64)] = ()
    turns: Count = 0
    chain: Annotated[tuple[Label, ...], Meta(max_length=64)] = ()
    labels: Annotated[tuple[Label, ...], Meta(max_length=32)] = ()
    budget: dict[Label, Count] = {}
    trace: Label = ""
    parts: Parts = ()
    x: dict[str, object] = {}

    def __post_init__(self) -> None:
        """Refuse (ValueError) ids and names that are none, and free fields outside the form."""
        if not _names(f"{self.id} {self.from_agent} {self.to_agent} {self.conversation} {self.re}"):
            raise ValueError("an id or a name that is none")
        if not all(map(is_node_id, self.visited)):
            raise ValueError("`visited` names something that is no node")
        if self.x or self.budget:
            canonical.check(self.x, canonical.DEPTH_MAX - 1)
            canonical.check(self.budget)


class Void(_Said, frozen=True, kw_only=True, tag="void"):
    """Withdraws the message of the same slot.

    `digest` is that message entry's digest, which the chain keeps.
    """

    id: Id
    why: Literal["expired", "cancelled"]
    expires: Count
    digest: Hex32
    maybe: bool = False

    def __post_init__(self) -> None:
        _check_id(self.id)


class Input(_Said, frozen=True, kw_only=True, tag="input"):
    """The sender's reply to `needs_input` of message `id`."""

    id: Id
    parts: Parts = ()

    def __post_init__(self) -> None:
        _check_id(self.id)


class Cancel(_Said, frozen=True, kw_only=True, tag="cancel"):
    """The sender asks that message `id` be cancelled if it still can be."""

    id: Id

    def __post_init__(self) -> None:
        _check_id(self.id)


class Update(_Said, frozen=True, kw_only=True, tag="update"):
    """What became of message `id`, said by its receiver.

    `state` is the state after it; an "outcome", and nothing else, carries one of the outcomes.
    `at` is when; `run` which attempt and `started` when that began; `reason` a code; `by` who
    decided; `seq` numbers the updates of one message.
    """

    id: Id
    what: Literal["state", "progress", "artifact", "outcome"]
    state: State
    at: Count
    run: Count = 0
    started: Count = 0
    reason: Code = ""
    by: Literal["", "rule", "agent", "node"] = ""
    late: bool = False
    redelivered: bool = False
    seq: Count = 0
    parts: Parts = ()

    def __post_init__(self) -> None:
        _check_id(self.id)
        if (self.what == "outcome") != (self.state in OUTCOMES):
            raise ValueError(f"state `{self.state}` in an update of kind `{self.what}`")


class Skip(_Said, frozen=True, kw_only=True, tag="skip"):
    """Stands for retired slots up to and including `to`; `h` is the chain there."""

    to: Count
    h: Hex32


class Start(_Said, frozen=True, kw_only=True, tag="start"):
    """First entry of a new era: the peer's open messages here, the old era, its last acked slot."""

    open: tuple[Id, ...]
    era: Count
    out: Count

    def __post_init__(self) -> None:
        for id in self.open:
            _check_id(id)


class Settled(_Said, frozen=True, kw_only=True, tag="settled"):
    """Answers `Start`: (message id, outcome) of those that have ended."""

    outcomes: tuple[tuple[Id, State], ...]

    def __post_init__(self) -> None:
        for id, outcome in self.outcomes:
            _check_id(id)
            if outcome not in OUTCOMES:
                raise ValueError(f"`{outcome}` is no outcome")


Entry = Message | Void | Input | Cancel | Update | Skip | Start | Settled
_ENTRY_TYPE = cast("type[Entry]", Entry)


def encode_entry(entry: Entry, body: bytes = b"") -> bytes:
    """The bytes of an entry.

    Raises `BadEntry` when a limit is exceeded or `body` is not what the parts say.
    """
    header = canonical.encode(entry)
    _measure(entry, len(header), len(body))
    return len(header).to_bytes(4, "big") + header + body


def decode_entry(data: bytes) -> tuple[Entry, bytes]:
    """The entry and its body. Raises `BadEntry`. Part bodies are measured, not read."""
    size = int.from_bytes(data[:4], "big")
    if not 0 < size <= HEADER_MAX or size > len(data) - 4:
        raise BadEntry("lengths", "the header does not fit")
    try:
        entry = canonical.decode(data[4 : 4 + size], _ENTRY_TYPE)
    except canonical.NotCanonical as error:
        raise BadEntry(error.rung, error.why) from None
    _measure(entry, size, len(data) - 4 - size)
    return entry, data[4 + size :]


def check_parts(parts: Sequence[Part], body: bytes) -> None:
    """Validate part bodies in full, where they enter: UTF-8 text, JSON that parses.

    Raises `BadEntry`.
    """
    _measure_parts(parts, len(body))
    at = 0
    for number, part in enumerate(parts, 1):
        data = body[at : at + part.size]
        at += part.size
        try:
            if part.type == "text":
                data.decode()
            elif part.type == "json":
                msgspec.json.decode(data)
        except (UnicodeError, msgspec.DecodeError, RecursionError) as error:
            raise BadEntry("parse", f"part {number} is not {part.type}: {error}") from None


def digest(salt: bytes, data: bytes) -> bytes:
    """The digest of an entry or control part under its 16-byte salt, 32 bytes."""
    return hashlib.sha256(_ENTRY + salt + data).digest()


def chain(prev: bytes, digest: bytes) -> bytes:
    """H_n from H_{n-1} and the digest of slot n. 32 bytes."""
    return hashlib.sha256(_CHAIN + prev + digest).digest()


def chain_start(from_node: str, to_node: str, era: int) -> bytes:
    """H_0 of the journal from one node to another in an era. 32 bytes."""
    return hashlib.sha256(_CHAIN_START + f"{from_node} {to_node} {era}".encode()).digest()


def uuid7(now_ms: int, random10: bytes) -> str:
    """A UUIDv7 from wall time in ms and 10 random bytes.

    Pure; ids of one millisecond are in no order.
    """
    n = (now_ms & (1 << 48) - 1) << 80 | int.from_bytes(random10, "big")
    n = n & ~(0xF << 76) | 7 << 76
    n = n & ~(0x3 << 62) | 2 << 62
    text = f"{n:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _check_id(id: str) -> None:
    if not _uuid(id):
        raise ValueError(f"`{id}` is no id")


def _measure(entry: Entry, header: int, body: int) -> None:
    if header > HEADER_MAX:
        raise BadEntry("lengths", f"the header is {header} bytes, at most {HEADER_MAX}")
    _measure_parts(getattr(entry, "parts", ()), body)


def _measure_parts(parts: Sequence[Part], body: int) -> None:
    if len(parts) > PARTS_MAX:
        raise BadEntry("lengths", f"{len(parts)} parts, at most {PARTS_MAX}")
    if body > PARTS_BYTES_MAX:
        raise BadEntry("lengths", f"the parts are {body} bytes, at most {PARTS_BYTES_MAX}")
    for part in parts:
        body -= part.size
    if body:
        raise BadEntry("lengths", "the parts and their sizes differ")
