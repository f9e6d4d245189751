"""A real home directory with its real machine around it, to break and to mend."""

import os
import shlex
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import apsw
import msgspec
import pytest

from gatepost import __version__, compose
from gatepost.cli.app import main
from gatepost.config.paths import Layout, layout
from gatepost.core.health import Checkup, Finding
from gatepost.core.records import PeerRow
from gatepost.core.views import AgentSpec
from gatepost.node.health.catalogue import CHECKS
from gatepost.node.health.facts import Facts
from gatepost.node.health.judge import judge
from gatepost.node.health.survey import Survey
from gatepost.store.peers import SAVE_PEER
from tests.seeded import SeededKeys

NOW = 1_795_183_200_000
LAB = SeededKeys("lab", endpoints=("127.0.0.1:9",))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Place:
    """One home. `environ` is what the command that asks has; `later` undoes things at the end."""

    path: Path
    monkeypatch: pytest.MonkeyPatch
    environ: dict[str, str] = field(default_factory=dict[str, str])
    later: list[Callable[[], object]] = field(default_factory=list[Callable[[], object]])
    now: int = NOW

    @property
    def places(self) -> Layout:
        return layout(self.path)

    def make(self) -> "Place":
        before = os.umask(0o077)
        try:
            compose.initialise(self.path, "home", f"127.0.0.1:{free_port()}")
        finally:
            os.umask(before)
        return self

    def facts(self) -> Facts:
        survey = Survey(self.places, compose.machine(self.places), self.environ, __version__)
        return survey.look(self.now)

    def checkup(self) -> Checkup:
        return judge(self.facts(), CHECKS, deep=True)

    def found(self, code: str) -> list[Finding]:
        return [one for one in self.checkup().findings if one.code == code]

    def type(self, line: str) -> int:
        """Run a `gatepost …` line on this home."""
        word, *rest = shlex.split(line)
        assert word == "gatepost"
        return main([*rest, "--home", str(self.path)])

    def sql(self, statement: str, *values: object) -> None:
        connection = apsw.Connection(str(self.places.database))
        connection.execute(statement, values)  # pyright: ignore[reportArgumentType]
        connection.close()

    def policy(self, text: str) -> None:
        with self.places.policy.open("a") as file:
            file.write(text)

    def peer(self, **more: object) -> None:
        row = PeerRow(
            number=1,
            node=LAB.node,
            alias="lab",
            record=LAB.record_bytes,
            endpoint="",
            words="",
            paired=NOW,
        )
        self.sql(SAVE_PEER, *msgspec.structs.astuple(msgspec.structs.replace(row, **more)))

    def agent(self, name: str = "main", **more: object) -> None:
        spec = AgentSpec(name=name, **more)  # pyright: ignore[reportArgumentType]
        self.sql(
            "INSERT OR REPLACE INTO agent (name, spec, added) VALUES (?, ?, 0)",
            name,
            msgspec.json.encode(spec),
        )
        self.token(name)

    def token(self, name: str) -> None:
        """What `agents add` leaves for commands to find."""
        path = self.places.tokens / name
        if self.places.tokens.is_dir():
            path.write_text("gpt-0\n")
            path.chmod(0o600)

    def message(self, **more: object) -> None:
        """A message row as the node writes it."""
        row: dict[str, object] = {
            "seq": 1,
            "id": "01a3c2d1-7b1c-7a42-9c55-3f0e8a1b2c3d",
            "direction": "out",
            "peer": 1,
            "sender": "main",
            "recipient": "bob",
            "want": "answer",
            "conversation": "01a3c2d1-7b1c-7fff-8000-000000000001",
            "created": NOW,
            "expires": NOW + 1,
            "accepted": NOW,
            "slot": 0,
            "state": "accepted",
            "since": NOW,
            "reason": "",
            "by": "",
            "attempt": 0,
            "started": 0,
            "late": 0,
            "redelivered": 0,
            "request_key": "",
            "digest": b"",
            "ended": 0,
            **more,
        }
        names = ", ".join(row)
        self.sql(
            f"INSERT INTO message ({names}) VALUES ({', '.join('?' * len(row))})", *row.values()
        )
        self.sql("INSERT INTO body VALUES (?, ?, ?)", row["seq"], b"salt", b"data")

    def more_messages(self, count: int) -> None:
        """As many more like the first, each with its text."""
        connection = apsw.Connection(str(self.places.database))
        with connection:
            names = [row[1] for row in connection.execute("PRAGMA table_info(message)")]
            rest = ", ".join(str(name) for name in names if name not in ("seq", "id"))
            for n in range(2, count + 2):
                connection.execute(
                    f"INSERT INTO message (seq, id, {rest}) SELECT {n}, 'm{n}', {rest}"
                    " FROM message WHERE seq = 1"
                )
                connection.execute("INSERT INTO body VALUES (?, x'00', x'00')", (n,))
        connection.close()
