"""Starts the bridge: node B echoes, node A forwards to it, both over plain HTTP."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bench.child import Child, python
from bench.orders import Target
from bench.ports import LOOPBACK
from bench.stage import Nodes

_READY_S = 30.0
_NODE = "bench.rivals.bridge_node"


@contextmanager
def bridge(work: Path) -> Generator[Nodes, None, None]:
    """Two FastAPI processes; the way in is node A's port."""
    b = Child("bridge-b", python(_NODE, "echo"), work)
    try:
        url = f"http://{LOOPBACK}:{b.line(_READY_S)}"
        a = Child("bridge-a", python(_NODE, "relay", url), work)
        try:
            yield Nodes((a.pid,), (b.pid,), Target(port=int(a.line(_READY_S))))
        finally:
            a.stop()
    finally:
        b.stop()
