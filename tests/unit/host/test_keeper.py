"""What runs a process: told from what stands below /proc, on machines of every kind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gatepost.host.keeper import keeper
from gatepost.host.processes import Processes

NODE = 811


class Machine:
    """A machine as its /proc shows it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.proc = root / "proc"
        self.add(1, "systemd", 0)

    def add(
        self, pid: int, name: str, parent: int, tty: int = 0, cgroup: str = "/", **environ: str
    ) -> "Machine":
        place = self.proc / str(pid)
        place.mkdir(parents=True, exist_ok=True)
        (place / "comm").write_text(f"{name}\n")
        (place / "stat").write_text(f"{pid} ({name} (x) y) S {parent} {pid} {pid} {tty} -1 0\n")
        (place / "cgroup").write_text(f"0::{cgroup}\n")
        pairs = "".join(f"{key}={value}\0" for key, value in environ.items())
        (place / "environ").write_text(pairs)
        return self

    def file(self, path: str) -> "Machine":
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).touch()
        return self

    def kind(self) -> tuple[str, str]:
        found = keeper(NODE, Processes(self.proc), root=self.root)
        return found.kind, found.name

    def restart(self) -> str:
        return keeper(NODE, Processes(self.proc), root=self.root).restart


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_systemd_unit(machine: Machine) -> None:
    unit = "/system.slice/gatepost.service"
    machine.add(NODE, "gatepost", 1, cgroup=unit, INVOCATION_ID="8a")
    assert machine.kind() == ("systemd", "gatepost.service")
    assert machine.restart() == "systemctl restart gatepost.service"


def test_a_unit_of_the_user(machine: Machine) -> None:
    unit = "/user.slice/user-1000.slice/user@1000.service/app.slice/gatepost.service"
    machine.add(700, "systemd", 1).add(NODE, "gatepost", 700, cgroup=unit, INVOCATION_ID="8a")
    assert machine.kind() == ("systemd", "--user gatepost.service")
    assert machine.restart() == "systemctl --user restart gatepost.service"


def test_a_wrapper_script_within_a_unit(machine: Machine) -> None:
    unit = "/system.slice/gatepost.service"
    machine.add(800, "sh", 1, cgroup=unit)
    machine.add(NODE, "gatepost", 800, cgroup=unit, INVOCATION_ID="8a")
    assert machine.kind() == ("systemd", "gatepost.service")


def test_a_terminal_whose_emulator_is_a_unit_is_a_foreground_all_the_same(
    machine: Machine,
) -> None:
    unit = "/user.slice/user-1000.slice/user@1000.service/app.slice/gnome-terminal-server.service"
    machine.add(800, "bash", 1, tty=34816, cgroup=unit)
    machine.add(NODE, "gatepost", 800, tty=34816, cgroup=unit, INVOCATION_ID="inherited")
    assert machine.kind() == ("foreground", "bash")
    assert "Ctrl-C" in machine.restart()


def test_a_login_shell_is_no_unit_though_systemd_is_process_1(machine: Machine) -> None:
    scope = "/user.slice/user-1000.slice/session-4.scope"
    machine.add(800, "zsh", 1, tty=34816, cgroup=scope)
    machine.add(NODE, "gatepost", 800, tty=34816, cgroup=scope)
    assert machine.kind() == ("foreground", "zsh")


def test_a_command_over_ssh_stands_in_the_unit_of_sshd_and_is_not_run_by_it(
    machine: Machine,
) -> None:
    unit = "/system.slice/sshd.service"
    machine.add(800, "sshd", 1, cgroup=unit).add(NODE, "gatepost", 800, cgroup=unit)
    assert machine.kind() == ("foreground", "sshd")


@pytest.mark.requirement("F18")
@pytest.mark.parametrize(
    ("mark", "cgroup", "environ"),
    [
        (".dockerenv", "/", {}),
        ("run/.containerenv", "/", {}),
        ("", "/kubepods.slice/kubepods-pod1.slice/cri-containerd-ab.scope", {}),
        ("", "/system.slice/docker-0123.scope", {}),
        ("", "/", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}),
    ],
)
def test_a_container_is_known_by_what_stands_around_and_is_offered_no_process_manager(
    machine: Machine, mark: str, cgroup: str, environ: dict[str, str]
) -> None:
    machine.add(1, "gatepost", 0, 0, cgroup, **environ)
    machine.add(NODE, "gatepost", 1, 0, cgroup, **environ)
    if mark:
        machine.file(mark)
    assert machine.kind() == ("container", "")
    assert machine.restart() == "restart the container"
    assert "systemd" not in machine.restart()


def test_a_pod_that_inherits_an_invocation_id_is_still_a_container(machine: Machine) -> None:
    machine.add(1, "tini", 0).file(".dockerenv")
    machine.add(NODE, "gatepost", 1, cgroup="/system.slice/x.service", INVOCATION_ID="8a")
    assert machine.kind() == ("container", "")


def test_a_shell_within_a_container_is_a_foreground_there(machine: Machine) -> None:
    machine.add(1, "sleep", 0).file(".dockerenv").add(800, "bash", 0, tty=34816)
    machine.add(NODE, "gatepost", 800, tty=34816)
    assert machine.kind() == ("foreground", "bash")
    assert keeper(NODE, Processes(machine.proc), root=machine.root).contained


def test_systemd_within_a_container_is_systemd(machine: Machine) -> None:
    machine.add(1, "systemd", 0, container="systemd-nspawn")
    machine.add(NODE, "gatepost", 1, cgroup="/system.slice/gatepost.service", INVOCATION_ID="8a")
    assert machine.kind() == ("systemd", "gatepost.service")


@pytest.mark.parametrize("name", ["supervisord", "runsv", "s6-supervise", "circusd"])
def test_a_supervisor_is_named(machine: Machine, name: str) -> None:
    machine.add(1, "init", 0).add(500, name, 1).add(800, "sh", 500).add(NODE, "gatepost", 800)
    assert machine.kind() == ("supervisor", name)


def test_a_launchd_job_is_known_by_its_name_and_its_parent(machine: Machine) -> None:
    machine.add(1, "launchd", 0)
    machine.add(NODE, "gatepost", 1, XPC_SERVICE_NAME="example.gatepost")
    kind, name = machine.kind()
    assert kind == "launchd"
    assert name.endswith("/example.gatepost")
    assert machine.restart().startswith("launchctl kickstart -k ")


def test_a_terminal_of_a_mac_is_no_job(machine: Machine) -> None:
    machine.add(1, "launchd", 0).add(800, "zsh", 1, tty=34816)
    machine.add(NODE, "gatepost", 800, tty=34816, XPC_SERVICE_NAME="0")
    assert machine.kind() == ("foreground", "zsh")


def test_what_lost_its_terminal_runs_on_its_own(machine: Machine) -> None:
    machine.add(1, "init", 0).add(NODE, "gatepost", 1)
    assert machine.kind() == ("detached", "")


def test_where_nothing_can_be_seen_nothing_is_claimed(tmp_path: Path) -> None:
    found = keeper(NODE, Processes(tmp_path / "none"), root=tmp_path)
    assert found.kind == ""
    assert "systemctl" not in found.restart


def test_a_real_child_is_in_the_foreground_of_who_started_it() -> None:
    if not Processes().seen:
        pytest.skip("this machine shows no processes")
    wait = [sys.executable, "-c", "import sys; print('up', flush=True); sys.stdin.read()"]
    with subprocess.Popen(wait, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        found = keeper(child.pid, Processes())
        assert Processes().parent(child.pid) == os.getpid()
        assert found.kind in ("foreground", "systemd", "supervisor")  # as the tests themselves run
        child.communicate(b"")
