"""Real nodes for tests: a home directory and, while it runs, a process that is ended by its pid."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from gatepost import compose
from gatepost.config.paths import Layout, layout
from gatepost.core.views import AgentSpec, PeerView
from gatepost.sdk import blocking
from gatepost.sdk.blocking_operator import BlockingOperator

SOURCES = Path(__file__).resolve().parents[2] / "src"
PATIENCE = 20.0


def free_port() -> int:
    """A port on loopback that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RealNode:
    """One node of its own. `start` returns once it answers."""

    def __init__(self, home: Path, name: str, port: int | None = None) -> None:
        self.home = home
        self.name = name
        self.port = free_port() if port is None else port
        self.process: subprocess.Popen[str] | None = None
        self.said = ""
        self._program = ["-m", "gatepost"]

    @property
    def places(self) -> Layout:
        """The places of its home directory."""
        return layout(self.home)

    @property
    def endpoint(self) -> str:
        """Where its peers reach it."""
        return f"127.0.0.1:{self.port}"

    @property
    def trouble(self) -> list[str]:
        """What it said on stderr until it ended, but for what it found when it looked at itself.

        Tests leave messages that nobody reads and rules for peers that went, and turn the clock.
        """
        found = (" health.found ", " health.mended ")
        return [line for line in self.said.splitlines() if not any(word in line for word in found)]

    @property
    def operator(self) -> BlockingOperator:
        """Its operator's client; a context manager."""
        return blocking.connect_operator(home=self.home)

    def speaker(self, agent: str, patience: float = PATIENCE) -> blocking.BlockingClient:
        """An agent's client; a context manager."""
        return blocking.connect(home=self.home, agent=agent, patience=patience)

    def command(self, *words: str) -> list[str]:
        """The command line of a `gatepost` call on this home."""
        return [sys.executable, *self._program, "--home", str(self.home), *words]

    def run(self, *words: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever its exit code."""
        return subprocess.run(
            self.command(*words),
            capture_output=True,
            text=True,
            timeout=60,
            env=environment(),
            input=input,
        )

    def do(self, *words: str) -> str:
        """Run a command that must succeed; its stdout."""
        done = self.run(*words)
        if done.returncode != 0:
            raise AssertionError(f"{shlex.join(words)}: {done.returncode}\n{done.stderr}")
        return done.stdout

    def init(self) -> "RealNode":
        """Make the home directory, by the command."""
        self.do("init", "--name", self.name, "--listen", self.endpoint)
        return self

    def make(self) -> "RealNode":
        """Make the home directory, as the command does, without a process."""
        before = os.umask(0o077)
        try:
            compose.initialise(self.home, self.name, self.endpoint)
        finally:
            os.umask(before)  # a node's own is for it alone
        return self

    def launch(self) -> "RealNode":
        """Start the process; see `ready`."""
        self.process = subprocess.Popen(
            self.command("start"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        return self

    def ready(self) -> "RealNode":
        """Wait for the one line of a launched process."""
        assert self.process is not None
        if self.process.stdout is None or not self.process.stdout.readline().startswith("ready"):
            _, said = self.process.communicate(timeout=20)
            raise AssertionError(f"{self.name} did not start: {said}")
        return self

    def start(self) -> "RealNode":
        """Start the process and wait for its one line."""
        return self.launch().ready()

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self._read_last_words()

    def stop(self) -> int:
        """End it cleanly; its exit code. What it said on stderr is in `said`."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
            self._read_last_words()
        return self.process.returncode

    def restart(self) -> "RealNode":
        """Kill it and start it again."""
        self.kill()
        return self.start()

    def _read_last_words(self) -> None:
        assert self.process is not None
        _, said = self.process.communicate(timeout=30)
        self.said += said


def pair(inviter: RealNode, accepter: RealNode) -> None:
    """Pair two running nodes; each calls the other by its own name."""
    with inviter.operator as one, accepter.operator as other:
        other.accept(one.invite(accepter.name).text, inviter.name)


def add_agent(node: RealNode, name: str, **how: object) -> str:
    """Add an agent, by default one that polls; its name."""
    with node.operator as operator:
        operator.add_agent(AgentSpec(name=name, **how))  # pyright: ignore[reportArgumentType]
    return name


def until(operator: BlockingOperator, reached: Callable[[], object]) -> None:
    """Look again at every event of a node until `reached`; the test's own deadline ends it."""
    for _ in operator.events(recent=1, follow=True):
        if reached():
            return
    raise AssertionError("the node stopped before it came to that")


def peer(operator: BlockingOperator, alias: str) -> PeerView:
    """One peer as its operator sees it."""
    return next(view for view in operator.peers() if view.alias == alias)


def connected(node: RealNode, alias: str) -> None:
    """Wait until a node is in contact with a peer."""
    with node.operator as operator:
        until(operator, lambda: peer(operator, alias).state == "connected")


def environment() -> dict[str, str]:
    """What a node started by a test sees: this one's environment, with the sources and no home."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GATEPOST_")}
    return {**kept, "PYTHONPATH": str(SOURCES), "PYTHONWARNINGS": "error"}
