"""Events: every step is told here once; audit, log, metrics and screens only listen.

The last thousand are kept for whoever comes late. A listener that raises is a bug and is not caught
here.
"""

from collections import deque
from collections.abc import Callable

from gatepost.core.views import Event
from gatepost.ports import Clock

KEPT = 1000


class Hub:
    """The event hub of one node."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._n = 0
        self._recent: deque[tuple[int, int, str, str, str, str, str]] = deque(maxlen=KEPT)
        self._listeners: list[Callable[[Event], None]] = []
        self._loud: frozenset[str] = frozenset()
        self._say: Callable[[Event], None] = _nobody

    def emit(
        self, kind: str, message: str = "", peer: str = "", agent: str = "", text: str = ""
    ) -> None:
        """Tell everyone that something happened."""
        self._n += 1
        told = (self._n, self._clock.now(), kind, message, peer, agent, text)
        self._recent.append(told)
        if kind in self._loud:
            self._say(Event(*told))
        if self._listeners:
            event = Event(*told)
            for listener in tuple(self._listeners):
                listener(event)

    def subscribe(self, fn: Callable[[Event], None]) -> Callable[[], None]:
        """Hear every event from now on. Returns the function that ends it."""
        self._listeners.append(fn)
        return lambda: self._listeners.remove(fn)

    def say(self, kinds: frozenset[str], fn: Callable[[Event], None]) -> None:
        """Tell these kinds, and no others, to the one who prints them."""
        self._loud, self._say = kinds, fn

    def recent(self, n: int = KEPT) -> list[Event]:
        """The last `n` events, oldest first."""
        return [Event(*told) for told in list(self._recent)[-n:]]


def _nobody(event: Event) -> None:
    """Nobody prints."""
