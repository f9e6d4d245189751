"""The settings of programs that speak MCP: where they lie, and our entry in them.

Texts in, texts out; whoever calls shows the difference and writes. What else stands in such a file
stays as it is; one that cannot be read for certain is not touched.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, cast

import msgspec
import tomlkit
import tomlkit.exceptions
from tomlkit.items import Table

from gatepost.errors import GatepostError

SERVER = "gatepost"
"""What our entry is called."""


class ClientFile(msgspec.Struct, frozen=True):
    """Where one client keeps its servers: a file under `~` or in the project, and the table."""

    path: str
    form: Literal["json", "toml"]
    table: str

    def place(self, home: Path, project: Path) -> Path:
        """The file for this user, or in this project."""
        under = self.path.removeprefix("~/")
        return (home if under != self.path else project) / under


CLIENTS: dict[str, ClientFile] = {
    "claude-code": ClientFile(".mcp.json", "json", "mcpServers"),
    "codex": ClientFile("~/.codex/config.toml", "toml", "mcp_servers"),
    "cursor": ClientFile("~/.cursor/mcp.json", "json", "mcpServers"),
    "gemini": ClientFile("~/.gemini/settings.json", "json", "mcpServers"),
    "vscode": ClientFile(".vscode/mcp.json", "json", "servers"),
}


def with_entry(client: ClientFile, text: str, where: str, command: Sequence[str]) -> str:
    """The file's text with our entry, which starts `command`. Raises `config.invalid`."""
    if client.form == "toml":
        return _toml(client, text, where, command)
    return _json(client, text, where, command)


def _json(client: ClientFile, text: str, where: str, command: Sequence[str]) -> str:
    try:
        whole: Any = json.loads(text) if text.strip() else {}
    except ValueError as wrong:
        raise _unreadable(where, str(wrong)) from wrong
    if not isinstance(whole, dict):
        raise _unreadable(where, "it is no JSON object")
    servers = cast("dict[str, object]", whole).setdefault(client.table, {})
    if not isinstance(servers, dict):
        raise _unreadable(where, f"`{client.table}` is no object")
    cast("dict[str, object]", servers)[SERVER] = {"command": command[0], "args": list(command[1:])}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _toml(client: ClientFile, text: str, where: str, command: Sequence[str]) -> str:
    try:
        document = tomlkit.parse(text)
    except tomlkit.exceptions.TOMLKitError as wrong:
        raise _unreadable(where, str(wrong)) from wrong
    if client.table not in document:
        document[client.table] = tomlkit.table(is_super_table=True)
    servers = document[client.table]
    if not isinstance(servers, Table):
        raise _unreadable(where, f"`{client.table}` is no table")
    entry = tomlkit.table()
    entry["command"] = command[0]
    entry["args"] = list(command[1:])
    servers[SERVER] = entry
    return tomlkit.dumps(document)


def _unreadable(where: str, why: str) -> GatepostError:
    return GatepostError("client.unreadable", what=f"{where} cannot be read", why=why, where=where)
