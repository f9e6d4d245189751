"""Keeps the last good policy: reads the files again when they changed, and survives a broken one.

Files may be edited by hand under a running node. `refresh` is called when something asks; it
costs two `stat` calls while nothing changed. A broken file never replaces what was good: `fault`
says what is wrong with it until it is mended, and `status` and `doctor` show that.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

from gatepost.config.paths import Layout
from gatepost.config.sources import policy_documents
from gatepost.core.origin import Document
from gatepost.errors import GatepostError

_T = TypeVar("_T")
Mark = tuple[int, int, int] | None


class PolicyFiles(Generic[_T]):
    """The policy of one home, as `read` makes it of both texts; raises when broken at first."""

    def __init__(self, places: Layout, read: Callable[[Sequence[Document]], _T]) -> None:
        self._places = places
        self._read = read
        self._marks = self._mark()
        self._current = read(policy_documents(places))
        self._fault: GatepostError | None = None

    @property
    def current(self) -> _T:
        """The last good policy."""
        return self._current

    @property
    def fault(self) -> GatepostError | None:
        """What is wrong with the files as they are now; None when `current` is what they say."""
        return self._fault

    def refresh(self, read: Callable[[Sequence[Document]], _T] | None = None) -> bool:
        """Read the files again if they changed. True when `current` or `fault` is new.

        `read` makes the policy instead of the usual one, for a change that must not be refused.
        """
        marks = self._mark()
        if marks == self._marks:
            return False
        # Marked before reading: a change while we read is seen the next time.
        self._marks = marks
        try:
            self._current = (read or self._read)(policy_documents(self._places))
            self._fault = None
        except GatepostError as fault:
            self._fault = fault
        return True

    def _mark(self) -> tuple[Mark, Mark]:
        return mark(self._places.policy), mark(self._places.grants)


def mark(path: Path) -> Mark:
    """What changes whenever a file does; None while there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
