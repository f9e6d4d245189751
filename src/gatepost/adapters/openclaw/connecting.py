"""What connects a gateway and a node: the plugin, its settings, and a question asked both ways.

Everything is done by the gateway's own command line, so its checks, its backups and its reload are
its own. Secrets travel on stdin, never in arguments that other users can read.
"""

import json
import subprocess
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final, cast
from urllib.parse import urlsplit

import msgspec

from gatepost.errors import GatepostError

PLUGIN: Final = "gatepost"
DIRECTORY: Final = Path(__file__).parent / "plugin"
HIDDEN: Final = "(hidden)"
PATIENCE: Final = 120.0
PROBE: Final = "gatepost_agents_list"


class Wish(msgspec.Struct, frozen=True):
    """What the plugin is told: where the node answers, and each agent's token."""

    socket: str
    agents: dict[str, str]

    def settings(self) -> dict[str, object]:
        """The entry of the plugin in the gateway's configuration."""
        return {"enabled": True, "config": {"socket": self.socket, "agents": self.agents}}


def page(entry: object) -> list[str]:
    """An entry as it is shown, tokens hidden."""
    return json.dumps(_hide(entry), indent=2, ensure_ascii=False).splitlines() if entry else []


def _hide(entry: object) -> object:
    if not isinstance(entry, dict):
        return entry
    whole = cast("dict[str, object]", entry)
    return {
        key: dict.fromkeys(cast("dict[str, object]", value), HIDDEN)
        if key == "agents" and isinstance(value, dict)
        else _hide(value)
        for key, value in whole.items()
    }


class Gateway:
    """The command line of one gateway. `environment` says which, as OpenClaw itself reads it."""

    def __init__(self, program: str, environment: Mapping[str, str]) -> None:
        self._program = program
        self._environment = dict(environment)

    def settle(self, wish: Wish) -> None:
        """Write the plugin's settings, agents that are not wished for taken out."""
        patch = {"plugins": {"entries": {PLUGIN: wish.settings()}}}
        at = f"plugins.entries.{PLUGIN}.config.agents"
        self._do(("config", "patch", "--stdin", "--replace-path", at), json.dumps(patch))

    def install(self) -> None:
        """Have the gateway load the plugin, at once when it runs."""
        self._do(("plugins", "install", "--link", "--force", str(DIRECTORY)))

    def remove(self) -> None:
        """Take the plugin and its settings out."""
        self._do(("plugins", "uninstall", PLUGIN, "--force", "--keep-files"))

    def _do(self, words: Sequence[str], text: str = "") -> None:
        shown = f"{self._program} {' '.join(words)}"
        try:
            done = subprocess.run(  # noqa: S603 - the command line the person named
                [self._program, *words],
                env=self._environment,
                input=text,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        except (OSError, subprocess.TimeoutExpired) as fault:
            raise GatepostError("openclaw.failed", what=f"`{shown}`", why=str(fault)) from fault
        if done.returncode:
            said = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
            why = said[-1][:300] if said else f"it ended with {done.returncode}"
            raise GatepostError("openclaw.failed", what=f"`{shown}`", why=why)


def probe(url: str, token: str, agent: str) -> None:
    """Have the gateway call a tool as `agent`; it must come back from the node.

    Raises `openclaw.failed`.
    """
    parts = urlsplit(url)
    line = HTTPConnection(parts.hostname or "127.0.0.1", parts.port, timeout=PATIENCE)
    body = json.dumps({"tool": PROBE, "args": {}, "agentId": agent})
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        line.request("POST", "/tools/invoke", body, headers)
        said = msgspec.json.decode(line.getresponse().read(), type=Invoked)
    except (OSError, HTTPException, msgspec.MsgspecError) as fault:
        why = str(fault) or type(fault).__name__
        raise GatepostError("openclaw.failed", what=f"asking as `{agent}`", why=why) from fault
    finally:
        line.close()
    text = said.result.content[0].text if said.result.content else ""
    if not said.ok or "node does not answer" in text:
        why = said.error.message or text.partition("\n")[0] or "the tool gave nothing back"
        raise GatepostError("openclaw.failed", what=f"asking as `{agent}`", why=why)


class Words(msgspec.Struct):
    """One part of what a tool gave back."""

    text: str = ""


class Given(msgspec.Struct):
    """What a tool gave back."""

    content: list[Words] = []


class Denied(msgspec.Struct):
    """Why a tool was not called."""

    message: str = ""


class Invoked(msgspec.Struct):
    """The gateway's answer to a call of a tool."""

    ok: bool = False
    result: Given = msgspec.field(default_factory=Given)
    error: Denied = msgspec.field(default_factory=Denied)
