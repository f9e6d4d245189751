"""The next key takes over on real nodes: peers follow, what waited goes, a thief is nobody."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.core.message import InboxQuery
from tests.process.nodes import RealNode, add_agent, connected, pair, peer, until

pytestmark = pytest.mark.process


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[tuple[RealNode, RealNode, str]]:
    """`home` and `lab`, running and paired, and the recovery kit of lab."""
    home, lab = RealNode(tmp_path / "home", "home"), RealNode(tmp_path / "lab", "lab")
    home.make().start()
    made = json.loads(lab.do("init", "--name", "lab", "--listen", lab.endpoint, "--json"))
    lab.start()
    try:
        pair(home, lab)
        connected(home, "lab")
        yield home, lab, made["kit"]
    finally:
        home.kill()
        lab.kill()


@pytest.mark.requirement("T10", "T11")
def test_after_a_theft_the_owner_takes_the_node_back_and_the_thief_is_nobody(
    nodes: tuple[RealNode, RealNode, str], tmp_path: Path
) -> None:
    home, lab, kit = nodes
    add_agent(home, "main")
    poller = add_agent(lab, "bob")
    lab.do("policy", "grant", "main@home", "delegate", "bob")
    with home.speaker("main") as main:
        waits = main.delegate("bob@lab", "work on it").id
        assert lab.stop() == 0
        loot = tmp_path / "loot"
        shutil.copytree(lab.home / "keys", loot)
        (lab.home / "keys" / "node.key").unlink()
        refused = lab.run("start")
        assert "gatepost keys recover" in refused.stderr
        done = lab.run("keys", "recover", "-", input=f"{kit}\n")
        assert done.returncode == 0, done.stderr
        following = done.stdout.strip()
        assert following.startswith("gpr1-") and following != kit
        lab.start()
        connected(home, "lab")
        with lab.speaker(poller) as bob:
            (run,) = bob.inbox(InboxQuery(wait=20.0))
            bob.reply(run.id, "after all", kind="done")
        assert main.check(waits, 20.0).text == "after all"
    assert lab.stop() == 0
    mine = tmp_path / "mine"
    shutil.move(lab.home / "keys", mine)
    shutil.copytree(loot, lab.home / "keys")
    lab.start()
    with home.operator as operator:
        until(operator, lambda: peer(operator, "lab").state != "connected")
    thief = lab.run("peers", "ping", "home", "--wire")
    assert thief.returncode == 5
    assert lab.stop() == 0
    shutil.rmtree(lab.home / "keys")
    shutil.move(mine, lab.home / "keys")
    assert lab.run("keys", "rotate", following, "--json").returncode == 0
    lab.start()
    connected(home, "lab")
