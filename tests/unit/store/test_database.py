"""What is refused rather than risked when a database is opened, and how its schema grows."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from gatepost.errors import GatepostError
from gatepost.store import database
from gatepost.store.database import (
    Lock,
    check_disk,
    check_library,
    classify,
    migrate,
    open_database,
    open_memory,
    open_reader,
)

MOUNTS = """\
22 27 0:21 / /proc rw - proc proc rw
27 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
60 27 0:50 / /home/x/my\\040share rw,relatime - nfs4 server:/export rw
61 60 8:2 / /home/x/my\\040share/disk rw - xfs /dev/sdb1 rw
"""


def code_of(act: object, *args: object) -> str:
    assert callable(act)
    with pytest.raises(GatepostError) as raised:
        act(*args)
    return raised.value.code


def test_a_second_node_on_the_directory_is_refused_and_told_who_is_there(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "node.lock")
    with pytest.raises(GatepostError) as raised:
        Lock(tmp_path / "node.lock")
    assert raised.value.code == "node.already_running"
    assert f"process {os.getpid()} " in raised.value.why
    lock.release()
    Lock(tmp_path / "node.lock").release()


def test_a_node_that_was_killed_leaves_no_lock(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from gatepost.store.database import Lock;"
        "lock = Lock(pathlib.Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    path = tmp_path / "node.lock"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert code_of(Lock, path) == "node.already_running"
        process.kill()
        process.wait(timeout=20)
    Lock(path).release()


def test_the_lock_file_of_a_longer_pid_leaves_no_digits_behind(tmp_path: Path) -> None:
    path = tmp_path / "node.lock"
    path.write_text("123456789123456789\n")
    lock = Lock(path)
    assert path.read_text() == f"{os.getpid()}\n"
    lock.release()


def test_a_network_file_system_is_refused_by_its_mount() -> None:
    assert code_of(check_disk, Path("/home/x/my share/node"), MOUNTS) == "store.network_filesystem"
    assert code_of(check_disk, Path("/home/x/my share"), MOUNTS) == "store.network_filesystem"


@pytest.mark.parametrize("home", ["/home/x/my share/disk/node", "/home/x/my shared", "/srv"])
def test_a_local_disk_is_fine_even_beside_or_within_a_network_mount(home: str) -> None:
    check_disk(Path(home), MOUNTS)


def test_a_machine_without_mountinfo_is_not_refused() -> None:
    check_disk(Path("/srv"), "")


@pytest.mark.parametrize("version", ["3.51.2", "3.44.0", "3.7.17"])
def test_an_sqlite_that_can_corrupt_is_refused(
    monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: version)
    assert code_of(check_library) == "store.affected_sqlite"


def test_the_sqlite_we_ship_with_is_not_refused() -> None:
    check_library()


def test_a_new_database_is_for_this_user_alone_and_durable_at_every_commit(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    connection = open_database(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("synchronous") == 2
    connection.close()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    connection = open_database(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    assert code_of(open_database, path) == "store.newer"
    left = apsw.Connection(str(path))
    assert left.pragma("user_version") == 999
    left.close()


def test_a_file_that_is_no_database_is_refused_as_damaged(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    path.write_bytes(b"this is not SQLite" * 1000)
    assert code_of(open_database, path) == "store.damaged"
    assert path.read_bytes().startswith(b"this is not SQLite")


def test_a_database_with_a_torn_page_is_refused_as_damaged(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    connection = open_database(path)
    connection.execute("BEGIN")
    for n in range(2000):
        connection.execute("INSERT INTO meta VALUES (?, ?)", (f"key {n}", bytes(100)))
    connection.execute("COMMIT")
    connection.close()
    data = bytearray(path.read_bytes())
    for page in range(3, len(data) // 8192):
        data[page * 8192 : page * 8192 + 64] = os.urandom(64)
    path.write_bytes(data)
    assert code_of(open_database, path) == "store.damaged"


def test_a_directory_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    assert code_of(open_database, tmp_path / "nowhere" / "node.db") == "home.unwritable"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (apsw.FullError("full"), "store.full"),
        (apsw.IOError("disk"), "store.failed"),
        (apsw.CorruptError("bad"), "store.damaged"),
        (apsw.NotADBError("bad"), "store.damaged"),
        (apsw.ReadOnlyError("no"), "home.unwritable"),
    ],
)
def test_an_error_of_sqlite_has_its_code(error: Exception, code: str) -> None:
    assert classify(error, "/home/x/node.db").code == code


def test_migrations_go_forward_once_and_leave_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    connection = open_database(path)
    version = connection.pragma("user_version")
    assert isinstance(version, int)
    assert version >= 1
    connection.execute("INSERT INTO meta VALUES ('life', '0.1.aa')")
    migrate(connection, str(path))
    connection.close()
    again = open_database(path)
    assert again.pragma("user_version") == version
    assert again.execute("SELECT value FROM meta").get == "0.1.aa"
    again.close()


def test_a_migration_that_fails_leaves_the_old_version(monkeypatch: pytest.MonkeyPatch) -> None:
    class Script:
        name = "0099.sql"

        def read_text(self) -> str:
            return "CREATE TABLE half (n); CREATE TABLE meta (n)"

    class Scripts:
        def iterdir(self) -> list[object]:
            return [*FILES, Script()]

    FILES = [
        file
        for file in database.importlib.resources.files("gatepost.store.migrations").iterdir()
        if file.name.endswith(".sql")
    ]
    connection = open_memory()
    version = connection.pragma("user_version")
    monkeypatch.setattr(database.importlib.resources, "files", lambda package: Scripts())
    with pytest.raises(apsw.SQLError):
        migrate(connection, ":memory:")
    if not connection.get_autocommit():
        connection.execute("ROLLBACK")
    assert connection.pragma("user_version") == version
    assert connection.execute("SELECT count(*) FROM sqlite_schema WHERE name = 'half'").get == 0
    connection.close()


def test_a_reader_sees_commits_and_never_waits_for_one(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    writer, reader = open_database(path), open_reader(path)
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("INSERT INTO meta VALUES ('a', 'b')")
    assert reader.execute("SELECT count(*) FROM meta").get == 0
    writer.execute("COMMIT")
    assert reader.execute("SELECT count(*) FROM meta").get == 1
    with pytest.raises(apsw.ReadOnlyError):
        reader.execute("DELETE FROM meta")
    reader.close()
    writer.close()
