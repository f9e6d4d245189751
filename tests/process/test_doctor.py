"""Doctor beside real nodes: down, stopped by a signal, half reachable, moved away."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.nodes import RealNode, add_agent, environment

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealNode]:
    one = RealNode(tmp_path_factory.mktemp("doctor") / "home", "home").make()
    yield one
    one.stop()


def codes(node: RealNode, *more: str) -> dict[str, dict[str, str]]:
    """What doctor finds, by code."""
    said = node.run("doctor", "--quick", "--json", *more)
    return {one["code"]: one for one in json.loads(said.stdout)["findings"]}


def test_one_node_through_what_happens_to_it(node: RealNode, tmp_path: Path) -> None:
    """One process and one order, for each start of a process costs a second."""
    assert codes(node)["node.down"]["fix"] == f"gatepost start --home {node.home}"
    node.start()
    add_agent(node, "main")
    assert codes(node) == {}
    _stopped_by_a_signal(node)
    _its_socket_and_a_token_taken_away(node)
    _moved_away(node, tmp_path)


def _stopped_by_a_signal(node: RealNode) -> None:
    assert node.process is not None
    node.process.send_signal(signal.SIGSTOP)
    found = codes(node)["node.stuck"]
    assert f"process {node.process.pid}" in found["what"]
    node.process.send_signal(signal.SIGCONT)
    assert codes(node) == {}


def _its_socket_and_a_token_taken_away(node: RealNode) -> None:
    node.places.agent_socket.unlink()
    (node.places.tokens / "main").unlink()
    found = codes(node)
    assert found["node.unreachable"]["subject"] == str(node.places.agent_socket)
    assert found["agent.no_token"]["subject"] == "main"
    with node.operator as operator:  # the node sees it too
        own = {one.code for one in operator.health().findings}
    assert {"node.unreachable", "agent.no_token"} <= own
    node.restart()
    assert codes(node) == {}


def _moved_away(node: RealNode, tmp_path: Path) -> None:
    """The home is renamed under its node: the command sees the new name, the node has the old."""
    old, new = node.home, tmp_path / "moved"
    node.home.rename(new)
    node.home = new
    assert "node.moved" in codes(node)
    node.restart()
    assert "node.moved" not in codes(node)
    node.stop()
    node.home.rename(old)
    node.home = old


@pytest.mark.requirement("F18")
def test_a_command_that_looks_at_another_home_is_told_where_the_node_runs(
    node: RealNode, tmp_path: Path
) -> None:
    node.start()
    elsewhere = RealNode(tmp_path / "empty", "empty")
    said = elsewhere.run("doctor", "--quick", "--json")
    found = [one for one in json.loads(said.stdout)["findings"] if one["code"] == "home.elsewhere"]
    assert str(node.home) in [one["subject"] for one in found]
    assert "systemd" not in said.stdout
    node.stop()


@pytest.mark.requirement("F18")
def test_doctor_tells_of_a_variable_the_node_has_and_the_shell_has_not(
    node: RealNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as theirs:
        theirs.setattr("tests.process.nodes.environment", _with_level)
        node.start()
    found = codes(node)["config.differs"]
    assert found["what"] == "GATEPOST_LOG_LEVEL is debug in the node and unset here"
    node.stop()


def _with_level() -> dict[str, str]:
    return {**environment(), "GATEPOST_LOG_LEVEL": "debug"}


def test_looking_leaves_everything_as_it_was(node: RealNode) -> None:
    def all_of_it() -> dict[str, tuple[int, int, bytes]]:
        return {
            str(path): (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes())
            for path in sorted(node.home.rglob("*"))
            if path.is_file() and not path.name.endswith(("-shm", "-wal"))
        }

    before = all_of_it()
    node.do("doctor")
    node.do("doctor", "--lint", "--ignore", "node.down")
    assert all_of_it() == before
    assert os.listdir(node.places.run) == os.listdir(node.places.run)
