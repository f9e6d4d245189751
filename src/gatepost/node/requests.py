"""Request keys: a repeated call attaches to the first one's message.

A key lives as long as its message; the same key with other arguments is `request_key.conflict`. A
refused attempt leaves no key. Calls that come while the first one's commit is still running wait
for it.
"""

from collections.abc import Callable

from gatepost.core.message import Receipt
from gatepost.core.records import MessageRow
from gatepost.errors import GatepostError
from gatepost.ports.store import Store

Done = Callable[[Receipt | GatepostError], None]
Key = tuple[str, str]


class Requests:
    """Keys in the store, and those whose commit is still running."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._running: dict[Key, tuple[bytes, list[Done]]] = {}

    def attach(self, key: Key, typed: bytes, done: Done, fresh: bool = False) -> bool:
        """Join the message this key stands for.

        False when the key is new
        (`fresh`: its maker says so). Raises `request_key.conflict`.
        """
        running = self._running.get(key)
        if running is not None:
            _same(running[0], typed, key)
            running[1].append(done)
            return True
        row = None if fresh else self._store.messages.by_request(*key)
        if row is None:
            return False
        _same(row.request_hash, typed, key)
        done(Receipt(row.id, row.state, row.conversation, row.accepted, attached=True))
        return True

    def begin(self, key: Key, row: MessageRow, receipt: Receipt, done: Done) -> Callable[[], None]:
        """Remember a key until its commit; returns what to call then."""
        waiting: list[Done] = []
        self._running[key] = (row.request_hash, waiting)

        def answer() -> None:
            del self._running[key]
            done(receipt)
            for other in waiting:
                other(Receipt(row.id, row.state, row.conversation, row.accepted, attached=True))

        return answer


def _same(kept: bytes, typed: bytes, key: Key) -> None:
    if kept != typed:
        raise GatepostError(
            "request_key.conflict",
            what=f"request key `{key[1]}` was used for another message of {key[0]}",
        )
