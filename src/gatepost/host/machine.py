"""Implements the port Machine over the files, the kernel and the processes around one home."""

import os
import socket
from collections.abc import Callable, Mapping
from pathlib import Path

from gatepost.config.paths import Layout
from gatepost.core.health import Repair
from gatepost.core.machine import (
    DatabaseFacts,
    DiskFacts,
    Fault,
    HomeFacts,
    Keeper,
    KeysFacts,
    Listener,
    ProcessFacts,
)
from gatepost.core.views import AgentSpec
from gatepost.errors import GatepostError
from gatepost.host import disk, home, keys, listeners
from gatepost.host.keeper import keeper
from gatepost.host.processes import Processes

CONNECT = 2.0
_HIDDEN = "TOKEN"
"""A word in the names of variables whose values are nobody's business."""


class HostMachine:
    """The machine around the home `places`.

    `database` looks into the database, `command` tells why an agent's command cannot be started;
    `own` is the environment of this process.
    """

    def __init__(
        self,
        places: Layout,
        own: Mapping[str, str],
        database: Callable[[Path, bool], DatabaseFacts],
        command: Callable[[AgentSpec], str],
        processes: Processes | None = None,
    ) -> None:
        self._places = places
        self._own = own
        self._database = database
        self._processes = processes or Processes()
        self.command = command

    def home(self) -> HomeFacts:
        """The home directory and what lies in it."""
        return home.home_facts(self._places, self._processes)

    def elsewhere(self) -> tuple[tuple[str, int], ...]:
        """Other homes in which a node of this user runs, each with its process."""
        return home.elsewhere(self._places, self._processes)

    def keys(self) -> KeysFacts:
        """Whose keys lie there, or why they cannot be used."""
        try:
            return KeysFacts(keys.load(self._places.keys).node)
        except GatepostError as error:
            return KeysFacts("", Fault(error.code, error.what, error.why, str(self._places.keys)))

    def process(self) -> ProcessFacts:
        """The node's process, if there is one, and what runs it."""
        lock = self._places.run / "node.lock"
        holder, written = self._holder(lock), _written(lock)
        mute = tuple(
            (str(path), why)
            for path in (self._places.operator_socket, self._places.agent_socket)
            if (why := _mute(path))
        )
        answers = all(path != str(self._places.operator_socket) for path, _ in mute)
        given = self._processes.environment(holder)
        return ProcessFacts(
            holder=holder,
            holder_is=self._processes.name(holder),
            written=written,
            written_is=self._processes.name(written),
            answers=answers,
            mute=mute,
            keeper=self._keeper(holder),
            settings=tuple(
                sorted(
                    (name, value)
                    for name, value in given.items()
                    if name.startswith("GATEPOST_") and _HIDDEN not in name
                )
            ),
            settings_seen=bool(given),
        )

    def listener(self, address: str) -> Listener:
        """Who has the port of HOST:PORT."""
        return listeners.listener(address, self._processes)

    def disk(self, deep: bool) -> DiskFacts | None:
        """The file system, None when the home is gone; `deep` times a few real fsyncs."""
        return disk.disk(self._places.home, deep)

    def database(self, deep: bool) -> DatabaseFacts:
        """The database; `deep` reads all of it."""
        return self._database(self._places.database, deep)

    def repair(self, step: Repair) -> str:
        """Do one safe step; returns the command that takes it back."""
        return home.repair(self._places, step)

    def _keeper(self, pid: int) -> Keeper:
        """What runs the node; with no node, what surrounds this very command."""
        own = self._own if pid in (0, os.getpid()) else None
        return keeper(pid or os.getpid(), self._processes, own)

    def _holder(self, lock: Path) -> int:
        """The process that holds the lock.

        Read from the kernel's table: to try the lock oneself would, for that moment, keep a node
        from starting.
        """
        try:
            inode, real = lock.stat().st_ino, os.path.realpath(lock)
        except OSError:
            return 0
        for pid, of in self._processes.lock_holders():
            if of != inode:
                continue
            opened = list(self._processes.opened(pid))
            if not opened or real in opened:
                return pid
        return 0


def _written(lock: Path) -> int:
    try:
        text = lock.read_text(errors="replace").strip() if lock.is_file() else ""
    except OSError:
        return 0
    return int(text) if text.isascii() and text.isdigit() else 0


def _mute(path: Path) -> str:
    """Why a socket takes no connection, "" when it does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(CONNECT)
        try:
            probe.connect(str(path))
        except OSError as wrong:
            return (wrong.strerror or str(wrong)).lower()
    return ""
