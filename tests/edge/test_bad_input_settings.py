"""Settings of a real node: edited by hand and by commands at once, broken, killed in the middle."""

import json
import random
import signal
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.core import pairing
from gatepost.core.views import MessagesQuery
from tests.process.nodes import RealNode, add_agent, environment, until
from tests.process.scene import WAIT

pytestmark = pytest.mark.process
DAY_MS = 86_400_000


def launch(node: RealNode, *words: str, **variables: str) -> RealNode:
    """Start a node with flags and an environment of its own."""
    node.process = subprocess.Popen(
        node.command("start", *words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**environment(), **variables},
    )
    return node.ready()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[RealNode]:
    made = RealNode(tmp_path / "home", "home").make()
    yield made
    made.kill()


@pytest.mark.requirement("F18")
def test_a_command_and_the_node_never_disagree_in_silence(node: RealNode) -> None:
    launch(node, "--set", "limits.run_seconds=9", GATEPOST_DELIVERY_EXPIRES="2h")
    said = node.run("config", "get", "delivery.expires")
    assert said.stdout == "2h\n" and "environment GATEPOST_DELIVERY_EXPIRES" in said.stderr
    said = node.run("config", "get", "limits.run_seconds", "--origin")
    assert said.stdout == "9   flag --set limits.run_seconds\n"
    said = node.run("config", "set", "delivery.expires", "3h")
    assert "has no effect: environment GATEPOST_DELIVERY_EXPIRES says otherwise" in said.stdout
    assert node.stop() == 0
    said = node.run("config", "get", "delivery.expires")
    assert said.stdout == "3h\n" and "the node is down" in said.stderr


def test_live_settings_count_at_once_and_others_are_pending(node: RealNode) -> None:
    node.start()
    add_agent(node, "main")
    with node.operator as operator, node.speaker("main") as main:
        done = operator.set_config(
            {
                "delivery.expires": "1d",
                "advertise": "node.example:7000",
                "listen": "127.0.0.1:1",
                "log.level": "info",
            }
        )
        assert {one.key: one.takes for one in done.settings} == {
            "listen": "restart",
            "advertise": "live",
            "delivery.expires": "live",
            "log.level": "live",
        }
        sent = main.send("main", "hello").id
        (row,) = operator.messages(MessagesQuery())
        assert (row.id, row.expires - row.created) == (sent, DAY_MS)
        invitation = pairing.parse_invitation(operator.invite("lab").text)
        assert invitation.endpoints == ("node.example:7000",)
        (pending,) = (line for line in operator.status().needs_you if "restart" in line)
        assert "listen" in pending
        assert operator.config().restart == ("listen",)
        add_agent(node, "slow", adapter="process", command=("sleep", "60"))
        operator.set_config({"limits.run_seconds": 1, "adapters.process.stop": "100ms"})
        late = main.ask("slow", "are you there?", wait=WAIT)
        assert (late.state, late.reason) == ("failed", "adapter.timeout")
        operator.pause("main")
    assert node.stop() == 0
    assert "node.paused" in node.said and "message.accepted" not in node.said


def test_a_file_broken_under_a_running_node_changes_nothing_until_it_is_mended(
    node: RealNode,
) -> None:
    node.start()
    with node.operator as operator:
        operator.set_config({"delivery.expires": "1d"})
        good = node.places.config.read_bytes()
        for broken in (b"\xff\xfe", b"name = = 1\n", b'listn = "x"\n', b"[delivery]\nexpires = 1"):
            node.places.config.write_bytes(broken)
            said = node.do("status")
            assert "gatepost.toml:" in said and "until it is mended" in said
            assert node.run("config", "set", "log.level", "info").returncode == 7
            assert node.run("config", "check").returncode == 7
            view = operator.config()
            assert view.fault and view.setting("delivery.expires").value == "1d"  # type: ignore[union-attr]
        node.places.config.unlink()
        assert "is gone" in operator.config().fault
        node.places.config.write_bytes(good.replace(b'"1d"', b'"2d"'))
        assert operator.config().setting("delivery.expires").value == "2d"  # type: ignore[union-attr]
        assert operator.config().fault == ""
        until(operator, lambda: not [x for x in operator.status().needs_you if "mended" in x])
    assert node.stop() == 0
    assert "config.broken" in node.said


def test_commands_at_once_killed_in_the_middle_leave_a_whole_file_and_lose_nothing_confirmed(
    node: RealNode, seed: int
) -> None:
    rng = random.Random(seed)
    keys = ("delivery.expires", "delivery.horizon", "store.keep_messages", "log.level")
    values = {key: ["2d", "3d", "4d", "5d"] for key in keys[:3]} | {
        "log.level": ["info", "debug", "error"]
    }
    expected: dict[str, set[str | None]] = {key: {None} for key in keys}
    for _ in range(3):
        calls: list[tuple[str, str, subprocess.Popen[str]]] = []
        for key in keys:
            value = rng.choice(values[key])
            command = node.command("config", "set", key, value, "--json")
            process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=environment(),
            )
            calls.append((key, value, process))
        victim = rng.choice(calls)[2]
        try:
            victim.wait(rng.uniform(0.05, 0.6))
        except subprocess.TimeoutExpired:
            victim.send_signal(signal.SIGKILL)
        for key, value, process in calls:
            out, said = process.communicate(timeout=60)
            if process.returncode == 0:
                expected[key] = {value}
                assert json.loads(out)["file"] == "gatepost.toml"
            elif process.returncode == -signal.SIGKILL:
                expected[key].add(value)  # it may have been written
            else:
                assert process.returncode == 7 and "config.changed" in said, said
        there = tomllib.loads(node.places.config.read_text())
        for key in keys:
            table, name = key.split(".")
            assert there.get(table, {}).get(name) in expected[key], key
        assert "# Where peers reach this node" in node.places.config.read_text()
    assert node.run("config", "check").returncode == 0


def test_an_editor_and_a_command_at_once_lose_neither(node: RealNode) -> None:
    node.start()
    base = json.loads(node.do("config", "check", "--json"))["hash"]
    path = node.places.config
    path.write_text(path.read_text() + '\n[log]\nlevel = "info"  # by hand\n')
    said = node.run("config", "set", "delivery.expires", "1d", "--base-hash", base)
    assert said.returncode == 7
    assert "log.level was warning (default), is info" in said.stderr
    node.do("config", "set", "delivery.expires", "1d")
    assert "# by hand" in path.read_text()
    node.do("config", "undo")
    assert "# by hand" in path.read_text() and "1d" not in path.read_text()
