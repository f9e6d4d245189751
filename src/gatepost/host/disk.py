"""The file system below a directory: its room, and how long a real fsync takes there."""

import os
import statistics
from pathlib import Path

from gatepost.core.machine import DiskFacts
from gatepost.host.clock import ticks

_TIMES = 5
_PROBE = b"\0" * 4096


def disk(directory: Path, deep: bool) -> DiskFacts | None:
    """Look at the file system of `directory`; `deep` writes a few pages there. None: it is gone."""
    try:
        found = os.statvfs(directory)
    except OSError:
        return None
    return DiskFacts(
        free=found.f_bavail * found.f_frsize, fsync=_fsync(directory) if deep else -1.0
    )


def _fsync(directory: Path) -> float:
    """The median of a few in ms; -1 when nothing can be written here."""
    path = directory / f".doctor.{os.getpid()}.new"
    times: list[float] = []
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            for _ in range(_TIMES):
                os.write(descriptor, _PROBE)
                began = ticks()
                os.fsync(descriptor)
                times.append((ticks() - began) * 1000)
        finally:
            os.close(descriptor)
            path.unlink(missing_ok=True)
    except OSError:
        return -1.0
    return statistics.median(times)
