"""A node of the floor: raw frames over TLS 1.3, one group-committed fdatasync, nothing else.

`python -m bench.rivals.floor_node FILE CERT KEY` is node B: it answers a frame with itself once
the frame is on disk. With `… PORT` added it is node A: a frame that is on disk goes to B, and what
B answers goes back. Nothing is parsed, signed, checked or recovered; one caller at a time.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

from bench.ports import LOOPBACK
from bench.rivals.commit_log import CommitLog
from bench.rivals.floor_tls import client_context, server_context
from bench.rivals.frames import Frames


class FloorNode:
    """`onward` is the link to B, or None at B itself."""

    def __init__(self, file: Path) -> None:
        self._log = CommitLog(file, self._durable)
        self._caller: Frames | None = None
        self._onward: Frames | None = None

    def accept(self) -> Frames:
        """A connection's protocol: the newest caller gets the answers."""
        self._caller = Frames(self._log.append)
        return self._caller

    async def link(self, port: int, certificate: str) -> None:
        loop = asyncio.get_running_loop()
        _, self._onward = await loop.create_connection(
            lambda: Frames(self._answer), LOOPBACK, port, ssl=client_context(certificate)
        )

    def _durable(self, frames: bytes) -> None:
        if self._onward is not None:
            self._onward.send(frames)
        else:
            self._answer(frames)

    def _answer(self, frames: bytes) -> None:
        if self._caller is not None:
            self._caller.send(frames)


async def run(file: str, certificate: str, key: str, onward: int | None) -> None:
    loop = asyncio.get_running_loop()
    node = FloorNode(Path(file))
    if onward is not None:
        await node.link(onward, certificate)
    context = server_context(certificate, key)
    server = await loop.create_server(node.accept, LOOPBACK, 0, ssl=context)
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    print(server.sockets[0].getsockname()[1], flush=True)
    await stopped.wait()


def main(arguments: list[str]) -> None:
    file, certificate, key, *onward = arguments
    asyncio.run(run(file, certificate, key, int(onward[0]) if onward else None))


if __name__ == "__main__":
    main(sys.argv[1:])
