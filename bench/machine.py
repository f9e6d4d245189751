"""Where the numbers come from: processor, kernel, interpreter, disk, versions, load."""

from __future__ import annotations

import os
import platform
import ssl
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.child import ROOT

_RAM_DISKS = ("tmpfs", "ramfs")
_PACKAGES = ("a2a-sdk", "fastapi", "httpx", "uvicorn", "uvloop", "SQLAlchemy", "aiosqlite")
OUT = ROOT / "bench" / "out"


def described(work: Path) -> list[str]:
    """Lines for the head of the report."""
    packages = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    load = " ".join(f"{number:.2f}" for number in os.getloadavg())
    return [
        f"machine  {_processor()}, {os.cpu_count()} cores, Linux {platform.release()}",
        f"python   {platform.python_version()}, {ssl.OPENSSL_VERSION}",
        f"rivals   {packages}",
        f"disk     {_file_system(work)} at {work}",
        f"load     {load} at the start (the numbers are only as quiet as the machine)",
    ]


def work_directory() -> Path:
    """A new directory on a disk: where the temporary one lives in memory, fsync would be free."""
    temporary = Path(tempfile.gettempdir())
    if _file_system(temporary) in _RAM_DISKS:
        OUT.mkdir(parents=True, exist_ok=True)
        temporary = OUT
    return Path(tempfile.mkdtemp(prefix="gatepost-bench-", dir=temporary))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _file_system(path: Path) -> str:
    """The type of the file system `path` is on: the longest mount point that holds it."""
    best, kind = "", "unknown"
    for line in Path("/proc/mounts").read_text().splitlines():
        _, point, this, *_ = line.split()
        if path.is_relative_to(point) and len(point) >= len(best):
            best, kind = point, this
    return kind


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
