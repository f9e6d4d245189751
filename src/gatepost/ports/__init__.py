"""The ports: what the inside needs of the outside, as Protocols owned by the inside.

`node` is written against these alone and knows no event loop: every call returns at once and
answers through callbacks. Real implementations live in `host`, `store` and `transports`; a world of
simulated nodes brings others, and one contract suite runs over both.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from gatepost.core.identity import NodeRecord
from gatepost.core.message import (
    Content,
    InboxQuery,
    MessageView,
    Receipt,
    Run,
    Submission,
    UpdateIn,
)
from gatepost.core.views import Step
from gatepost.errors import GatepostError


class Timer(Protocol):
    """A callback that will be made."""

    def cancel(self) -> None:
        """Forget it. Harmless when it was made already."""
        ...


class Clock(Protocol):
    """Time. Wall time may jump; monotonic time and delays do not."""

    def now(self) -> int:
        """Wall time in milliseconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow."""
        ...

    def call_later(self, seconds: float, fn: Callable[[], None]) -> Timer:
        """Call `fn` once after `seconds`."""
        ...

    def call_soon(self, fn: Callable[[], None]) -> None:
        """Call `fn` after the current callback has returned."""
        ...


class Entropy(Protocol):
    """Randomness, handed in so that a world replays to the byte."""

    def bytes(self, n: int) -> bytes:
        """`n` random bytes."""
        ...

    def uniform(self) -> float:
        """A float in [0, 1)."""
        ...


class Keys(Protocol):
    """The node's private keys. They never leave this port."""

    @property
    def node(self) -> str:
        """This node's id."""
        ...

    @property
    def record(self) -> NodeRecord:
        """This node's current record."""
        ...

    @property
    def record_bytes(self) -> bytes:
        """The signed bytes of the record."""
        ...

    def sign(self, data: bytes) -> bytes:
        """Ed25519 over `data`, 64 bytes."""
        ...

    def wrap(self, seal_public: bytes, info: bytes, content_key: bytes) -> bytes:
        """HPKE-seal a content key to a peer's seal key."""
        ...

    def unwrap(self, info: bytes, wrapped: bytes) -> bytes:
        """Open a content key sealed to this node. Raises ValueError when it does not open."""
        ...


class Line(Protocol):
    """A live authenticated link to one peer, as the node uses it."""

    @property
    def peer(self) -> str:
        """The node id of the peer, authenticated."""
        ...

    @property
    def address(self) -> str:
        """Where the peer is, for people: `127.0.0.1:7443 (dialled)`."""
        ...

    def send(self, frame: bytes) -> bool:
        """Hand one frame over, never blocking.

        False when the line is down or its buffer is full (nothing was taken).
        """
        ...

    def close(self, reason: str) -> None:
        """Close the link; `LinkOwner.link_down` follows."""
        ...


class LinkOwner(Protocol):
    """What a transport tells the node. Every call is made from the loop and returns at once."""

    def record_of(self, node: str) -> NodeRecord | None:
        """The pinned record of a peer that may link now.

        None for strangers and blocked peers (they get a generic close).
        """
        ...

    def greeting(self, node: str) -> bytes:
        """The control part (lives, cursors, chains) to be signed within the hello to a peer."""
        ...

    def newer_record(self, record: NodeRecord, signed: bytes) -> None:
        """A peer showed a newer record of itself, checked against the pinned one.

        `link_up` follows.

        `signed` is its bytes.
        """
        ...

    def conflict(self, node: str, signed: bytes) -> None:
        """A peer showed a signed record that cannot be true beside the pinned one.

        No link came of it, and none should until a person has looked.
        """
        ...

    def link_up(self, line: Line, control: bytes) -> None:
        """The peer is authenticated; `control` is its greeting."""
        ...

    def link_down(self, line: Line, reason: str) -> None:
        """The link is gone."""
        ...

    def link_ready(self, line: Line) -> None:
        """A line that was full (`send` answered False) takes frames again."""
        ...

    def frame(self, line: Line, data: bytes) -> None:
        """One frame arrived, unverified, at most 512 KiB."""
        ...

    def dial_failed(self, node: str, code: str, why: str) -> None:
        """A dial ended without a link.

        `code` is of the catalogue (`peer.unreachable`, `peer.wrong_node`).
        """
        ...

    def pair_request(
        self, request: bytes, spki: bytes, answer: Callable[[bytes | None], None]
    ) -> None:
        """A stranger presents an invitation.

        `answer` takes the reply once it is durable, or None to close without a word.
        """
        ...

    def meet_request(
        self, request: bytes, spki: bytes, answer: Callable[[bytes | None], None]
    ) -> None:
        """A node that may be declared here wants to meet; `answer` as for `pair_request`."""
        ...


class Transport(Protocol):
    """How frames travel.

    The node asks for links; back-off and the wish to be linked are the node's.
    """

    def dial(self, node: str, endpoints: Sequence[str], spki: bytes) -> None:
        """Start one attempt to link; nothing when there is a link or an attempt.

        Ends in `link_up` (whoever dialled) or `dial_failed`.
        """
        ...

    def probe(
        self,
        node: str,
        endpoints: Sequence[str],
        spki: bytes,
        done: Callable[[tuple[Step, ...], GatepostError | None], None],
    ) -> None:
        """Try the way to a peer without making a link: each step, and why it ended early."""
        ...

    def pair(
        self,
        endpoints: Sequence[str],
        spki: bytes,
        request: bytes,
        done: Callable[[bytes | GatepostError], None],
    ) -> None:
        """Present an invitation to its inviter; `done` gets the reply or why there is none."""
        ...

    def meet(
        self,
        endpoints: Sequence[str],
        make: Callable[[bytes], bytes],
        done: Callable[[bytes | GatepostError], None],
    ) -> None:
        """Meet a declared node whose pin is not known yet.

        `make` gives the request for the TLS key the listener shows; `done` gets the reply to it.
        """
        ...


class Client(Protocol):
    """Whoever works for one agent: an adapter, an SDK connection, a polling tool.

    Calls are made after the commit they follow from.
    """

    def offer(self, run: Run) -> None:
        """Start this run; it is committed as claimed."""
        ...

    def cancel(self, run: str, reason: str) -> None:
        """Stop this run if possible; how it ends is still yours to say."""
        ...

    def supply(self, run: str, parts: tuple[Content, ...]) -> None:
        """The sender's reply to `needs_input`, for the open run.

        After a restart it may be given again.
        """
        ...


@runtime_checkable
class Waker(Protocol):
    """A client that can also tell its agent what came of a message it sent."""

    def late(self, message: str, session: str) -> bool:
        """Wake the agent's own `session` when `message` ends or asks back.

        Durable when it returns. False when the session is none of this agent.
        """
        ...


class Claim(Protocol):
    """One client's hold on an agent's mailbox; at most one claim per agent at a time."""

    @property
    def open_runs(self) -> tuple[Run, ...]:
        """Runs that were open when the claim began.

        Each must be settled by `evidence` before it goes on.
        """
        ...

    def evidence(self, run: str, found: str) -> None:
        """What became of a run that was open before.

        "running" (this client has it and will end it), "not_run", or "none", which may be said
        later too, of a run whose trace got lost.
        """
        ...

    def capacity(self, n: int) -> None:
        """At most `n` runs at a time (the agent's own limit still holds); 0 stops new ones."""
        ...

    def release(self) -> None:
        """Give the mailbox up. Open runs stay open and are shown to the next claim."""
        ...


class Desk(Protocol):
    """One agent's mailbox, by callbacks.

    Who speaks was fixed when it was made; `Mailbox` is the same for tasks.
    """

    @property
    def agent(self) -> str:
        """The agent this desk speaks for."""
        ...

    def submit(
        self, submission: Submission, done: Callable[[Receipt | GatepostError], None]
    ) -> None:
        """Accept a message.

        `done` is called after the commit that holds it (or with the refusal).
        """
        ...

    def update(self, update: UpdateIn, done: Callable[[GatepostError | None], None]) -> None:
        """Give news about, or end, a message this agent has.

        Or answer `needs_input` of one it sent (kind "answer").
        """
        ...

    def cancel(self, message: str, done: Callable[[MessageView | GatepostError], None]) -> None:
        """Withdraw a message this agent sent, if that is still possible."""
        ...

    def watch(self, message: str, seen: Callable[[MessageView], None]) -> Callable[[], None]:
        """Call `seen` at every change of a message this agent sent or has (once now).

        Returns the function that stops it.
        """
        ...

    def claim(self, client: Client, capacity: int, kind: str) -> Claim:
        """Work for this agent.

        Raises `mailbox.taken` when another client does. `kind` is for people: "sdk", "process",
        "polls".
        """
        ...


class Mailbox(Protocol):
    """One agent's mailbox for tasks: the same calls inside the node (adapters) and in the SDK."""

    @property
    def agent(self) -> str:
        """The agent this mailbox belongs to."""
        ...

    async def submit(self, submission: Submission) -> Receipt:
        """Accept a message; returns when it is durable. Raises the refusal."""
        ...

    async def check(self, message: str, wait: float = 0.0) -> MessageView:
        """Where a message stands.

        Waits up to `wait` seconds for its outcome (or `needs_input`), then returns the current
        state.
        """
        ...

    async def cancel(self, message: str) -> MessageView:
        """Withdraw a message if that is still possible."""
        ...

    async def update(self, update: UpdateIn) -> None:
        """Give news about, or end, a message this agent has."""
        ...

    async def claim(self, client: Client, capacity: int, kind: str) -> Claim:
        """Work for this agent; see `Claim`."""
        ...

    async def inbox(self, query: InboxQuery) -> tuple[Run, ...]:
        """Poll: claim what waits, show open runs again until a later call names them."""
        ...
