"""A writer whose commits a test holds in its hand."""

from collections import deque
from collections.abc import Callable

import apsw

from gatepost.ports import Timer
from gatepost.store.writer import Writer


class TurnClock:
    """Only `call_soon`: what was asked for runs at `turn`."""

    def __init__(self) -> None:
        self._soon: deque[Callable[[], None]] = deque()

    def now(self) -> int:
        raise AssertionError("a writer asks for no time")

    def monotonic(self) -> float:
        raise AssertionError("a writer asks for no time")

    def call_later(self, seconds: float, fn: Callable[[], None]) -> Timer:
        raise AssertionError("a writer waits for nothing but its commit")

    def call_soon(self, fn: Callable[[], None]) -> None:
        self._soon.append(fn)

    def turn(self) -> None:
        """The loop turns until nothing is left."""
        while self._soon:
            self._soon.popleft()()


class HeldCommitter:
    """Commits wait until `finish`, which may fail them."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[Callable[[], None], Callable[[Exception | None], None]]] = deque()
        self.closed = False

    def run(self, commit: Callable[[], None], done: Callable[[Exception | None], None]) -> None:
        self.waiting.append((commit, done))

    def finish(self, error: Exception | None = None) -> None:
        commit, done = self.waiting.popleft()
        if error is None:
            commit()
        done(error)

    def close(self) -> None:
        self.closed = True


class Inline:
    """Commits at once, as a store on `:memory:` may."""

    def run(self, commit: Callable[[], None], done: Callable[[Exception | None], None]) -> None:
        commit()
        done(None)

    def close(self) -> None:
        """Nothing to end."""


class Bench:
    """A writer over one table `t (n)`."""

    def __init__(self) -> None:
        self.clock, self.committer = TurnClock(), HeldCommitter()
        self.connection = apsw.Connection(":memory:")
        self.connection.execute("CREATE TABLE t (n INTEGER PRIMARY KEY)")
        self.failures: list[Exception] = []
        self.statements: list[str] = []
        self.connection.exec_trace = self._trace
        self.writer = Writer(self.connection, self.clock, self.committer, self.failures.append)

    def _trace(self, cursor: object, sql: str, bindings: object) -> bool:
        self.statements.append(sql.split()[0])
        return True

    def add(self, n: int) -> None:
        self.writer.write("INSERT INTO t VALUES (?)", (n,))

    def rows(self) -> list[int]:
        return [n for (n,) in self.connection.execute("SELECT n FROM t ORDER BY n")]
