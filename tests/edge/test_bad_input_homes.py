"""Home directories that are missing, closed, open to others, too deep, taken or damaged."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from gatepost.core.message import InboxQuery
from tests.process.nodes import RealNode, add_agent

pytestmark = pytest.mark.process
ROOT = os.getuid() == 0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with an agent and a message in its database, and no node running on it."""
    home = tmp_path_factory.mktemp("made") / "home"
    node = RealNode(home, "home").make().start()
    try:
        add_agent(node, "main")
        with node.speaker("main") as main:
            main.send("main", "remember me", request_key="kept")
        assert (node.stop(), node.said) == (0, "")
    finally:
        node.kill()
    return home


@pytest.fixture
def node(made: Path, tmp_path: Path) -> Iterator[RealNode]:
    """A node on a copy of that home."""
    shutil.copytree(made, tmp_path / "home")
    node = RealNode(tmp_path / "home", "home")
    try:
        yield node
    finally:
        node.kill()


def refused(node: RealNode, code: str, exit_code: int) -> str:
    """What a start that must fail says."""
    ended = node.run("start")
    assert (ended.returncode, ended.stdout) == (exit_code, ""), ended.stderr
    assert ended.stderr.startswith(f"error[{code}]"), ended.stderr
    assert "Traceback" not in ended.stderr
    return ended.stderr


def remembers(node: RealNode) -> None:
    """The node starts and has what it had."""
    node.start()
    with node.speaker("main") as main:
        assert main.send("main", "remember me", request_key="kept").attached
    assert (node.stop(), node.said) == (0, "")


# the directory


@pytest.mark.parametrize("words", ["start", "peers list", "send x y"])
def test_a_home_that_is_not_there_is_said_and_nothing_is_made(tmp_path: Path, words: str) -> None:
    node = RealNode(tmp_path / "nowhere", "nowhere")
    ended = node.run(*words.split())
    assert (ended.returncode, ended.stdout) == (8, "")
    assert "error[home.missing]" in ended.stderr and "gatepost init --name NAME" in ended.stderr
    assert not node.home.exists()


@pytest.mark.parametrize("spoil", ["file", "below a file"])
def test_a_home_cannot_be_made_where_no_directory_can_be(tmp_path: Path, spoil: str) -> None:
    (tmp_path / "file").write_text("mine")
    home = tmp_path / "file" if spoil == "file" else tmp_path / "file" / "home"
    ended = RealNode(home, "home").run("init", "--name", "home")
    assert (ended.returncode, ended.stdout) == (6, "")
    assert "error[home.unwritable]" in ended.stderr
    assert (tmp_path / "file").read_text() == "mine"


def test_a_home_is_never_made_twice(node: RealNode) -> None:
    before = {path: path.read_bytes() for path in node.places.keys.iterdir()}
    ended = node.run("init", "--name", "other")
    assert (ended.returncode, ended.stdout) == (2, "") and "error[home.exists]" in ended.stderr
    assert {path: path.read_bytes() for path in node.places.keys.iterdir()} == before


@pytest.fixture
def read_only(node: RealNode) -> Iterator[RealNode]:
    """The node on a home nothing can be written in."""
    if not ROOT:
        node.home.chmod(0o500)
        yield node
        node.home.chmod(0o700)
        return
    for options in (["--bind", str(node.home)], ["-o", "remount,ro,bind"]):
        mounted = subprocess.run(["mount", *options, str(node.home)], capture_output=True)
        if mounted.returncode:
            pytest.skip(f"root without the right to mount: {mounted.stderr.decode().strip()}")
    try:
        yield node
    finally:
        subprocess.run(["umount", str(node.home)], check=True)


def test_a_home_that_cannot_be_written_is_refused_with_the_path(read_only: RealNode) -> None:
    said = refused(read_only, "home.unwritable", 6)
    assert str(read_only.home) in said and "chmod u+rwx" in said


@pytest.mark.requirement("T15")
def test_a_home_others_can_read_is_refused_until_its_fix_is_typed(node: RealNode) -> None:
    keys = next(node.places.keys.iterdir())
    for path in (keys, node.places.tokens / "main", node.places.run, node.home):
        path.chmod(0o755 if path.is_dir() else 0o644)
        said = refused(node, "home.exposed", 6)
        assert str(path) in said or str(node.home) in said
    fix = next(line for line in said.splitlines() if line.strip().startswith("fix"))
    subprocess.run(fix.split(maxsplit=1)[1].split(), check=True)
    remembers(node)


def test_a_path_too_long_for_a_socket_moves_the_sockets_and_works_as_any(
    made: Path, tmp_path: Path
) -> None:
    home = tmp_path / ("deep-" * 15) / ("deeper-" * 15) / "home"
    shutil.copytree(made, home)
    node = RealNode(home, "home")
    try:
        remembers(node)
        assert node.places.sockets != node.places.run
        assert not list(node.places.sockets.glob("*.sock"))
    finally:
        node.kill()
        shutil.rmtree(node.places.sockets, ignore_errors=True)


def test_a_second_node_on_one_home_is_refused_and_the_first_goes_on(node: RealNode) -> None:
    node.start()
    assert node.process is not None
    said = refused(RealNode(node.home, "home"), "node.already_running", 6)
    assert f"process {node.process.pid} " in said
    with node.speaker("main") as main:
        assert main.send("main", "still here").state == "accepted"
    node.kill()
    remembers(node)


def test_a_port_that_is_taken_is_named_and_the_node_starts_once_it_is_free(node: RealNode) -> None:
    address = next(
        line.split('"')[1]
        for line in node.places.config.read_text().splitlines()
        if line.startswith("listen")
    )
    host, _, port = address.rpartition(":")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind((host, int(port)))
        taken.listen()
        said = refused(node, "listen.taken", 6)
        assert address in said and "gatepost config set listen HOST:PORT" in said
    remembers(node)


# files in it


def spoilt(node: RealNode, path: Path, code: str, exit_code: int) -> None:
    """A start that is refused because of a file, which it leaves as it is."""
    before = path.read_bytes() if path.is_file() else None
    said = refused(node, code, exit_code)
    assert str(path) in said or path.name in said
    assert before is None or path.read_bytes() == before


def middle(data: bytes) -> bytes:
    """The head of the page in the middle; what is damaged in an empty one's room is no damage."""
    at = len(data) // 2 // 8192 * 8192
    return data[:at] + b"\xff" * 4096 + data[at + 4096 :]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b"not a database at all" * 1000),
        lambda path: path.write_bytes(b"\0" * 100 + path.read_bytes()[100:]),
        lambda path: path.write_bytes(middle(path.read_bytes())),
        lambda path: path.write_bytes(path.read_bytes()[: 3 * 8192]),
        lambda path: path.write_bytes(b""),
        lambda path: path.unlink(),
    ],
    ids=["no database", "no header", "middle", "cut", "empty", "gone"],
)
def test_a_damaged_database_is_refused_and_left_as_it_is(
    node: RealNode, spoil: Callable[[Path], object]
) -> None:
    spoil(node.places.database)
    spoilt(node, node.places.database, "store.damaged", 6)


def test_a_database_of_a_newer_version_is_refused_and_left_as_it_is(node: RealNode) -> None:
    connection = apsw.Connection(str(node.places.database))
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    spoilt(node, node.places.database, "store.newer", 6)


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("gatepost.toml", "name = [", "config.invalid"),
        ("gatepost.toml", 'name = "home"\ncolour = "blue"\n', "config.unknown_key"),
        ("gatepost.toml", "name = 7\n", "config.invalid"),
        ("policy.toml", "[[rule]\n", "policy.invalid"),
        ("policy.toml", '[[rule]]\nid = "x"\nallow = ["fly"]\nfrom = "*"\nto = "*"\n', ""),
        ("grants.toml", "\xff", "policy.invalid"),
    ],
)
def test_a_broken_file_of_settings_or_rules_is_refused_with_its_line(
    node: RealNode, name: str, text: str, code: str
) -> None:
    path = node.home / name
    path.write_bytes(text.encode("latin1"))
    spoilt(node, path, code or "policy.invalid", 7)


SPOILS: list[Callable[[Path], object]] = [
    lambda path: path.unlink(),
    lambda path: path.write_bytes(b""),
    lambda path: path.write_bytes(b"\0" * path.stat().st_size),
    lambda path: path.write_bytes(path.read_bytes()[:-3]),
]


@pytest.mark.parametrize("number", range(5))
def test_a_damaged_key_is_refused_and_none_is_made_in_its_place(
    node: RealNode, number: int
) -> None:
    path = sorted(node.places.keys.iterdir())[number]
    SPOILS[number % len(SPOILS)](path)
    left = path.read_bytes() if path.exists() else None
    refused(node, "keys.damaged", 6)
    assert (path.read_bytes() if path.exists() else None) == left


# its end


def test_sigterm_ends_a_node_cleanly_and_leaves_nothing_that_runs_or_listens(
    node: RealNode,
) -> None:
    node.start()
    assert node.process is not None
    pid = node.process.pid
    with node.speaker("main") as main:
        main.inbox(InboxQuery())
        assert (node.stop(), node.said) == (0, "")
        assert not list(node.places.sockets.glob("*.sock"))
        assert not node.places.database.with_name("node.db-wal").exists()
        assert not Path(f"/proc/{pid}").exists()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
    after = node.run("status")
    assert after.returncode == 8 and "error[node.not_running]" in after.stderr
    remembers(node)
