"""What the store keeps, as plain rows. Shapes only; what they mean is decided by the node.

Rows are append-mostly: a message row changes when its state does, its body never.
"""

from typing import Literal

import msgspec

from gatepost.core.lifecycle import State

Direction = Literal["out", "in", "local"]
By = Literal["", "rule", "agent", "node"]


class MessageRow(msgspec.Struct, kw_only=True, gc=False):
    """One message: sent (`out`), given to this node (`in`), or between its agents (`local`).

    `seq` orders messages as this node accepted them. `peer` is the peer's number, 0 for local ones.
    `slot` is its place in the journal, 0 while it has none. `attempt` counts runs; `started` is
    when the last began. `digest` is kept only where the body is not.
    """

    seq: int
    id: str
    direction: Direction
    peer: int
    sender: str
    recipient: str
    want: str
    conversation: str
    created: int
    expires: int
    accepted: int
    slot: int = 0
    state: State = "accepted"
    since: int = 0
    reason: str = ""
    by: By = ""
    attempt: int = 0
    started: int = 0
    late: bool = False
    redelivered: bool = False
    request_key: str = ""
    digest: bytes = b""


class EntryRow(msgspec.Struct, kw_only=True, gc=False):
    """An entry that is no message: an update, input, cancel or void.

    `sent` tells direction; `message` is the seq of the message it is about.
    """

    seq: int
    peer: int
    sent: bool
    message: int
    kind: str
    id: str
    at: int
    slot: int = 0
    what: str = ""
    state: str = ""
    salt: bytes = b""
    data: bytes = b""


class PeerRow(msgspec.Struct, kw_only=True):
    """One peer.

    `blocked` is the operator's word; `stopped` names why the pair stopped by itself ("" while it
    has not).
    """

    number: int
    node: str
    alias: str
    record: bytes
    endpoint: str
    words: str
    paired: int
    blocked: bool = False
    stopped: str = ""
    owner: str = ""
    removed: int = 0


class JournalRow(msgspec.Struct, kw_only=True, gc=False):
    """Both journals with one peer. `low` bounds the scan for unacknowledged entries at a start."""

    peer: int
    next: int = 0
    h_next: bytes = b""
    out: int = 0
    h_out: bytes = b""
    credit: int = 0
    cursor: int = 0
    h: bytes = b""
    committed: int = 0
    h_committed: bytes = b""
    tail: bytes = b""
    life: str = ""
    fork: str = ""
    low: int = 0
    tries: int = 0
    heard: int = 0


class FrameRow(msgspec.Struct, kw_only=True, gc=False):
    """Evidence: the signed part of a frame a peer sent, and its control part with salt.

    `acked` is the slot it acknowledges.
    """

    peer: int
    at: int
    first: int
    count: int
    acked: int
    signed: bytes
    control: bytes


class InviteRow(msgspec.Struct, kw_only=True):
    """An invitation: the public half of its one-time key (hex), never the secret.

    `answer` repeats the reply to the node that used it.
    """

    id: str
    public: str
    alias: str
    expires: int
    used_by: str = ""
    answer: bytes = b""


class TokenRow(msgspec.Struct, kw_only=True):
    """A token by its hash. `agent` "" means operator."""

    id: str
    agent: str
    hash: bytes
    note: str
    created: int
