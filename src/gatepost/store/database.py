"""Opening the database: one node per directory, a sound SQLite, a local disk, the right schema.

Refuses rather than risks: an SQLite inside the range of the WAL-reset corruption race, a network
file system (its locks and fsync lie), a second node on the same directory, a damaged file, a schema
newer than this program. Migrations go forward only, each in one transaction with its version
number.
"""

import fcntl
import importlib.resources
import os
from importlib.resources.abc import Traversable
from pathlib import Path

import apsw

from gatepost.errors import GatepostError

SAFE_SQLITE = (3, 51, 3)
NETWORK = frozenset(
    {
        "nfs",
        "nfs4",
        "cifs",
        "smb3",
        "smbfs",
        "9p",
        "ncpfs",
        "afs",
        "fuse.sshfs",
        "ceph",
        "glusterfs",
    }
)
SMALLEST = 64 * 1024
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -16000",
)


class Lock:
    """An exclusive lock on the directory, held for the life of the process."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._file, 32, 0).decode(errors="replace").strip()
            os.close(self._file)
            raise GatepostError(
                "node.already_running", why=f"process {holder or '?'} holds {path}", where=str(path)
            ) from None
        os.truncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let another node start here."""
        os.close(self._file)


def open_database(path: Path, create: bool = True) -> apsw.Connection:
    """Open (or create) and migrate the database of a node.

    Raises the `store.*` errors of the catalogue; without `create` also when there is none: an empty
    one in its place would have forgotten everything.
    """
    check_library()
    check_disk(path.parent)
    new = not path.exists()
    if not create and (new or path.stat().st_size == 0):
        raise GatepostError("store.damaged", why="it is gone or empty", where=str(path))
    try:
        connection = apsw.Connection(str(path))
        if new:
            os.chmod(path, 0o600)
            # Three messages of 2 KB in a page; in pages of 4096, one each and the rest is wasted.
            connection.execute("PRAGMA page_size = 8192")
        _prepare(connection)
        migrate(connection, str(path))
    except apsw.Error as error:
        raise classify(error, str(path)) from None
    return connection


def failure(error: Exception, where: str) -> Exception:
    """Why a store failed: what an error of SQLite means, or an error that is none of its own."""
    return classify(error, where) if isinstance(error, apsw.Error) else error


def classify(error: Exception, where: str) -> GatepostError:
    """What an error of SQLite means to an operator."""
    code = "store.failed"
    if isinstance(error, apsw.CorruptError | apsw.NotADBError):
        code = "store.damaged"
    elif isinstance(error, apsw.FullError):
        code = "store.full"
    elif isinstance(error, apsw.CantOpenError | apsw.ReadOnlyError | apsw.PermissionsError):
        code = "home.unwritable"
    elif _no_room(Path(where).parent):
        code = "store.full"  # the kernel says other things too when there is no block left
    return GatepostError(code, why=str(error), where=where, home=str(Path(where).parent))


def _no_room(directory: Path) -> bool:
    """Whether not even the index of the log could grow on this disk."""
    found = os.statvfs(directory) if directory.exists() else None
    return found is not None and found.f_bavail * found.f_frsize < SMALLEST


def open_reader(path: Path) -> apsw.Connection:
    """A second connection that only reads, so that a query never waits for a commit."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.set_busy_timeout(2000)
    return connection


def open_memory() -> apsw.Connection:
    """The same schema in memory, for worlds and tests."""
    connection = apsw.Connection(":memory:")
    migrate(connection, ":memory:")
    return connection


def check_library() -> None:
    """Refuse an SQLite that can corrupt a WAL database."""
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < SAFE_SQLITE:
        raise GatepostError(
            "store.affected_sqlite", why=f"SQLite {apsw.sqlite_lib_version()} is older than 3.51.3"
        )


def check_disk(directory: Path, mounts: str | None = None) -> None:
    """Refuse a network file system.

    `mounts` is the text of /proc/self/mountinfo (read when not given).
    """
    if mounts is None:
        info = Path("/proc/self/mountinfo")
        mounts = info.read_text() if info.exists() else ""
    here, best, kind = str(directory.resolve()), "", ""
    for line in mounts.splitlines():
        fields, _, rest = line.partition(" - ")
        point = fields.split()[4].replace("\\040", " ")
        if (here == point or here.startswith(point.rstrip("/") + "/")) and len(point) >= len(best):
            best, kind = point, rest.split()[0]
    if kind in NETWORK:
        raise GatepostError(
            "store.network_filesystem", why=f"{here} is on {kind} (mounted at {best})", where=here
        )


def migrate(connection: apsw.Connection, where: str) -> None:
    """Bring the schema up to date; refuse one from the future."""
    scripts = _scripts()
    version = connection.pragma("user_version")
    if not isinstance(version, int) or version > len(scripts):
        raise GatepostError(
            "store.newer", why=f"schema {version}, this program knows {len(scripts)}", where=where
        )
    for number, script in enumerate(scripts[version:], version + 1):
        connection.execute(
            f"BEGIN IMMEDIATE;{script.read_text()};PRAGMA user_version = {number};COMMIT"
        )


def known_schema() -> int:
    """The newest schema this program knows."""
    return len(_scripts())


def _scripts() -> list[Traversable]:
    found = importlib.resources.files("gatepost.store.migrations").iterdir()
    scripts = (script for script in found if script.name.endswith(".sql"))
    return sorted(scripts, key=lambda script: script.name)


def _prepare(connection: apsw.Connection) -> None:
    connection.set_busy_timeout(2000)
    for pragma in PRAGMAS:
        connection.execute(pragma)
    problem = connection.execute("PRAGMA quick_check(1)").get if _small(connection) else "ok"
    if problem != "ok":
        raise apsw.CorruptError(str(problem))


def _small(connection: apsw.Connection) -> bool:
    """A full check costs about a second per gigabyte.

    Above 64 MiB only pages that are read are checked.
    """
    pages, size = connection.pragma("page_count"), connection.pragma("page_size")
    return isinstance(pages, int) and isinstance(size, int) and pages * size <= 64 * 1024 * 1024
