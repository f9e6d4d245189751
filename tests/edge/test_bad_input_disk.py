"""A disk that is full: the node says so, stays up, goes on by itself, loses nothing accepted."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from gatepost.core.message import File, InboxQuery
from gatepost.core.views import GrantIn
from gatepost.errors import GatepostError
from tests.process.nodes import RealNode, add_agent, connected, pair, until
from tests.process.scene import WAIT

pytestmark = pytest.mark.process
SIZE = 4 * 1024 * 1024
LARGE = 60 * 1024


class Disk:
    """A small file system of a test's own."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._ballast = place / "ballast"

    def fill(self, leave: int) -> None:
        """Take all space but so many bytes."""
        free = os.statvfs(self.place)
        with self._ballast.open("wb") as file:
            file.write(b"\0" * max(0, free.f_bavail * free.f_frsize - leave))

    def free(self) -> None:
        """Give it back."""
        self._ballast.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A tmpfs of a few MiB; only root may mount one."""
    place = tmp_path / "disk"
    place.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(place)]
    try:
        mounted = subprocess.run(mount, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if mounted.returncode:
        pytest.skip(f"no small disk can be mounted: {mounted.stderr.decode().strip()}")
    try:
        yield Disk(place)
    finally:
        subprocess.run(["umount", str(place)], check=True)


def at_the_edge(node: RealNode, keep_free: str = "0") -> RealNode:
    """Make a node that goes on until the disk is full, or until so much is left."""
    config = node.make().places.config
    config.write_text(f'{config.read_text()}\n[store]\nkeep_free = "{keep_free}"\n')
    return node


def sent_until_full(node: RealNode, agent: str, to: str) -> list[str]:
    """Send large files until the node refuses; what it accepted."""
    accepted: list[str] = []
    with node.speaker(agent, patience=2.0) as main:
        while len(accepted) < 1000:
            try:
                accepted.append(main.send(to, File(os.urandom(LARGE))).id)
            except GatepostError as full:
                assert full.code == "store.full"
                assert full.entry.retryable and full.http_status == 507
                return accepted
    raise AssertionError("the disk never was full")


@pytest.mark.requirement("P1")
def test_a_full_disk_is_said_and_when_there_is_space_everything_accepted_is_there(
    disk: Disk,
) -> None:
    node = at_the_edge(RealNode(disk.place / "home", "home")).start()
    with ExitStack() as stack:
        stack.callback(node.kill)
        add_agent(node, "main")
        add_agent(node, "other")
        assert node.process is not None
        pid = node.process.pid
        steady = stack.enter_context(node.speaker("main"))
        disk.fill(leave=10 * LARGE)
        accepted = sent_until_full(node, "main", "other")
        assert len(accepted) >= 3
        typed = node.run("send", "other", "me too", "--as", "main")
        assert (typed.returncode, typed.stdout) == (6, "")
        assert "error[store.full]" in typed.stderr and "nothing accepted is lost" in typed.stderr
        assert node.process.poll() is None
        disk.free()
        last = steady.send("other", "after")
        with node.operator as operator:
            assert operator.status().pid == pid
        seen: list[str] = []
        with node.speaker("other") as other:
            while last.id not in seen:
                runs = other.inbox(InboxQuery(wait=WAIT, seen=tuple(seen), limit=50))
                seen += [run.id for run in runs]
        assert sorted(seen) == sorted([*accepted, last.id])
        assert node.stop() == 0 and "Traceback" not in node.said


def test_a_node_started_on_a_full_disk_says_so_and_is_ready_once_there_is_space(
    disk: Disk,
) -> None:
    node = at_the_edge(RealNode(disk.place / "home", "home")).start()
    with ExitStack() as stack:
        stack.callback(node.kill)
        add_agent(node, "main")
        assert node.stop() == 0
        disk.fill(leave=0)
        node.launch()
        stack.callback(node.kill)
        typed = node.run("status")
        while typed.returncode == 8:  # it does not listen yet
            typed = node.run("status")
        assert typed.returncode == 6
        assert "error[store.full]" in typed.stderr or "error[store.failed]" in typed.stderr
        disk.free()
        node.ready()
        with node.speaker("main") as main:
            assert main.send("main", "here we are").state == "accepted"
        assert node.stop() == 0
        # Said once on its own terminal, however often it tried.
        assert node.said.count("error[") == 1
        assert "error[store." in node.said and "free disk space" in node.said
        assert "node.recovered" in node.said


def test_a_node_stops_taking_in_before_its_disk_is_full_and_the_bound_can_be_changed_live(
    disk: Disk,
) -> None:
    node = at_the_edge(RealNode(disk.place / "home", "home"), "1MiB").start()
    with ExitStack() as stack:
        stack.callback(node.kill)
        add_agent(node, "main")
        operator = stack.enter_context(node.operator)
        disk.fill(leave=1024 * 1024 // 2)
        until(operator, lambda: any(e.kind == "disk.low" for e in operator.events(200)))
        refused = node.run("send", "main", "hello", "--as", "main")
        assert refused.returncode == 6 and "store.keep_free" in refused.stderr
        assert "store.keep_free" in node.do("status")
        node.do("config", "set", "store.keep_free", "64KiB")
        until(operator, lambda: any(e.kind == "disk.enough" for e in operator.events(200)))
        assert node.run("send", "main", "hello", "--as", "main").returncode == 0
        assert node.stop() == 0
        assert "disk.low" in node.said and "error[" not in node.said


def test_what_goes_to_a_node_whose_disk_is_full_waits_and_arrives_once_in_order(
    disk: Disk, tmp_path: Path
) -> None:
    home = RealNode(tmp_path / "home", "home").make().launch()
    lab = at_the_edge(RealNode(disk.place / "lab", "lab")).launch()
    try:
        for node in (home, lab):
            node.ready()
            add_agent(node, "main")
        pair(home, lab)
        connected(home, "lab")
        with lab.operator as operator:
            operator.grant(GrantIn(sender="main@home", verbs=("send",), to="main"))
        disk.fill(leave=10 * LARGE)
        with home.speaker("main") as main:
            sent = [main.send("main@lab", File(os.urandom(LARGE), str(n))).id for n in range(20)]
            with home.operator as operator:
                until(operator, lambda: any(e.kind == "link.down" for e in operator.events(200)))
            states = {main.check(id).state for id in sent}
            assert states <= {"accepted", "received"} and "accepted" in states
            disk.free()
            connected(home, "lab")
            seen: list[str] = []
            with lab.speaker("main") as agent:
                while len(seen) < len(sent):
                    runs = agent.inbox(InboxQuery(wait=WAIT, seen=tuple(seen), limit=50))
                    seen += [run.id for run in runs]
                agent.inbox(InboxQuery(seen=tuple(seen)))
            assert seen == sent
            assert {main.check(id, WAIT).state for id in sent} == {"delivered"}
    finally:
        for node in (home, lab):
            node.kill()
