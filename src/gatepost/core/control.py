"""The control part of a frame: what two nodes tell each other about their journals.

It is sealed with the entries, signed with the frame, and never durable itself: everything it says
is read off the sender's committed state. Field by field it is section 3 of the protocol; what
follows from it is `core.journal`. Live questions (`query`) and their answers travel here too.
Unknown fields refuse: nothing here may be overlooked.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from gatepost.core import canonical
from gatepost.core.entry import Code, Count, Hex32, Label

CONTROL_MAX = 64 * 1024
NONCE_BYTES = 16

Nonce = Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]


class Life(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """One life of a node, ordered by (era, boot). `nonce` is 16 random bytes as hex.

    Two lives of one (era, boot) with different nonces are two copies of one node: neither is older,
    and they are not equal.
    """

    era: Count
    boot: Count
    nonce: Nonce

    @property
    def rank(self) -> tuple[int, int]:
        """What lives are ordered by."""
        return self.era, self.boot

    def __lt__(self, other: "Life") -> bool:
        return self.rank < other.rank

    def __gt__(self, other: "Life") -> bool:
        return self.rank > other.rank


class Have(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """The highest slot of mine you have acknowledged, and the chain there."""

    out: Count
    h: Hex32


class Ack(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """In your `era` I have durably decided every slot up to `cursor`; `h` is the chain there."""

    era: Count
    cursor: Count
    h: Hex32


class Query(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A live question. `n` pairs it with its answer."""

    n: Count
    op: Literal["ping", "agents", "explain", "record"]
    args: Annotated[dict[Label, str], Meta(max_length=16)] = {}

    def __post_init__(self) -> None:
        if self.args:
            canonical.check(self.args)


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The answer to query `n`: `data` when it is ok, else the `code` of an error.

    At most 4 levels within `data`.
    """

    n: Count
    ok: bool
    code: Code = ""
    data: dict[str, object] = {}

    def __post_init__(self) -> None:
        if self.data:
            canonical.check(self.data, canonical.DEPTH_MAX - 2)


class Control(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """The control part. Slots are of the sender's journal where not said otherwise.

    `seen`: the life of yours I go by. `fork`: the life of yours I refuse. `first`: slot of the
    first entry here, `prev` the chain before it. `committed`: my highest durable slot. `limit`: the
    highest slot your messages may take. `gap`: first slot I hold beyond a hole. `carried`: goes by
    a store-and-forward carrier. `poke`: please answer. `again`: slots up to this one you may have
    seen in a life you lost.
    """

    life: Life
    committed: Count
    have: Have
    ack: Ack
    limit: Count
    seen: Life | None = None
    fork: Life | None = None
    first: Count = 0
    prev: Annotated[str, Meta(pattern=r"\A(?:[0-9a-f]{64})?\Z")] = ""
    gap: Count = 0
    carried: bool = False
    poke: bool = False
    again: Count = 0
    query: Query | None = None
    answer: Answer | None = None


def encode_control(control: Control) -> bytes:
    """The canonical bytes. Raises ValueError above 64 KiB (only an answer can be that large)."""
    data = canonical.encode(control)
    if len(data) > CONTROL_MAX:
        raise ValueError(f"the control part is {len(data)} bytes, at most {CONTROL_MAX}")
    return data


def decode_control(data: bytes) -> Control:
    """Read a control part. Raises `canonical.NotCanonical`."""
    if len(data) > CONTROL_MAX:
        raise canonical.NotCanonical("parse", f"{len(data)} bytes, at most {CONTROL_MAX}")
    return canonical.decode(data, Control)
