"""A real OpenClaw gateway on loopback, with a folder, a port and a shell of its own."""

import http.client
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e_openclaw.install import OpenClaw
from tests.e2e_openclaw.model import NAME

TOKEN = "token-of-a-gateway-under-test"
STARTS = 120
ANSWERS = 60
STOPS = 30
PATIENCE = 120
SERVES = re.compile(r"listening on ws://.*\(PID (\d+)\)")
SANDBOX = Path(__file__).with_name("docker.py")
Config = dict[str, Any]


@dataclass
class Gateway:
    """One gateway. Its configuration is written whole, and read by it while it runs."""

    openclaw: OpenClaw
    root: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def config(self) -> Path:
        return self.root / "openclaw.json"

    @property
    def log(self) -> Path:
        return self.root / "gateway.log"

    @property
    def environ(self) -> dict[str, str]:
        """The environment of everything that is started here: `openclaw` is on its path."""
        kept = {name: value for name, value in os.environ.items() if "OPENCLAW" not in name}
        return {
            **kept,
            "OPENCLAW_STATE_DIR": str(self.root / "state"),
            "OPENCLAW_CONFIG_PATH": str(self.config),
            "OPENCLAW_HOME": str(self.root / "home"),
            "OPENCLAW_HIDE_BANNER": "1",
            "OPENCLAW_PATH_BOOTSTRAPPED": "1",  # the path stays as it is: our programs come first
            "NO_COLOR": "1",
            "PATH": f"{self.root / 'bin'}:{self.openclaw.node.parent}:{kept['PATH']}",
        }

    def write(self, config: Config) -> None:
        """Put a configuration in place of the one that is there, at once."""
        new = self.config.with_suffix(".new")
        new.write_text(json.dumps(config, indent=1))
        new.replace(self.config)

    def shell(self, line: str, ends: int = 0) -> str:
        """What an operator types here; its output. It must end with this exit code."""
        done = subprocess.run(
            ["sh", "-c", line], env=self.environ, cwd=self.root, capture_output=True, text=True,
            timeout=PATIENCE,
        )  # fmt: skip
        assert done.returncode == ends, f"{line}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def tell(self, agent: str, text: str) -> str:
        """Give an agent's main session a turn of its owner; what the agent says in the end."""
        body = {"model": f"openclaw/{agent}", "messages": [{"role": "user", "content": text}]}
        headers = {
            "Authorization": f"Bearer {TOKEN}",
            "Content-Type": "application/json",
            "x-openclaw-agent-id": agent,
            "x-openclaw-session-key": f"agent:{agent}:main",
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWERS)
        try:
            connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)
            said = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return str(said["choices"][0]["message"]["content"])

    def send(self, sender: str, target: str) -> dict[str, Any]:
        """Have one agent `sessions_send` to another's main session; what the tool answered."""
        arguments = {
            "sessionKey": f"agent:{target}:main",
            "message": "SAY received",
            "timeoutSeconds": 30,
        }
        said = self.tell(sender, f"USE sessions_send {json.dumps(arguments)}")
        start = said.find("{")
        assert said.startswith("TOOL SAID") and start > 0, said
        found = json.JSONDecoder().raw_decode(said, start)[0]
        return found["result"]["details"] if "result" in found else found

    def start(self) -> None:
        """Start it and wait until it is ready."""
        command = [str(self.openclaw.node), str(self.openclaw.program), "gateway", "run"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port)],
                env=self.environ, cwd=self.root, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        started = self.process

        def ready() -> bool:
            assert started.poll() is None, self.log.read_text()[-4000:]
            return self._ready()

        until(ready, STARTS, lambda: self.log.read_text()[-4000:])

    @property
    def pid(self) -> int:
        """The process that serves: not the one that was started, where that starts another."""
        told = SERVES.findall(self.log.read_text())
        assert self.process
        return int(told[-1]) if told else self.process.pid

    def restarts(self, act: Callable[[], object]) -> None:
        """Do what makes an older gateway start itself anew, and wait until the new one serves."""
        before = self.pid
        act()
        until(lambda: self.pid != before and self._ready(), STARTS, self.log.read_text)

    def stop(self) -> None:
        """End it by its own ids: the process that was started, and the one it became."""
        if self.process is None:
            return
        serving = self.pid
        for pid in {serving, self.process.pid}:
            if self._ours(pid):
                os.kill(pid, signal.SIGTERM)
        try:
            self.process.wait(STOPS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(STOPS)
        until(lambda: not self._ours(serving), STOPS, lambda: f"pid {serving} does not end")
        self.process = None

    def _ours(self, pid: int) -> bool:
        """True while this process is alive and runs with this gateway's own file."""
        try:
            environ = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False
        return f"OPENCLAW_CONFIG_PATH={self.config}".encode() in environ.split(b"\0")

    def _ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


@contextmanager
def gateway(openclaw: OpenClaw, root: Path, config: Config) -> Iterator[Gateway]:
    """A running gateway with this configuration, stopped at the end."""
    (root / "bin").mkdir(parents=True)
    _program(root / "bin/openclaw", str(openclaw.node), str(openclaw.program))
    _program(root / "bin/gatepost", sys.executable, "-m", "gatepost")
    _program(root / "bin/docker", sys.executable, str(SANDBOX), str(root / "containers"))
    _program(root / "bin/ssh", "sh", str(SANDBOX.with_name("ssh.sh")))
    made = Gateway(openclaw, root, config["gateway"]["port"])
    made.write(config)
    try:
        made.start()
        yield made
    finally:
        made.stop()


def _program(path: Path, *command: str) -> None:
    """Make a command of the operator's shell."""
    path.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
    path.chmod(0o755)


def config(model: str, port: int, agents: Config, root: Path) -> Config:
    """The least a gateway needs to run these agents with the model at `model`."""
    defaults = {
        "model": {"primary": f"stub/{NAME}"},
        "skipBootstrap": True,
        "heartbeat": {"every": "0m"},
        "workspace": str(root / "workspace"),
    }
    one = {
        "id": NAME, "name": NAME, "reasoning": False, "input": ["text"], "contextWindow": 200_000,
        "maxTokens": 4096, "cost": {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0},
    }  # fmt: skip
    provider = {"baseUrl": model, "apiKey": "none", "api": "openai-completions", "models": [one]}
    return {
        "gateway": {
            "mode": "local", "bind": "loopback", "port": port,
            "auth": {"mode": "token", "token": TOKEN},
            "http": {"endpoints": {"chatCompletions": {"enabled": True}}},
        },
        "agents": {**agents, "defaults": {**defaults, **agents.get("defaults", {})}},
        "models": {"mode": "merge", "providers": {"stub": provider}},
    }  # fmt: skip


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(true: Callable[[], bool], seconds: float, said: Callable[[], str]) -> None:
    """Ask again until it is true; `said` tells what was to be seen when it never is."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, said()
        threading.Event().wait(0.2)
