"""Starts the floor: B, then A linked to B, each with its own file on the same disk."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bench.child import Child, python
from bench.orders import Target
from bench.rivals.floor_tls import write_certificate
from bench.stage import Nodes

_READY_S = 30.0
_NODE = "bench.rivals.floor_node"


@contextmanager
def floor(work: Path) -> Generator[Nodes, None, None]:
    """Two raw TLS processes; the way in is node A's port and the certificate."""
    pair = write_certificate(work)
    b = Child("floor-b", python(_NODE, str(work / "b.log"), *pair), work)
    try:
        a = Child("floor-a", python(_NODE, str(work / "a.log"), *pair, b.line(_READY_S)), work)
        try:
            target = Target(port=int(a.line(_READY_S)), certificate=pair[0])
            yield Nodes((a.pid,), (b.pid,), target)
        finally:
            a.stop()
    finally:
        b.stop()
