"""Looks twice a second at what may change under a running node.

The settings and the policy files: a good change counts at once, a broken one changes nothing and is
shown in `status`. The file PAUSE: while it is there, the node is paused, whatever commands say. The
disk: while it has less room than `store.keep_free`, the node is paused too, and takes in nothing of
its own agents, so that a disk that fills up by other hands never stops it in the middle. A look
that finds nothing costs four `stat` calls.
"""

from collections.abc import Callable

from gatepost.config.paths import Layout
from gatepost.node.configbook import ConfigBook
from gatepost.node.guard import DISK, PAUSE_FILE
from gatepost.node.lawbook import LawFiles
from gatepost.node.node import Node
from gatepost.ports import Clock, Timer

EVERY = 0.5
MIB = 1024 * 1024


class Lookout:
    """One node's looks; the first is made before the node starts."""

    def __init__(
        self,
        node: Node,
        law: LawFiles,
        config: ConfigBook,
        places: Layout,
        clock: Clock,
        room: Callable[[], int],
    ) -> None:
        """`room` says how many bytes the disk has left."""
        self._node = node
        self._law = law
        self._config = config
        self._pause = places.pause
        self._clock = clock
        self._room = room
        self._timer: Timer | None = None

    def start(self) -> None:
        """Look now, and from now on; a look that fails is not the last one."""
        self._timer = self._clock.call_later(EVERY, self.start)
        self._config.refresh()
        self._law.reload()
        self._held(PAUSE_FILE, self._pause.exists())
        self._disk(self._room(), self._node.settings.keep_free)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _disk(self, room: int, keep: int) -> None:
        if self._held(DISK, room < keep):
            kind = "disk.low" if room < keep else "disk.enough"
            self._node.events.emit(kind, text=f"{room // MIB} MiB free, {keep // MIB} MiB are kept")

    def _held(self, by: str, holds: bool) -> bool:
        """Pause or resume for a reason; True when that is new."""
        known = by in self._node.guard.paused
        if holds and not known:
            self._node.pause(by)
        elif known and not holds:
            self._node.resume(by)
        return holds != known
