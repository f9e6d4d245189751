"""Serves an ASGI application on a free loopback port with uvicorn, and prints the port."""

from __future__ import annotations

import socket
from typing import Any

import uvicorn

from bench.ports import listening_socket


class _Announcing(uvicorn.Server):
    """Says its port once it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for bound in sockets or []:
            print(bound.getsockname()[1], flush=True)


def serve(app: Any) -> None:
    """Run until SIGTERM. Access log off; loop and HTTP parser as uvicorn picks them."""
    config = uvicorn.Config(app, log_level="warning", access_log=False)
    _Announcing(config).run(sockets=[listening_socket()])
