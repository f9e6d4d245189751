"""A dial: attempts over a peer's endpoints in order, until one answers.

Each endpoint gets the same bounded time for everything from TCP to the end of hello. The first that
succeeds ends the dial; otherwise the failure that tells most is told: that another node answers,
then that the peer refuses, then that nobody is there. There is no proxy and no redirect: what is
dialled is what was given.
"""

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from gatepost.ports import Clock
from gatepost.transports.attempt import Attempt, Failure

_TELLING: Final = ("peer.unreachable", "peer.refused", "peer.wrong_node")

A = TypeVar("A", bound=Attempt)


class Dial(Generic[A]):
    """One dial under way.

    `make` gives a fresh attempt; `missed` is told whenever one has failed; `done` gets the one that
    succeeded, or why none did, unless the dial was abandoned before.
    """

    def __init__(
        self,
        endpoints: Sequence[str],
        seconds: float,
        make: Callable[[], A],
        done: Callable[["Dial[A]", A | Failure], None],
        missed: Callable[[], None] | None = None,
    ) -> None:
        self.attempt: A | None = None
        self._endpoints = list(endpoints)
        self._seconds = seconds
        self._make = make
        self._done = done
        self._missed = missed
        self._abandoned = False
        self._told: list[str] = []
        self._worst = Failure("peer.unreachable", "no endpoint of it is known")

    def start(self, clock: Clock) -> None:
        """Begin in a later callback."""
        clock.call_soon(self._next)

    def abandon(self) -> None:
        """Give it up; nothing more is told."""
        self._abandoned = True
        if self.attempt is not None:
            self.attempt.abandon()

    def _next(self) -> None:
        if self._abandoned:
            return
        if not self._endpoints:
            why = "; ".join(self._told) or self._worst.why
            self._done(self, Failure(self._worst.code, why))
            return
        endpoint = self._endpoints.pop(0)
        attempt = self.attempt = self._make()

        def ended(failure: Failure | None) -> None:
            self._ended(attempt, endpoint, failure)

        attempt.begin(endpoint, self._seconds, ended)

    def _ended(self, attempt: A, endpoint: str, failure: Failure | None) -> None:
        if failure is None:
            self._done(self, attempt)
            return
        self.attempt = None
        self._told.append(f"{endpoint}: {failure.why}")
        if _rank(failure) >= _rank(self._worst):
            self._worst = failure
        if self._missed is not None:
            self._missed()
        if failure.final:
            self._endpoints.clear()
        self._next()


def _rank(failure: Failure) -> int:
    return _TELLING.index(failure.code) if failure.code in _TELLING else len(_TELLING)
