"""The machine as an examination sees it: locks, ports, other homes; and its repairs."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from gatepost import compose
from gatepost.core.health import Repair
from gatepost.errors import GatepostError
from gatepost.host.listeners import listener
from gatepost.host.processes import Processes
from gatepost.store.database import Lock
from tests.unit.node.health.place import Place

HOLD = (
    "import fcntl, os, sys\n"
    "file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)\n"
    "fcntl.flock(file, fcntl.LOCK_EX)\n"
    "print('held', flush=True)\n"
    "sys.stdin.read()\n"
)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return Place(tmp_path / "home", monkeypatch).make()


def test_the_holder_of_the_lock_is_found_whatever_the_file_says(place: Place) -> None:
    lock = place.places.run / "node.lock"
    lock.write_text("1\n")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        child.stdout.readline()
        seen = compose.machine(place.places).process()
        assert (seen.holder, seen.written) == (child.pid, 1)
        assert seen.running
        child.communicate(b"")
    assert not compose.machine(place.places).process().running


def test_a_look_never_keeps_a_node_from_starting(place: Place) -> None:
    lock = place.places.run / "node.lock"
    lock.touch()
    for _ in range(50):
        compose.machine(place.places).process()
        Lock(lock).release()


def test_a_process_number_that_was_given_again_is_not_taken_for_a_node(place: Place) -> None:
    (place.places.run / "node.lock").write_text(f"{os.getpid()}\n")
    seen = compose.machine(place.places).process()
    assert not seen.running
    assert seen.written == os.getpid()
    assert seen.written_is


@pytest.mark.parametrize("text", ["", "x", "-1", "9" * 40, "\udcff", "12\n13"])
def test_garbage_in_the_lock_file_is_nobody(place: Place, text: str) -> None:
    (place.places.run / "node.lock").write_bytes(text.encode(errors="surrogateescape"))
    assert not compose.machine(place.places).process().running


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_who_has_a_port_is_found_for_both_families(host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        taken = socket.create_server((host, 0), family=family)
    except OSError:
        pytest.skip("no such family here")
    with taken:
        port = taken.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        found = listener(f"{shown}:{port}", Processes())
        assert (found.taken, found.pid) == (True, os.getpid())
    assert not listener(f"{shown}:{port}", Processes()).taken


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("tcp", "00000000:1D13 00000000:0000"),
        ("tcp6", f"{'0' * 32}:1D13 {'0' * 32}:0000"),
        ("tcp6", "0000000000000000FFFF00000100007F:1D13 0:0"),
    ],
)
def test_whoever_listens_on_every_address_is_in_the_way(
    tmp_path: Path, table: str, row: str
) -> None:
    (tmp_path / "net").mkdir()
    rest = "0A 00000000:00000000 00:00000000 00000000     0        0 4711 1"
    (tmp_path / "net" / table).write_text(f"  sl  local_address ...\n   0: {row} {rest}\n")
    found = listener("127.0.0.1:7443", Processes(tmp_path))
    assert (found.taken, found.pid) == (True, 0)
    assert not listener("127.0.0.1:7444", Processes(tmp_path)).taken


def test_another_address_of_the_same_port_is_not_in_the_way() -> None:
    with socket.create_server(("127.0.0.2", 0)) as other:
        port = other.getsockname()[1]
        assert not listener(f"127.0.0.1:{port}", Processes()).taken
        assert listener(f"0.0.0.0:{port}", Processes()).taken


def test_a_home_deleted_under_its_node_is_told(place: Place) -> None:
    lock = Lock(place.places.run / "node.lock")
    place.places.config.unlink()
    (place.places.run / "node.lock").unlink()
    seen = compose.machine(place.places).elsewhere()
    lock.release()
    assert (f"{place.path} (deleted)", os.getpid()) in seen


def test_a_repair_outside_the_home_is_refused(place: Place, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    with pytest.raises(GatepostError) as refused:
        compose.machine(place.places).repair(Repair("remove", str(mine)))
    assert refused.value.code == "home.unwritable"
    assert mine.exists()
    sneaky = f"{place.path}/../mine"
    with pytest.raises(GatepostError):
        compose.machine(place.places).repair(Repair("remove", sneaky))
    assert mine.exists()


def test_what_a_repair_did_is_undone_by_the_command_it_tells(place: Place) -> None:
    key = place.places.keys / "node.key"
    key.chmod(0o644)
    undo = compose.machine(place.places).repair(Repair("close", str(key)))
    assert key.stat().st_mode & 0o777 == 0o600
    subprocess.run(undo, shell=True, check=True)
    assert key.stat().st_mode & 0o777 == 0o644
