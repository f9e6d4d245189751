"""Ephemeral loopback ports, for servers that take a socket and for those that take a number."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def listening_socket() -> socket.socket:
    """A socket bound to a free loopback port (not yet listening).

    The protocol is named because asyncio turns Nagle's delay off only where it is: left at 0,
    every answer of a server would wait 40 ms for the other side's acknowledgement.
    """
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((LOOPBACK, 0))
    return bound


def free_port() -> int:
    """A port that was free a moment ago, for programs that want a number."""
    with listening_socket() as bound:
        return int(bound.getsockname()[1])
