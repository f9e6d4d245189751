"""The disk of one machine: the real SQL in memory, and what of it is durable.

Two connections with one schema. `writer` is the node's; every statement of a batch is repeated on
`reader` at the moment its COMMIT is through, so a node reads what is committed and nothing else,
as it does with WAL and a second connection on a real disk. Both outlive the node: a crash rolls
back what was not committed, and the next life opens over the same two. A commit takes virtual time;
it can stall, and it can fail because the disk is full.
"""

from collections.abc import Callable, Mapping

import apsw
import msgspec

from gatepost.core.records import PeerRow
from gatepost.core.views import AgentSpec
from gatepost.store.database import open_memory
from gatepost.store.peers import SAVE_PEER
from gatepost.store.writer import Params, SQLiteValue
from tests.world.timeline import Living, Timeline

Bindings = Params | Mapping[str, SQLiteValue] | None


class Disk:
    """`tick` is told before every statement of a batch. `full` makes every commit fail."""

    def __init__(self) -> None:
        self.writer = open_memory()
        self.reader = open_memory()
        self.tick: Callable[[str], None] | None = None
        self.full = False
        self.commits = 0
        self._batch: list[tuple[str, Bindings]] = []
        self.writer.exec_trace = self._trace  # pyright: ignore[reportAttributeAccessIssue]

    def _trace(self, cursor: object, sql: str, bindings: Bindings) -> bool:
        if sql == "COMMIT" or sql == "ROLLBACK":
            return True
        if self.tick is not None:
            self.tick("write")
        if sql.startswith("BEGIN"):
            self._batch = []
        else:
            self._batch.append((sql, bindings))
        return True

    def commit(self, run: Callable[[], None]) -> None:
        """Make the batch durable, or raise."""
        if self.full:
            raise apsw.FullError("FullError: database or disk is full")
        run()
        self.commits += 1
        self.reader.execute("BEGIN")
        for sql, bindings in self._batch:
            self.reader.execute(sql, bindings)
        self.reader.execute("COMMIT")
        self._batch = []

    def crash(self) -> None:
        """What was not committed never was."""
        self.tick = None
        if not self.writer.get_autocommit():
            self.writer.execute("ROLLBACK")
        self._batch = []

    def add_peer(self, row: PeerRow) -> None:
        """Before the first life."""
        for connection in (self.writer, self.reader):
            connection.execute(SAVE_PEER, msgspec.structs.astuple(row))

    def add_agent(self, spec: AgentSpec) -> None:
        """Before the first life."""
        for connection in (self.writer, self.reader):
            connection.execute(
                "INSERT INTO agent (name, spec, added) VALUES (?, ?, 0)",
                (spec.name, msgspec.json.encode(spec)),
            )

    def close(self) -> None:
        self.writer.close()
        self.reader.close()


class DiskCommitter:
    """Implements `store.writer.Committer` for one life: a commit takes `latency()` seconds."""

    def __init__(
        self,
        disk: Disk,
        timeline: Timeline,
        life: Living,
        latency: Callable[[], float],
    ) -> None:
        self._disk = disk
        self._timeline = timeline
        self._life = life
        self._latency = latency

    def run(self, commit: Callable[[], None], done: Callable[[Exception | None], None]) -> None:
        def finish() -> None:
            self._life.tick("commit")
            error: Exception | None = None
            try:
                self._disk.commit(commit)
            except apsw.Error as raised:
                error = raised
            self._life.tick("committed")
            done(error)

        self._timeline.after(self._latency(), finish, self._life, f"{self._life.name} commit")

    def close(self) -> None:
        """Nothing to end."""
