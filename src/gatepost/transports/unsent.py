"""How much of what was written to a connection has not reached the other machine yet.

The kernel keeps megabytes for a slow connection. Without them a ping behind a large message on a
slow line would look unanswered before it was even sent.
"""

import array
import asyncio
import socket
import sys


def unsent(transport: asyncio.Transport) -> int:
    """Bytes in the buffer of `transport`, and (on Linux) in the kernel's, unacknowledged."""
    return transport.get_write_buffer_size() + _in_kernel(transport.get_extra_info("socket"))


def _in_kernel(connection: socket.socket | None) -> int:
    if sys.platform != "linux" or connection is None or connection.fileno() < 0:
        return 0
    import fcntl
    import termios

    held = array.array("i", [0])
    try:
        fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, held)
    except OSError:  # the connection is gone, and nothing more of it leaves
        return 0
    return held[0]
