"""Strangers who come in crowds: the node keeps its memory, its peers and its answers."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gatepost.core.views import GrantIn
from tests.process.nodes import RealNode, add_agent, connected, pair

CROWD = 300
MOST_KB = 200_000


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[RealNode, RealNode]]:
    home, lab = RealNode(tmp_path / "home", "home"), RealNode(tmp_path / "lab", "lab")
    try:
        for node in (home, lab):
            node.make().launch()
        for node in (home, lab):
            node.ready()
        pair(home, lab)
        connected(home, "lab")
        add_agent(home, "main")
        add_agent(lab, "echo", adapter="echo")
        with lab.operator as operator:
            operator.grant(GrantIn(sender="main@home", verbs=("ask",), to="echo", id="g"))
        yield home, lab
    finally:
        home.kill()
        lab.kill()


def stranger(stack: ExitStack, node: RealNode, said: bytes) -> None:
    """Somebody connects, says something and never goes by itself."""
    crowd = stack.enter_context(socket.create_connection(("127.0.0.1", node.port), 5))
    try:
        crowd.sendall(said)
    except OSError:
        assert said, "who says nothing cannot be cut off for it"


def memory(node: RealNode) -> int:
    """Resident memory in KiB."""
    assert node.process is not None
    status = Path(f"/proc/{node.process.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))


@pytest.mark.requirement("T12")
@pytest.mark.parametrize(
    "said",
    [b"", b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\x00\x01", b"[" * 100_000, bytes(200_000)],
    ids=["nothing", "plain", "half a hello", "brackets", "zeros"],
)
def test_a_crowd_of_strangers_keeps_no_peer_waiting(
    two: tuple[RealNode, RealNode], said: bytes
) -> None:
    home, lab = two
    with home.speaker("main") as main, ExitStack() as stack:
        for _ in range(CROWD):
            stranger(stack, lab, said)
        assert main.ask("echo@lab", "still there?", wait=20).state == "done"
        assert memory(lab) < MOST_KB
    assert (lab.stop(), lab.said) == (0, "")


@pytest.mark.requirement("T12")
def test_a_peer_finds_room_to_link_while_a_crowd_stands_at_the_door(
    two: tuple[RealNode, RealNode],
) -> None:
    home, lab = two
    with ExitStack() as stack:
        for _ in range(100):
            stranger(stack, lab, b"")
        home.restart()
        connected(home, "lab")
        with home.speaker("main") as main:
            assert main.ask("echo@lab", "let me in", wait=20).state == "done"
