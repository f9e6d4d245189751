"""Settings on the command line: with the node up and down, changed, stale, undone, wrong."""

import json
from pathlib import Path

import pytest

from gatepost.config.files import editing
from gatepost.config.paths import Layout
from gatepost.core.views import Pruned
from gatepost.node.configbook import ConfigBook
from tests.unit.cli.fakes import FakeNode
from tests.unit.cli.terminal import Terminal
from tests.unit.config.homes import new_home


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: Terminal) -> Layout:
    places = new_home(tmp_path)
    monkeypatch.setenv("GATEPOST_HOME", str(places.home))
    return places


@pytest.fixture
def running(home: Layout, node: FakeNode) -> ConfigBook:
    node.book = ConfigBook(home, {"GATEPOST_LOG_LEVEL": "info"})
    return node.book


DOWN = "the node is down"


def test_an_unset_key_prints_its_default_and_says_that_it_is_the_default(
    terminal: Terminal, running: ConfigBook
) -> None:
    said = terminal.type("config get delivery.expires")
    assert (said.code, said.out) == (0, "3d\n")
    assert "default: nothing sets it" in said.err and DOWN not in said.err
    assert terminal.type("config get delivery.expires --origin").out == "3d   default\n"
    assert "and it is empty" in terminal.type("config get operator.listen").err


def test_a_set_key_says_its_file_and_line(terminal: Terminal, running: ConfigBook) -> None:
    said = terminal.type("config get listen --origin")
    assert said.out == "127.0.0.1:7443   gatepost.toml:7\n"
    assert "from    environment GATEPOST_LOG_LEVEL" in terminal.type("config get log.level").err


def test_with_the_node_down_the_files_answer_and_it_is_said(
    terminal: Terminal, home: Layout
) -> None:
    for line in ("config get listen", "config list", "config check"):
        said = terminal.type(line)
        assert said.code == 0 and DOWN in said.err
    said = terminal.type("config set delivery.expires 2h")
    assert "3d → 2h   gatepost.toml:13   counts when the node starts" in said.out
    assert DOWN in said.err and "undo    gatepost config undo" in said.err
    assert terminal.type("config undo").out.startswith("delivery.expires  2h → 3d")


@pytest.mark.requirement("F18")
def test_what_another_environment_says_is_not_what_the_node_runs_by(
    terminal: Terminal, running: ConfigBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEPOST_DELIVERY_EXPIRES", "1h")
    said = terminal.type("config get delivery.expires")
    assert said.out == "3d\n"
    assert "GATEPOST_DELIVERY_EXPIRES is `1h` here; the node runs without that" in said.err
    monkeypatch.setenv("GATEPOST_DELIVERY_EXPIRES", "72h")
    assert "note" not in terminal.type("config get delivery.expires").err
    monkeypatch.setenv("GATEPOST_DELIVERY_EXPIRES", "rubbish")
    assert "`rubbish` here" in terminal.type("config list").err


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("config get delivery.expire", 7, "did you mean `delivery.expires`?"),
        ("config get delivery", 7, "`delivery.expires` or `delivery.horizon`"),
        ("config set delivry.expires 1h", 7, "did you mean `delivery.expires`"),
        ("config set delivery.expires 5", 7, "a number with a unit"),
        ("config set log.level loud", 7, "one of: debug"),
        ("config set name '[\"x\"]'", 7, "must be a text"),
        ("config set limits.run_seconds true", 7, "a whole number"),
        ("config set listen 127.0.0.1:0", 7, "HOST:PORT"),
        ("config unset nothing", 7, "no setting"),
        ("config patch [1]", 2, "JSON object"),
        ("config patch '{'", 2, "JSON object"),
        ("config patch '{\"log\": 3}'", 7, "`log.level`"),
        ('config patch \'{"log": {"levl": "info"}}\'', 7, "`log.level`"),
        ("config set log.level info --base-hash abc", 2, "64 characters"),
        ("config check /nowhere/gatepost.toml", 2, "no file"),
    ],
)
def test_what_is_wrong_is_refused_with_what_was_meant_and_changes_nothing(
    terminal: Terminal, running: ConfigBook, home: Layout, line: str, code: int, says: str
) -> None:
    before = home.config.read_bytes()
    said = terminal.type(line)
    assert (said.code, said.out) == (code, "")
    assert says in said.err
    assert home.config.read_bytes() == before


def test_a_deep_patch_is_refused_and_not_a_mistake_of_ours(
    terminal: Terminal, running: ConfigBook
) -> None:
    for text in ("[" * 100_000, '{"log":' * 5_000, "\x00", "", '{"a":1}' * 2, "9" * 5_000):
        said = terminal.type("config patch", stdin=text)
        assert said.code in (2, 7) and "bug" not in said.err
    assert terminal.type("config patch -", stdin=b"\xff\xfe").code == 2


def test_json_values_and_bare_words_mean_the_same(terminal: Terminal, running: ConfigBook) -> None:
    assert terminal.type("config set delivery.expires '\"5h\"'").code == 0
    assert "is that already" in terminal.type("config set delivery.expires 5h").out
    assert terminal.type("config set limits.run_seconds 60").code == 0
    assert running.settings.limits.run_seconds == 60


def test_a_running_node_takes_it_up_or_says_that_it_waits(
    terminal: Terminal, running: ConfigBook
) -> None:
    assert terminal.type("config set delivery.expires 5h").out.endswith("applied live\n")
    assert terminal.type("config set name lab").out.endswith("counts after a restart\n")
    said = terminal.type("config get name")
    assert said.out == "home\n"
    assert "from    gatepost.toml:4 at the start" in said.err
    assert "restart lab counts after one   gatepost.toml:4" in said.err
    assert "restart name = lab waits for one" in terminal.type("config list").err
    stronger = terminal.type("config set log.level debug").out
    assert "has no effect: environment GATEPOST_LOG_LEVEL says otherwise" in stronger


def test_a_broken_file_is_told_with_every_value(
    terminal: Terminal, running: ConfigBook, home: Layout
) -> None:
    home.config.write_text('name = "home"\nlisten = \n')
    said = terminal.type("config get name")
    assert said.out == "home\n"
    assert "broken  gatepost.toml:2: this is not TOML" in said.err
    assert "broken  gatepost.toml:2" in terminal.type("config list").err
    assert terminal.type("config check").code == 7
    assert terminal.type("config set name lab").code == 7


def test_a_stale_base_shows_what_changed_since(terminal: Terminal, running: ConfigBook) -> None:
    base = json.loads(terminal.type("config check --json").out)["hash"]
    terminal.type("config set delivery.expires 5h")
    said = terminal.type(f"config set delivery.expires 6h --base-hash {base[:12]}")
    assert (said.code, said.out) == (7, "")
    assert "error[config.stale]" in said.err
    assert "delivery.expires was 3d (default), is 5h" in said.err
    now = json.loads(terminal.type("config check --json").out)["hash"]
    assert f"gatepost config patch --base-hash {now}" in said.err
    done = terminal.type(f'config patch \'{{"delivery.expires": "6h"}}\' --base-hash {now} --json')
    assert json.loads(done.out)["settings"][0]["after"] == "6h"


def test_a_patch_changes_tables_and_takes_out_what_is_null(
    terminal: Terminal, running: ConfigBook
) -> None:
    terminal.type("config set delivery.horizon 9d")
    patch = {"delivery": {"expires": "5h", "horizon": None}, "limits.run_seconds": 5}
    said = terminal.type("config patch", stdin=json.dumps(patch))
    assert [line.split()[0] for line in said.out.splitlines()] == [
        "limits.run_seconds",
        "delivery.expires",
        "delivery.horizon",
    ]
    assert "no longer in gatepost.toml" in said.out


def test_list_is_rows_with_key_value_and_origin(terminal: Terminal, running: ConfigBook) -> None:
    rows = json.loads(terminal.type("config list --json").out)
    assert {"key": "listen", "value": "127.0.0.1:7443", "origin": "gatepost.toml:7"}.items() <= (
        next(row for row in rows if row["key"] == "listen").items()
    )
    assert all({"key", "value", "origin"} <= row.keys() for row in rows)
    changed = json.loads(terminal.type("config list --changed --json").out)
    assert [row["key"] for row in changed] == ["name", "listen", "log.level"]


def test_undo_with_nothing_to_undo_says_no(terminal: Terminal, running: ConfigBook) -> None:
    said = terminal.type("config undo")
    assert said.code == 1 and "no change by command" in said.out


def test_a_file_that_is_not_in_use_can_be_checked(
    terminal: Terminal, home: Layout, tmp_path: Path
) -> None:
    other = tmp_path / "other.toml"
    other.write_text('name = "x"\n')
    assert terminal.type(f"config check {other}").out == f"ok  {other}\n"
    other.write_text('name = "x"\nlistn = "y"\n')
    said = terminal.type(f"config check {other}")
    assert said.code == 7 and "other.toml:2" in said.err
    home.policy.write_text("[[rule]]\n")
    said = terminal.type("config check")
    assert said.code == 7 and "policy.toml:1" in said.err


def test_two_commands_at_once_are_told_apart(
    terminal: Terminal, running: ConfigBook, home: Layout
) -> None:
    with editing(home):
        said = terminal.type("config set delivery.expires 5h")
    assert said.code == 7 and "error[config.changed]" in said.err


def test_the_schema_is_json(terminal: Terminal) -> None:
    assert json.loads(terminal.type("config schema").out)["properties"]["listen"]
    one = terminal.type("config schema --json").out
    assert one.count("\n") == 1 and json.loads(one)["additionalProperties"] is False


def test_pruning_goes_on_until_nothing_is_left(terminal: Terminal, node: FakeNode) -> None:
    node.pruned = [Pruned(5000, 0, 1, more=True), Pruned(20, 7, 3)]
    said = terminal.type("messages prune --older 7d")
    assert said.out.splitlines() == [
        "pruned  5020 messages, 7 frames",
        "kept  3 as old: not ended for as long, or needed by a peer",
    ]
    assert ("prune", 7 * 86_400_000, False) in node.asked
    node.pruned = [Pruned(2, 0, 0)]
    assert terminal.type("messages prune --dry-run").out == "would go  2 messages, 0 frames\n"
    assert node.asked[-1] == ("prune", 0, True)
