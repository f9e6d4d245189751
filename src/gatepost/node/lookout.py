"""Looks every two seconds at what a person may change under a running node, by hand.

The policy files: a good change is the law at once, a broken one changes nothing and is shown in
`status`. The file PAUSE: while it is there, the node is paused, whatever commands say. A look
that finds nothing costs three `stat` calls.
"""

from pathlib import Path

from gatepost.node.guard import PAUSE_FILE
from gatepost.node.lawbook import LawFiles
from gatepost.node.node import Node
from gatepost.ports import Clock, Timer

EVERY = 2.0


class Lookout:
    """One node's looks; the first is made before the node starts."""

    def __init__(self, node: Node, law: LawFiles, pause: Path, clock: Clock) -> None:
        self._node = node
        self._law = law
        self._pause = pause
        self._clock = clock
        self._timer: Timer | None = None

    def start(self) -> None:
        """Look now, and from now on."""
        self._law.reload()
        there, known = self._pause.exists(), PAUSE_FILE in self._node.guard.paused
        if there and not known:
            self._node.pause(PAUSE_FILE)
        elif known and not there:
            self._node.resume(PAUSE_FILE)
        self._timer = self._clock.call_later(EVERY, self.start)

    def stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
