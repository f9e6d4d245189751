"""What an agent says and hears.

The typed data of the mailbox, the same in process, over the API and in the SDK.

These are values for callers. How a message looks on the wire between two nodes is `core.entry`.
"""

from typing import Annotated, Literal

import msgspec

Verb = Literal["send", "ask", "delegate"]
WANT: dict[str, Literal["nothing", "answer", "result"]] = {
    "send": "nothing",
    "ask": "answer",
    "delegate": "result",
}
VERB: dict[str, Verb] = {"nothing": "send", "answer": "ask", "result": "delegate"}


class Text(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """A part that is plain text."""

    text: str


class Data(msgspec.Struct, frozen=True, tag_field="type", tag="json"):
    """A part that is a JSON value, kept as the bytes it came in."""

    data: msgspec.Raw


class File(msgspec.Struct, frozen=True, tag_field="type", tag="file"):
    """A part that is a file.

    Its bytes (base64 in JSON), a name that is only a label, and a media type.
    """

    data: bytes
    name: str = ""
    media: str = "application/octet-stream"


Content = Text | Data | File


class Submission(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message an agent wants to give to another.

    `expires_in` is in milliseconds, 0 means the node's default. `run` names the run the speaker is
    in, so that hops, visited nodes and automatic turns are stamped from it. `request_key` makes a
    repeated call attach to the first one's message; `fresh` promises that the key was made for this
    very call, so that nobody need look it up.
    """

    verb: Verb
    to: str
    parts: tuple[Content, ...]
    conversation: str = ""
    re: str = ""
    done_when: str = ""
    expires_in: int = 0
    request_key: str = ""
    fresh: bool = False
    run: str = ""
    labels: tuple[str, ...] = ()


class Receipt(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to a submission: durable on this node's disk.

    `attached` when a request key named an earlier message.
    """

    id: str
    state: str
    conversation: str
    at: int
    attached: bool = False
    why: str = ""


Tokens = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
UpdateKind = Literal["answer", "progress", "artifact", "needs_input", "done", "declined", "failed"]


class UpdateIn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """News an agent gives about a message it has: `id` is the message.

    `reason` says why it declined or failed. `tokens` are those of a model that its run has used
    since it last said so; they count against the sender's limits.
    """

    id: str
    kind: UpdateKind
    parts: tuple[Content, ...] = ()
    reason: str = ""
    tokens: Tokens = 0


class Run(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message handed to an agent: attempt `attempt` of message `id`.

    `sender` is `agent@alias` as this node knows it, `node` the node id whose signature vouches for
    it (empty for a local sender). `run` is the token that names this run. `redelivered` says an
    earlier attempt may have run; `again` says this same run was shown before.
    """

    run: str
    id: str
    agent: str
    sender: str
    verb: Verb
    parts: tuple[Content, ...]
    conversation: str
    created: int
    received: int
    expires: int
    attempt: int = 1
    node: str = ""
    verified: bool = True
    re: str = ""
    done_when: str = ""
    hops: int = 0
    late: bool = False
    redelivered: bool = False
    again: bool = False
    idempotency_key: str = ""


class Moment(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a timeline: a state, when (ms), and why or by whom."""

    at: int
    state: str
    why: str = ""
    parts: tuple[Content, ...] = ()


class MessageView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known about one message, for its sender, its receiver or the operator.

    `direction` is "out", "in" or "local". `parts` are those of the outcome (the answer or result);
    `question` those of the message itself, only when asked for. `next` says what the reader may do
    when it is not done. `where` says of one that is held, or was refused by a rule or a person,
    where that is: "here", or the peer's alias.
    """

    id: str
    direction: str
    verb: Verb
    sender: str
    to: str
    conversation: str
    state: str
    since: int
    created: int
    expires: int
    reason: str = ""
    by: str = ""
    next: str = ""
    attempt: int = 0
    late: bool = False
    redelivered: bool = False
    parts: tuple[Content, ...] = ()
    question: tuple[Content, ...] = ()
    timeline: tuple[Moment, ...] = ()
    why: str = ""
    where: str = ""

    @property
    def text(self) -> str:
        """The text parts of the outcome, joined by newlines."""
        return text_of(self.parts)


def text_of(parts: tuple[Content, ...]) -> str:
    """The text parts, joined by newlines."""
    return "\n".join(part.text for part in parts if isinstance(part, Text))


class InboxQuery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Polling for work.

    `seen` names messages the agent has read, `wait` is in seconds, `peek` looks without claiming.
    `open` shows those again that were read and have not been closed.
    """

    seen: tuple[str, ...] = ()
    limit: int = 10
    wait: float = 0.0
    peek: bool = False
    open: bool = False
