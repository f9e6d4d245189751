"""One scenario, set up: its node processes and the load process that asks them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.child import Child, ChildFailed, python
from bench.orders import Order, Reading, Target
from bench.settings import TEXT_BYTES

_READY_S = 30.0
_MARGIN_S = 90.0


@dataclass(frozen=True, slots=True)
class Nodes:
    """The processes under measurement: node A, node B (none when there is one hop), the way in."""

    a: tuple[int, ...]
    b: tuple[int, ...]
    target: Target


Rival = Callable[[Path], AbstractContextManager[Nodes]]
"""Starts a scenario's nodes in an empty directory; leaving the context ends them."""


class Stage:
    """A scenario whose nodes run, with its load process. Ends the load process on `close`."""

    def __init__(self, name: str, nodes: Nodes, work: Path) -> None:
        self.name = name
        self.nodes = nodes
        target = msgspec.json.encode(nodes.target).decode()
        self._load = Child(f"{name}-load", python("bench.load", name, target), work)
        try:
            if (said := self._load.line(_READY_S)) != "ready":
                raise ChildFailed(f"the load process of {name} said {said!r}")
        except BaseException:
            self._load.stop()
            raise

    def measure(self, in_flight: int, warm_s: float, seconds: float) -> Reading:
        """One window. ChildFailed when the load process dies, stays silent or gets nothing."""
        order = Order(
            in_flight, warm_s, seconds, TEXT_BYTES, list(self.nodes.a), list(self.nodes.b)
        )
        self._load.tell(msgspec.json.encode(order))
        line = self._load.line(warm_s + seconds + _MARGIN_S)
        reading = msgspec.json.decode(line, type=Reading)
        if not reading.finished:
            why = reading.first_failure or "none failed either"
            raise ChildFailed(f"no request of {self.name} finished in {seconds:.1f} s: {why}")
        return reading

    def close(self) -> None:
        self._load.stop()
