"""What runs a process: found by looking at that process, never by what is usual on such a machine.

Of systemd only what a unit's own process shows counts: its control group is the unit, process 1 is
systemd, it has an invocation id, and no terminal. A shell in a terminal may stand in a unit's
group or inherit an invocation id, and is a foreground all the same. A container is known by what
stands around the process. What fits nothing is said to be unknown: no process manager is ever
assumed, and none is offered.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from gatepost.core.machine import Keeper
from gatepost.host.processes import Processes

_CONTAINER = re.compile(r"(docker|kubepods|containerd|libpod|crio|lxc|garden|ecs|buildkit)[-/.:]")
_MARKS = (".dockerenv", "run/.containerenv")
_LOGIN = re.compile(r"user@\d+\.service")
_SUPERVISORS = frozenset(
    {
        "supervisord",
        "runsv",
        "s6-supervise",
        "supervise",
        "supervise-daemo",
        "circusd",
        "dinit",
        "immortal",
        "monit",
        "God",
        "PM2",
        "node-pm2",
    }
)


def keeper(
    pid: int,
    processes: Processes,
    own: Mapping[str, str] | None = None,
    root: Path = Path("/"),
) -> Keeper:
    """What runs process `pid`. `own` is its environment where it is this very process."""
    environment = own if own is not None else processes.environment(pid)
    if not processes.seen:
        return _launchd(environment, os.getppid() if own is not None else 0) or Keeper()
    around = _container(pid, processes, environment, root)
    found = _look(pid, processes, environment, bool(around))
    evidence = (*found.evidence, *around)
    return msgspec.structs.replace(found, evidence=evidence, contained=bool(around))


def _look(
    pid: int, processes: Processes, environment: Mapping[str, str], contained: bool
) -> Keeper:
    parent, terminal = processes.parent(pid), processes.on_terminal(pid)
    found = _launchd(environment, parent)
    if found is None and not terminal:
        found = _systemd(pid, processes, environment)
    if found is not None:
        return found
    if contained and (pid == 1 or parent <= 1):
        return Keeper("container", "", ("nothing in the container stands above it",))
    for one in processes.ancestors(pid):
        if processes.name(one) in _SUPERVISORS:
            return Keeper("supervisor", processes.name(one), (f"process {one} started it",))
    if not terminal and parent <= 1:
        return Keeper("detached", "", ("no terminal, and its parent is process 1",))
    how = "it has a terminal" if terminal else f"process {parent} started it"
    return Keeper("foreground", processes.name(parent), (how,))


def _systemd(pid: int, processes: Processes, environment: Mapping[str, str]) -> Keeper | None:
    if processes.name(1) != "systemd" or not environment.get("INVOCATION_ID"):
        return None
    for path in processes.cgroups(pid):
        *above, leaf = path.strip("/").split("/")
        if leaf.endswith(".service") and not _LOGIN.fullmatch(leaf):
            user = "--user " if any(_LOGIN.fullmatch(one) for one in above) else ""
            return Keeper("systemd", user + leaf, (f"control group {path}", "an invocation id"))
    return None


def _launchd(environment: Mapping[str, str], parent: int) -> Keeper | None:
    job = environment.get("XPC_SERVICE_NAME", "")
    if parent != 1 or job in ("", "0") or job.startswith("application."):
        return None
    domain = "system" if os.getuid() == 0 else f"gui/{os.getuid()}"
    return Keeper("launchd", f"{domain}/{job}", (f"XPC_SERVICE_NAME is {job}",))


def _container(
    pid: int, processes: Processes, environment: Mapping[str, str], root: Path
) -> tuple[str, ...]:
    """What shows that a process is in a container; empty when nothing does."""
    found = [f"/{mark} is there" for mark in _MARKS if (root / mark).exists()]
    found += [f"control group {path}" for path in processes.cgroups(pid) if _CONTAINER.search(path)]
    if "KUBERNETES_SERVICE_HOST" in environment:
        found.append("KUBERNETES_SERVICE_HOST is set")
    told = processes.environment(1).get("container", "")
    if told:
        found.append(f"process 1 was told container={told}")
    return tuple(found)
