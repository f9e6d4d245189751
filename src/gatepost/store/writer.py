"""The one writer: group commit that flushes when idle and never lingers.

Rows are collected while the loop turns; when the turn ends and no commit is running, they are
executed on the loop thread and `COMMIT` (the fsync) runs in a helper thread, so the loop never
waits for the disk. What arrives meanwhile is the next batch. Callbacks given to `then` run after
the commit that holds everything written before them. A failed commit fails the batch and everything
that was built on it: the writer closes, calls nobody, and reports once; its owner starts again from
what is durable. So does a step that broke off in the middle (`fail`): half a step is never durable.
"""

import queue
import threading
from collections.abc import Callable
from typing import Protocol

import apsw

from gatepost.ports import Clock

SQLiteValue = None | int | float | bytes | str
Params = tuple[SQLiteValue, ...]


class Committer(Protocol):
    """Where `COMMIT` runs.

    In a thread for a real disk, inline or after virtual latency in a world.
    """

    def run(self, commit: Callable[[], None], done: Callable[[Exception | None], None]) -> None:
        """Run `commit` and then, on the loop, `done` with what it raised."""
        ...

    def close(self) -> None:
        """End the helper; no commit is running."""
        ...


class ThreadCommitter:
    """One helper thread. `post` brings a call back to the loop (`loop.call_soon_threadsafe`)."""

    def __init__(self, post: Callable[[Callable[[], None]], object]) -> None:
        self._post = post
        self._jobs: queue.SimpleQueue[
            tuple[Callable[[], None], Callable[[Exception | None], None]] | None
        ] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="commit", daemon=True)
        self._thread.start()

    def run(self, commit: Callable[[], None], done: Callable[[Exception | None], None]) -> None:
        """Run `commit` in the thread, `done` on the loop."""
        self._jobs.put((commit, done))

    def close(self) -> None:
        """End the thread once its last commit is through."""
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            commit, done = job
            error: Exception | None = None
            try:
                commit()
            except apsw.Error as raised:
                error = raised
            self._post(lambda error=error, done=done: done(error))


class Writer:
    """Collects rows, commits them in groups, and tells when they are durable."""

    def __init__(
        self,
        connection: apsw.Connection,
        clock: Clock,
        committer: Committer,
        failed: Callable[[Exception], None],
    ) -> None:
        self._cursor = connection.cursor()
        self._connection = connection
        self._clock = clock
        self._committer = committer
        self._failed = failed
        self._rows: list[tuple[str, Params]] = []
        self._then: list[Callable[[], None]] = []
        self._before: dict[object, Callable[[], None]] = {}
        self._scheduled = False
        self._committing = False
        self.broken = False

    def write(self, sql: str, params: Params) -> None:
        """Add one row change to the batch."""
        self._rows.append((sql, params))
        if not self._scheduled:
            self._schedule()

    def then(self, fn: Callable[[], None]) -> None:
        """Call `fn` once everything written so far is durable."""
        self._then.append(fn)
        if not self._scheduled:
            self._schedule()

    def before(self, key: object, fn: Callable[[], None]) -> None:
        """Call `fn` just before the batch is executed, once per `key`.

        For rows that change many times within a batch.
        """
        self._before[key] = fn
        if not self._scheduled:
            self._schedule()

    def ride(self, key: object, fn: Callable[[], None]) -> None:
        """Like `before`, but not worth a commit of its own: it rides on the next one."""
        self._before[key] = fn

    def fail(self, error: Exception) -> None:
        """Close at once: what is in the batch is never committed, and nobody is called any more.

        For a commit that failed, and for a step that broke off in the middle. A commit under way is
        of steps that were whole, and ends as it does.
        """
        if self.broken:
            return
        self.broken = True
        self._rows.clear()
        self._then.clear()
        self._before.clear()
        if not self._committing and not self._connection.get_autocommit():
            self._connection.execute("ROLLBACK")
        self._failed(error)

    def close(self, flush: bool = True) -> None:
        """End the writer.

        With `flush`, what was written is committed first, in this thread, and its callbacks are not
        made.
        """
        while self._committing and not self.broken:
            raise RuntimeError("close the writer between commits")
        if flush and not self.broken:
            self._execute()
            self._commit()
        self.broken = True
        self._committer.close()

    @property
    def idle(self) -> bool:
        """Nothing is written that is not durable."""
        return not (self._scheduled or self._committing or self._rows or self._then)

    def _schedule(self) -> None:
        self._scheduled = True
        if not self._committing:
            self._clock.call_soon(self._flush)

    def _flush(self) -> None:
        if self.broken or self._committing:
            return
        self._scheduled = False
        try:
            self._execute()
        except apsw.Error as error:
            self.fail(error)
            return
        then, self._then = self._then, []
        self._committing = True
        self._committer.run(self._commit, lambda error: self._committed(error, then))

    def _execute(self) -> None:
        while self._before:
            before, self._before = self._before, {}
            for fn in before.values():
                fn()
        rows, self._rows = self._rows, []
        self._scheduled = False
        execute = self._cursor.execute
        execute("BEGIN IMMEDIATE")
        for sql, params in rows:
            execute(sql, params)

    def _commit(self) -> None:
        self._connection.execute("COMMIT")

    def _committed(self, error: Exception | None, then: list[Callable[[], None]]) -> None:
        self._committing = False
        if self.broken:
            return
        if error is not None:
            self.fail(error)
            return
        for fn in then:
            fn()
        if self._scheduled or self._rows or self._then:
            self._scheduled = True
            self._flush()
