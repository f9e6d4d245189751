"""Real nodes for tests: a home directory and, while it runs, a process that is ended by its pid."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

SOURCES = Path(__file__).resolve().parents[2] / "src"


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

    def command(self, *words: str) -> list[str]:
        """The command line of a `gatepost` call on this home."""
        return [sys.executable, "-m", "gatepost", "--home", str(self.home), *words]

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, whatever its exit code."""
        return subprocess.run(
            self.command(*words), capture_output=True, text=True, timeout=60, env=environment()
        )

    def do(self, *words: str) -> str:
        """Run a command that must succeed; its stdout."""
        done = self.run(*words)
        if done.returncode != 0:
            raise AssertionError(f"{shlex.join(words)}: {done.returncode}\n{done.stderr}")
        return done.stdout

    def init(self) -> "RealNode":
        """Make the home directory."""
        self.do("init", "--name", self.name, "--listen", f"127.0.0.1:{self.port}")
        return self

    def start(self) -> "RealNode":
        """Start the process and wait for its one line."""
        self.process = subprocess.Popen(
            self.command("start"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        if self.process.stdout is None or not self.process.stdout.readline().startswith("ready"):
            _, said = self.process.communicate(timeout=20)
            raise AssertionError(f"{self.name} did not start: {said}")
        return self

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.communicate(timeout=20)

    def stop(self) -> int:
        """End it cleanly; its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate(timeout=30)
        return self.process.returncode


def pair(inviter: RealNode, accepter: RealNode) -> None:
    """Pair two running nodes; each calls the other by its own name."""
    invitation = inviter.do("peers", "invite", accepter.name, "--no-wait").strip()
    accepter.do("peers", "accept", invitation)


def environment() -> dict[str, str]:
    """What a node started by a test sees: this one's environment, with the sources and no home."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GATEPOST_")}
    return {**kept, "PYTHONPATH": str(SOURCES), "PYTHONWARNINGS": "error"}
