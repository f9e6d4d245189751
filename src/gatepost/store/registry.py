"""Agents, tokens and the node's own marks (its life): the only SQL that knows these tables."""

import apsw
import msgspec

from gatepost.core.records import TokenRow
from gatepost.core.views import AgentSpec
from gatepost.store.rows import rows
from gatepost.store.writer import Writer

_TOKEN = TokenRow.__struct_fields__


class Registry:
    """Rows of `agent`, `token` and `meta`.

    Writes join the current batch; reads see what is committed.
    """

    def __init__(self, writer: Writer, reader: apsw.Connection) -> None:
        self._write = writer.write
        self._reader = reader

    def save_agent(self, spec: AgentSpec, added: int) -> None:
        """Keep an agent, new or changed."""
        self._write(
            "INSERT OR REPLACE INTO agent (name, spec, added) VALUES (?, ?, ?)",
            (spec.name, msgspec.json.encode(spec), added),
        )

    def drop_agent(self, name: str) -> None:
        """Forget an agent. Its messages stay."""
        self._write("DELETE FROM agent WHERE name = ?", (name,))

    def agents(self) -> list[AgentSpec]:
        """Every agent, in the order they were added."""
        found = self._reader.execute("SELECT spec FROM agent ORDER BY added, name")
        return [
            msgspec.json.decode(spec, type=AgentSpec)
            for (spec,) in found
            if isinstance(spec, bytes)
        ]

    def save_token(self, row: TokenRow) -> None:
        """Keep a token (its hash)."""
        self._write(
            "INSERT OR REPLACE INTO token (id, agent, hash, note, created) VALUES (?, ?, ?, ?, ?)",
            msgspec.structs.astuple(row),
        )

    def drop_token(self, id: str) -> None:
        """Revoke a token."""
        self._write("DELETE FROM token WHERE id = ?", (id,))

    def tokens(self) -> list[TokenRow]:
        """Every token."""
        sql = f"SELECT {', '.join(_TOKEN)} FROM token ORDER BY created"
        return list(rows(self._reader, TokenRow, sql))

    def set_mark(self, key: str, value: str) -> None:
        """Set one of the node's marks."""
        self._write("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))

    def mark(self, key: str) -> str:
        """One of the node's marks, "" when it was never set."""
        found = self._reader.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchall()
        return str(found[0][0]) if found else ""
