"""The store of one node: the writer and its table families over one database."""

from collections.abc import Callable

import apsw

from gatepost.ports import Clock
from gatepost.store.decisions import Decisions
from gatepost.store.holds import Holds
from gatepost.store.messages import Messages
from gatepost.store.peers import Peers
from gatepost.store.registry import Registry
from gatepost.store.retention import Retention
from gatepost.store.writer import Committer, Writer


class Store:
    """Implements `ports.Store`.

    `reader` may be the writing connection itself when commits run inline.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        reader: apsw.Connection,
        clock: Clock,
        committer: Committer,
        failed: Callable[[Exception], None],
    ) -> None:
        self._connection = connection
        self._reader = reader
        self._writer = Writer(connection, clock, committer, failed)
        self.then = self._writer.then
        self.before = self._writer.before
        self.ride = self._writer.ride
        self.fail = self._writer.fail
        self.messages = Messages(self._writer, reader)
        self.peers = Peers(self._writer, reader)
        self.registry = Registry(self._writer, reader)
        self.decisions = Decisions(self._writer, reader)
        self.retention = Retention(self._writer, reader)
        self.holds = Holds(self._writer, reader)

    @property
    def idle(self) -> bool:
        """Nothing is written that is not durable."""
        return self._writer.idle

    def size(self) -> int:
        """Bytes of the database file."""
        pages, page = self._reader.pragma("page_count"), self._reader.pragma("page_size")
        return pages * page if isinstance(pages, int) and isinstance(page, int) else 0

    def close(self) -> None:
        """Commit what rides, end the helper thread, close both connections.

        Nothing may be committing.
        """
        self._writer.close()
        if self._reader is not self._connection:
            self._reader.close()
        self._connection.close()
