"""Starts the a2a-sdk server, with tasks in memory or in SQLite. One process, one hop."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from bench.child import Child, python
from bench.orders import Target
from bench.stage import Nodes

_READY_S = 30.0
_SERVER = "bench.rivals.a2a_server"


@contextmanager
def in_memory(work: Path) -> Generator[Nodes, None, None]:
    with _server("a2a-sdk", work, []) as nodes:
        yield nodes


@contextmanager
def in_sqlite(work: Path) -> Generator[Nodes, None, None]:
    with _server("a2a-sdk-sqlite", work, [str(work / "tasks.db")]) as nodes:
        yield nodes


@contextmanager
def _server(name: str, work: Path, arguments: list[str]) -> Generator[Nodes, None, None]:
    server = Child(name, python(_SERVER, *arguments), work)
    try:
        yield Nodes((server.pid,), (), Target(port=int(server.line(_READY_S))))
    finally:
        server.stop()
