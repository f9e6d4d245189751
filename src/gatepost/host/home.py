"""A home directory from outside: whose it is, who can reach it, what lies there in halves.

And the safe steps that mend it. A step touches only what lies in the home, follows no link, and
leaves what is inside a file alone.
"""

import os
import pwd
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from gatepost.config.paths import Layout, exposed
from gatepost.core.health import Repair
from gatepost.core.machine import HomeFacts
from gatepost.errors import GatepostError
from gatepost.host.processes import Processes

DELETED = " (deleted)"
"""What the kernel adds to the name of an open file that was deleted."""
_HALF = re.compile(r"\..+\.(\d+)\.new")
_DATABASE = ("node.db", "node.db-wal", "node.db-shm")


def home_facts(places: Layout, processes: Processes) -> HomeFacts:
    """Look at a home directory, whether or not it is one."""
    home = str(places.home)
    if os.path.isdir(home) and not os.access(home, os.R_OK | os.X_OK):
        return HomeFacts(
            path=home, node_there=False, owner=_other_owner(places.home), unwritable=(home,)
        )
    if not os.path.isfile(places.config):  # which, unlike a path's own word, never raises
        return HomeFacts(path=home, node_there=False)
    return HomeFacts(
        path=home,
        node_there=True,
        owner=_other_owner(places.home),
        exposed=tuple((str(path), stat.S_IMODE(path.lstat().st_mode)) for path in _open(places)),
        unwritable=tuple(str(path) for path in _directories(places) if not _writable(path)),
        missing=tuple(str(path) for path in _needed(places) if _gone(path)),
        tokens=_listed(places.tokens),
        leftovers=tuple(str(path) for path in _leftovers(places, processes)),
    )


def repair(places: Layout, step: Repair) -> str:
    """Do one safe step; returns the command that takes it back, "" when there is nothing to keep.

    Raises `home.unwritable`.
    """
    path = Path(os.path.abspath(step.path))
    if not path.is_relative_to(places.home) and not path.is_relative_to(places.sockets):
        raise GatepostError("home.unwritable", what=f"{path} is not in the home directory")
    try:
        match step.do:
            case "close":
                return _close(path)
            case "make":
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
                return f"rmdir {path}"
            case "remove":
                path.unlink(missing_ok=True)
                return ""
    except OSError as wrong:
        why = (wrong.strerror or str(wrong)).lower()
        raise GatepostError(
            "home.unwritable", what=f"`{step}` failed", why=why, home=str(places.home)
        ) from wrong


def _close(path: Path) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        os.fchmod(descriptor, mode & ~0o077)
    finally:
        os.close(descriptor)
    return f"chmod {mode:04o} {path}"


def _gone(path: Path) -> bool:
    return os.access(path.parent, os.X_OK) and not os.path.lexists(path)


def _open(places: Layout) -> Iterator[Path]:
    try:
        yield from exposed(places)
    except PermissionError:
        return  # a directory that cannot be entered is told as such
    for name in _DATABASE:
        path = places.home / name
        if path.exists() and path.lstat().st_mode & 0o077:
            yield path


def _directories(places: Layout) -> list[Path]:
    some = (places.home, places.keys, places.run, places.tokens)
    return [path for path in some if os.path.isdir(path)]


def _listed(directory: Path) -> frozenset[str] | None:
    """The names in a directory; None when they cannot be seen."""
    try:
        return frozenset(os.listdir(directory))
    except FileNotFoundError:
        return frozenset()
    except OSError:
        return None


def _needed(places: Layout) -> tuple[Path, ...]:
    return places.run, places.tokens


def _writable(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK | os.X_OK)


def _other_owner(path: Path) -> str:
    owner = path.stat().st_uid
    if owner == os.geteuid():
        return ""
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return str(owner)


def _leftovers(places: Layout, processes: Processes) -> Iterator[Path]:
    """Half-written files whose writer is gone."""
    for directory in (places.home, places.run):
        for name in sorted(_listed(directory) or ()):
            match = _HALF.fullmatch(name)
            if match and processes.seen and not processes.name(int(match[1])):
                yield directory / name


def elsewhere(places: Layout, processes: Processes) -> tuple[tuple[str, int], ...]:
    """Other homes on which a node of this user runs, each with its process."""
    found: dict[str, int] = {}
    for pid, _ in processes.lock_holders():
        for opened in processes.opened(pid):
            path = Path(opened.removesuffix(DELETED))
            home = str(path.parents[1]) if path.parts[-2:] == ("run", "node.lock") else ""
            if home and opened.endswith(DELETED):
                found[home + DELETED] = pid
            elif home and str(path.parents[1]) != os.path.realpath(places.home):
                found[home] = pid
    return tuple(sorted(found.items()))
