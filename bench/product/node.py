"""One real node: a home directory made by `gatepost init`, a process run by `gatepost start`.

Everything goes through the command line a stranger would use. Ready is when `gatepost start` says
so, measured from the moment the process is started; a `gatepost status` then confirms it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path
from time import monotonic

from bench.child import ROOT, Child, ChildFailed, environment, python
from bench.ports import LOOPBACK, free_port
from bench.product.policy import POLICY

_COMMAND_S = 60.0
_READY_S = 60.0


class GatepostNode:
    """A node in `work/name`. `start` may be called again after `stop`."""

    def __init__(self, name: str, work: Path) -> None:
        self.name = name
        self.home = work / name
        self.port = free_port()
        self._work = work
        self._process: Child | None = None
        self.command("init", "--name", name, "--listen", f"{LOOPBACK}:{self.port}")
        (self.home / "policy.toml").write_text(POLICY)

    @property
    def pid(self) -> int:
        return self._running().pid

    def command(self, *arguments: str) -> str:
        """What one `gatepost` command says on stdout; ChildFailed when it fails."""
        full = python("gatepost", "--home", str(self.home), *arguments)
        try:
            done = subprocess.run(
                full,
                cwd=ROOT,
                env=environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_COMMAND_S,
            )
        except subprocess.TimeoutExpired as late:
            raise ChildFailed(f"gatepost {arguments[0]} took over {_COMMAND_S:.0f} s") from late
        if done.returncode:
            said = (done.stderr or done.stdout).strip()[-1500:]
            raise ChildFailed(f"gatepost {' '.join(arguments)} gave {done.returncode}:\n{said}")
        return done.stdout.strip()

    def start(self) -> float:
        """Start the process; seconds until it was ready."""
        command = python("gatepost", "--home", str(self.home), "start")
        began = monotonic()
        self._process = Child(f"node-{self.name}", command, self._work)
        try:
            self._process.line(_READY_S)
            ready = monotonic() - began
            self.command("status")
        except BaseException:
            self.stop()
            raise
        return ready

    def stop(self) -> None:
        if self._process is not None:
            self._process.stop()
            self._process = None

    def pair(self, other: GatepostNode) -> None:
        """One invitation from here, accepted there; both nodes must run."""
        invitation = self.command("peers", "invite", other.name).splitlines()[-1]
        other.command("peers", "accept", invitation)

    def _running(self) -> Child:
        if self._process is None:
            raise ChildFailed(f"node {self.name} does not run")
        return self._process
