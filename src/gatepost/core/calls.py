"""What a client and the local API say beyond the mailbox's own data: bodies and frames.

A frame of `/v1/socket` is a JSON array of calls `[n, op, body]` (client to node) or of replies
`[n, kind, body]` (node to client); `n` is the client's and comes back with everything that
belongs to the call. A body is kept raw until `op`, or the call `n` answers, says what it is: so
one bad body spoils one call and not its frame.
"""

from typing import Literal

import msgspec

from gatepost.core.message import Content, Run

MAX_FRAME = 4 * 1024 * 1024
MAX_CALL = 1024 * 1024
MAX_WAIT = 60.0


class Call(msgspec.Struct, frozen=True, array_like=True):
    """One call of a frame: its number, what is asked, and with what."""

    n: int
    op: str
    body: msgspec.Raw = msgspec.Raw(b"{}")


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """One answer of a frame: each call gets one `ok` or `error`, and after `ok` maybe events.

    A quick end of an `ask` is its only answer.
    """

    n: int
    kind: Literal["ok", "error", "event"]
    body: msgspec.Raw = msgspec.Raw(b"null")


class Named(msgspec.Struct, frozen=True):
    """A call about one message."""

    id: str


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where does a message stand; `wait` in seconds for its outcome or `needs_input`."""

    id: str
    wait: float = 0.0


class Watch(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tell me of a message: at every change, or only of an outcome and of `needs_input`."""

    id: str
    every: bool = True


class Unwatch(msgspec.Struct, frozen=True):
    """Stop the events of call `n` of the same socket (a `watch` or an `ask`)."""

    n: int


class ClaimIn(msgspec.Struct, frozen=True, omit_defaults=True):
    """Work for the agent of this socket; `client` names this client, for when it comes back."""

    capacity: int = 1
    kind: str = "sdk"
    client: str = ""


class Claimed(msgspec.Struct, frozen=True, omit_defaults=True):
    """The claim is held.

    `sole`: this client was the last to hold it, so a run it never saw did not run.
    """

    open_runs: tuple[Run, ...] = ()
    sole: bool = False


class Evidence(msgspec.Struct, frozen=True):
    """What became of a run that was open when the claim began: "running", "not_run" or "none"."""

    run: str
    found: Literal["running", "not_run", "none"]


class Capacity(msgspec.Struct, frozen=True):
    """At most `n` runs at a time."""

    n: int


class Offer(msgspec.Struct, frozen=True, tag_field="type", tag="offer"):
    """An event of a claim: start this run."""

    run: Run


class Cancel(msgspec.Struct, frozen=True, tag_field="type", tag="cancel"):
    """An event of a claim: stop this run if possible."""

    run: str
    reason: str = ""


class Supply(msgspec.Struct, frozen=True, tag_field="type", tag="supply"):
    """An event of a claim: the sender's reply to `needs_input`."""

    run: str
    parts: tuple[Content, ...] = ()


ClaimEvent = Offer | Cancel | Supply


class AgentsQuery(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which agents to list: those that match `query` and that the asker may `can`."""

    query: str = ""
    can: str = ""
    limit: int = 50
    asking: str = ""


class InviteIn(msgspec.Struct, frozen=True):
    """Make an invitation for a node that will be called `alias` here.

    `reuse`: also when that name meant another node until lately.
    """

    alias: str
    minutes: int = 15
    reuse: bool = False


class AcceptIn(msgspec.Struct, frozen=True, omit_defaults=True):
    """Accept an invitation; `alias` names its node here (empty: the name it gives itself).

    `reuse`: also when that name meant another node until lately.
    """

    text: str
    alias: str = ""
    reuse: bool = False


class PingIn(msgspec.Struct, frozen=True, omit_defaults=True):
    """Ping a peer; `wire` asks for a link of its own instead of the live one."""

    wire: bool = False


class EndpointIn(msgspec.Struct, frozen=True):
    """Where a peer is dialled, HOST:PORT."""

    endpoint: str


class AliasIn(msgspec.Struct, frozen=True, omit_defaults=True):
    """A peer's new alias. `reuse`: also when that name meant another node until lately."""

    new: str
    reuse: bool = False


class TokenIn(msgspec.Struct, frozen=True, omit_defaults=True):
    """Make a token bound to one agent."""

    agent: str
    note: str = ""


class What(msgspec.Struct, frozen=True, omit_defaults=True):
    """What to pause or resume: a peer, an agent, or (empty) everything."""

    what: str = ""


class CanQuery(msgspec.Struct, frozen=True):
    """Whether `sender` may do `verb` to `to`."""

    sender: str
    verb: str
    to: str


class Reason(msgspec.Struct, frozen=True):
    """Why an operator does it; it is kept in the log."""

    reason: str


class Undo(msgspec.Struct, frozen=True):
    """The command that takes back what was just done."""

    undo: str


class Nothing(msgspec.Struct, frozen=True):
    """An empty body."""
