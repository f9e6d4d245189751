"""What an agent behind an adapter is handed, as JSON.

A message, the reply to its question, the wish that it stops.

The same objects go to a command (one a line) and to a webhook (one a request). JSON strings hold no
line break; those between the values of a JSON part, which is passed on as it was written, become
blanks. So an object is a line, and nobody who writes a part can write a line of his own.
"""

import msgspec

from gatepost.core.message import Content, Run, text_of


class Message(msgspec.Struct, frozen=True, tag_field="type", tag="message"):
    """A message for the agent. `from` and `node` come from the signature, never from the text."""

    run: str
    id: str
    sender: str = msgspec.field(name="from")
    node: str
    verified: bool
    verb: str
    text: str
    parts: tuple[Content, ...]
    conversation: str
    re: str
    done_when: str
    created: int
    received: int
    expires: int
    attempt: int
    hops: int
    late: bool
    redelivered: bool
    idempotency_key: str


class Input(msgspec.Struct, frozen=True, tag_field="type", tag="input"):
    """The sender's reply to `needs_input`."""

    run: str
    text: str
    parts: tuple[Content, ...]


class Cancel(msgspec.Struct, frozen=True, tag_field="type", tag="cancel"):
    """The sender, or the node, wants the run to stop."""

    run: str
    reason: str


_encoder = msgspec.json.Encoder()


def _encode(object: Message | Input | Cancel) -> bytes:
    return _encoder.encode(object).replace(b"\n", b" ").replace(b"\r", b" ")


def message(run: Run) -> bytes:
    """What hands a run over."""
    return _encode(
        Message(
            run=run.run,
            id=run.id,
            sender=run.sender,
            node=run.node,
            verified=run.verified,
            verb=run.verb,
            text=text_of(run.parts),
            parts=run.parts,
            conversation=run.conversation,
            re=run.re,
            done_when=run.done_when,
            created=run.created,
            received=run.received,
            expires=run.expires,
            attempt=run.attempt,
            hops=run.hops,
            late=run.late,
            redelivered=run.redelivered,
            idempotency_key=run.idempotency_key,
        )
    )


def reply(run: str, parts: tuple[Content, ...]) -> bytes:
    """What brings the sender's reply to a question."""
    return _encode(Input(run, text_of(parts), parts))


def cancel(run: str, reason: str) -> bytes:
    """What asks for a run to stop."""
    return _encode(Cancel(run, reason))
