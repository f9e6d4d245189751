"""What the CLI prints of settings, of what was pruned and of the log, kept as a transcript."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatepost.core.views import Pruned
from gatepost.node.configbook import ConfigBook
from tests.golden.test_cli import transcript
from tests.unit.cli.fakes import FakeNode
from tests.unit.cli.terminal import Said, Terminal
from tests.unit.config.homes import new_home


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


def test_settings(
    monkeypatch: pytest.MonkeyPatch,
    node: FakeNode,
    tmp_path: Path,
    golden: Callable[[str, str], None],
) -> None:
    terminal = Terminal(monkeypatch, node)
    places = new_home(tmp_path)
    monkeypatch.setenv("GATEPOST_HOME", str(places.home))
    pairs: list[tuple[str, Said]] = []

    def type_(*lines: str) -> None:
        pairs.extend((line, terminal.type(line)) for line in lines)

    type_("config get delivery.expires", "config set delivery.expires 24h", "config undo")
    node.book = ConfigBook(places, {"GATEPOST_LOG_LEVEL": "info"})
    type_("config get delivery.expires", "config get listen --origin", "config get delivery.expire")
    type_(
        "config set delivery.expires 24h", "config set listen 127.0.0.1:7444", "config get listen"
    )
    type_("config set log.level debug", "config list", "config list --changed --json")
    type_("""config patch '{"delivery": {"expires": null}, "limits.run_seconds": 600}'""")
    type_("config undo", "config set delivery.expires 24h", "config unset advertise")
    type_("config set delivery.expires soon --base-hash 5f2c9d40a1b7")
    places.config.write_text(places.config.read_text().replace('"home"', ""))
    type_("config get name", "config check", "config set name lab")
    node.pruned = [Pruned(312, 40, 3), Pruned(312, 40, 3)]
    type_("messages prune --older 7d --dry-run", "messages prune --older 7d")
    type_("log --kind messages.prun", "log --kind mesage", "log --level info")
    golden("cli/config.txt", transcript(*pairs))
