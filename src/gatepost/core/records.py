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
    when the last began. `digest` is kept only where the body is not. `read` are the owners, as a
    JSON list, whose text its receiver had in hand beside its sender's; "" for none.
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
    read: str = ""


class OldMessage(msgspec.Struct, frozen=True):
    """A message as it is looked at for age. `may_go`: it ended, and nothing needs it any more."""

    seq: int
    direction: Direction
    peer: int
    accepted: int
    expires: int
    may_go: bool


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
    has not): for "key", `shown` is the signed record that does not follow from `record`.
    `declared` when it stands in the configuration.
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
    shown: bytes = b""
    declared: bool = False


class AliasRow(msgspec.Struct, kw_only=True):
    """A name a peer had: until `until` (ms) it means `node`, and no other peer gets it unasked."""

    alias: str
    node: str
    until: int


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


class HoldRow(msgspec.Struct, kw_only=True, gc=False):
    """A message that waited, or waits, for a person.

    `message` is its seq, `key` whom it is counted under, `taint` the owners whose text its speaker
    had read. `approved` are rules (id to mark) a person answered for `digest`, the exact content.
    `answer` is "" while nobody answered, then "approved" or "refused", or "allowed" or "denied"
    when the law came to say so by itself; `at` and `answered` in ms.
    """

    message: int
    key: str
    at: int
    taint: bytes = b"[]"
    approved: bytes = b"{}"
    digest: bytes = b""
    answer: str = ""
    answered: int = 0
    reason: str = ""


class ApprovalRow(msgspec.Struct, kw_only=True):
    """A yes that stands: `data` is the whole of it, `until` its end (ms, 0: none)."""

    id: str
    until: int
    data: bytes


class DecisionRow(msgspec.Struct, gc=False):
    """A decision that a message's own row does not tell: number, when (ms), of which message."""

    n: int
    at: int
    message: str
    data: bytes


class LawRow(msgspec.Struct, gc=False):
    """A law that was in force from `since` (ms) on; `texts` are its files, packed."""

    since: int
    revision: str
    texts: bytes


class InviteRow(msgspec.Struct, kw_only=True):
    """An invitation: the public half of its one-time key (hex), never the secret.

    `reuse`: its alias may go to a node that did not have it before.
    `answer` repeats the reply to the node that used it.
    """

    id: str
    public: str
    alias: str
    expires: int
    used_by: str = ""
    answer: bytes = b""
    reuse: bool = False


class TokenRow(msgspec.Struct, kw_only=True):
    """A token by its hash. `agent` "" means operator."""

    id: str
    agent: str
    hash: bytes
    note: str
    created: int
