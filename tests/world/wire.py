"""The loopback wire as a world has it: every message is an effect of its sender, and logged.

`taps` see every message that is sent (an attacker in the middle of the network listens there), and
a test may `lose` the very message it means.
"""

import zlib
from collections.abc import Callable

from gatepost.ports import Entropy
from gatepost.transports.line import LinkLine
from gatepost.transports.loopback import End, Faults, Wire
from tests.world.timeline import Timeline

Tap = Callable[[str, str, bytes], None]


class WorldWire(Wire):
    """`tick(node, what)` is told before each message and dial of a node."""

    def __init__(
        self,
        timeline: Timeline,
        entropy: Entropy,
        tick: Callable[[str, str], None],
        faults: Faults | None = None,
    ) -> None:
        super().__init__(timeline, entropy, faults)
        self._timeline = timeline
        self._tick = tick
        self.taps: list[Tap] = []
        self.lose: Callable[[str, str, bytes], bool] = lambda source, target, message: False

    def carry(self, end: End, other: End, message: bytes) -> None:
        self._tick(end.node, "send")
        log = f"{end.node[:5]}>{other.node[:5]} {len(message)} {zlib.crc32(message):08x}"
        self._timeline.log.add(self._timeline.time, log)
        for tap in self.taps:
            tap(end.node, other.node, message)
        if self.lose(end.node, other.node, message):
            self.counts["drop"] += 1
            end.arrived(len(message))
        else:
            super().carry(end, other, message)

    def connect(self, end: End, endpoint: str, failed: Callable[[str], None]) -> None:
        self._tick(end.node, "dial")
        super().connect(end, endpoint, failed)

    def lines_into(self, node: str) -> list[End]:
        """The ends of links of a node over which a frame could be slipped in."""
        return [
            end
            for end in self._ends
            if end.node == node and not end.over and isinstance(end.handler, LinkLine)
        ]
