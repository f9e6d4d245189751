"""CPU and memory of other processes, read from /proc.

CPU comes in clock ticks (10 ms on most machines), so a window should be a second or longer. A
process is counted with its descendants: an agent behind the `process` adapter belongs to its node.
"""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_AFTER_NAME_UTIME = 11
_AFTER_NAME_RSS = 21


def family(pid: int) -> list[int]:
    """`pid` and all its living descendants."""
    found = [pid]
    for known in found:
        for task in _threads(known):
            try:
                children = (task / "children").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            found.extend(int(child) for child in children.split())
    return found


def cpu_seconds(pids: list[int]) -> float:
    """User and system time spent so far by these processes and their families."""
    return sum(_cpu_of(member) for pid in pids for member in family(pid))


def rss_mb(pids: list[int]) -> float:
    """Resident memory of these processes and their families, in MB."""
    return sum(_rss_of(member) for pid in pids for member in family(pid))


def _threads(pid: int) -> list[Path]:
    try:
        return list(Path(f"/proc/{pid}/task").iterdir())
    except FileNotFoundError:
        return []


def _fields_after_name(pid: int) -> list[str]:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(")")[2].split()


def _cpu_of(pid: int) -> float:
    fields = _fields_after_name(pid)
    if not fields:
        return 0.0
    own = fields[_AFTER_NAME_UTIME : _AFTER_NAME_UTIME + 4]
    return sum(int(ticks) for ticks in own) / _TICKS


def _rss_of(pid: int) -> float:
    fields = _fields_after_name(pid)
    return int(fields[_AFTER_NAME_RSS]) * _PAGE / 1e6 if fields else 0.0
