"""Request keys: a repeated call attaches to the first one's message.

A key lives as long as its message; the same key with other arguments is `request_key.conflict`,
judged by the arguments themselves, without waits and times. A refused attempt leaves no key. Calls
that come while the first one's commit is still running wait for it.
"""

from collections.abc import Callable

from gatepost.core.entry import Message
from gatepost.core.message import Receipt
from gatepost.errors import GatepostError
from gatepost.node.opened import OpenMessage, message_of
from gatepost.ports.store import Store

Done = Callable[[Receipt | GatepostError], None]
Key = tuple[str, str]


class Requests:
    """Keys in the store, and those whose commit is still running."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: dict[Key, tuple[int, Message, bytes, list[Done]]] = {}

    def attach(self, key: Key, message: OpenMessage, done: Done, fresh: bool) -> bool:
        """Join the message this key stands for.

        False when the key is new (`fresh`: its maker says so). Raises `request_key.conflict`.
        """
        running = self._running.get(key)
        if running is not None:
            _same(*running[:3], message, key)
            running[3].append(done)
            return True
        row = None if fresh else self._store.messages.by_request(*key)
        if row is None:
            return False
        found = self._store.messages.body(row.seq)
        if found is not None:
            _same(row.peer, *message_of(found[1]), message, key)
        done(Receipt(row.id, row.state, row.conversation, row.accepted, attached=True))
        return True

    def begin(
        self, key: Key, message: OpenMessage, receipt: Receipt, done: Done
    ) -> Callable[[], None]:
        """Remember a key until its commit; returns what to call then."""
        waiting: list[Done] = []
        self._running[key] = (message.row.peer, message.said, message.body, waiting)

        def answer() -> None:
            del self._running[key]
            done(receipt)
            for other in waiting:
                other(Receipt(receipt.id, receipt.state, receipt.conversation, receipt.at, True))

        return answer


def _same(peer: int, kept: Message, body: bytes, message: OpenMessage, key: Key) -> None:
    said = message.said
    typed = (
        (peer, message.row.peer),
        (kept.to_agent, said.to_agent),
        (_conversation(kept), _conversation(said)),
        (kept.want, said.want),
        (kept.re, said.re),
        (kept.done_when, said.done_when),
        (kept.labels, said.labels),
        (kept.parts, said.parts),
        (body, message.body),
    )
    if any(one != other for one, other in typed):
        raise GatepostError(
            "request_key.conflict",
            what=f"request key `{key[1]}` was used for another message of {key[0]}",
        )


def _conversation(said: Message) -> str:
    """The conversation as it was typed: one that nobody named has its first message's id."""
    return "" if said.conversation == said.id else said.conversation
