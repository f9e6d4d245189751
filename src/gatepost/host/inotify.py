"""Files that grow, told by the kernel: on Linux, without looking.

A command's answer is known a tenth of a millisecond after it is written instead of ten, and a quiet
file costs nothing. What may go wrong is answered by looking at everything: the kernel's queue
overflowed. Where there is no inotify, or no more of it for this user, `file_watch` gives the watch
that looks.
"""

import asyncio
import ctypes
import os
import struct
import sys
from collections.abc import Callable

from gatepost.host.files import FileWatch

_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
_MODIFY = 0x2
_EVENT = struct.Struct("iIII")
_READ = 64 * 1024


class Inotify:
    """Tells when files grow. Raises OSError when the kernel has none to give."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._call("inotify_init1", _NONBLOCK_CLOEXEC)
        self._followed: dict[int, Callable[[], None]] = {}
        loop.add_reader(self._fd, self._readable)

    def follow(self, path: str, grew: Callable[[], None]) -> Callable[[], None]:
        """Call `grew` soon after something was written to the file.

        One follower a file. Returns the function that stops it.
        """
        watch = self._call("inotify_add_watch", self._fd, os.fsencode(path), _MODIFY)
        self._followed[watch] = grew

        def stop() -> None:
            # The kernel forgets the watch with the file; asking it to costs more than all the rest.
            if self._followed.get(watch) is grew:
                del self._followed[watch]

        return stop

    def close(self) -> None:
        """Follow nothing any more."""
        self._followed.clear()
        self._loop.remove_reader(self._fd)
        os.close(self._fd)

    def _call(self, name: str, *arguments: object) -> int:
        result = int(self._libc[name](*arguments))
        if result < 0:
            code = ctypes.get_errno()
            raise OSError(code, f"{name}: {os.strerror(code)}")
        return result

    def _readable(self) -> None:
        data = os.read(self._fd, _READ)
        at, grown = 0, dict[int, None]()
        while at < len(data):
            watch, _mask, _cookie, length = _EVENT.unpack_from(data, at)
            grown[watch] = None
            at += _EVENT.size + length
        for watch in list(self._followed) if -1 in grown else grown:
            grew = self._followed.get(watch)
            if grew is not None:
                grew()


def file_watch(loop: asyncio.AbstractEventLoop) -> Inotify | FileWatch:
    """The best watch there is on this machine."""
    if sys.platform == "linux":
        try:
            return Inotify(loop)
        except OSError:
            return FileWatch(loop)
    return FileWatch(loop)
