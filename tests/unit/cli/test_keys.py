"""Keys at a terminal: nothing changes before the next kit is written down."""

import json
import os
from pathlib import Path

import pytest

from gatepost import compose
from gatepost.host.entropy import SystemEntropy
from gatepost.host.kit import show_kit
from gatepost.store.database import Lock
from tests.unit.cli.fakes import FakeNode
from tests.unit.cli.terminal import Said, Terminal

NEXT = bytes(range(32))


class Home:
    """A node that does not run, at a terminal. Its next keys are known."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = path
        self.terminal = Terminal(monkeypatch, FakeNode())
        before = os.umask(0o077)
        try:
            self.kit = compose.initialise(path, "home", "127.0.0.1:17443").kit
        finally:
            os.umask(before)
        monkeypatch.setattr(SystemEntropy, "bytes", lambda self, n: NEXT[:n])

    def type(self, line: str, stdin: str | None = None, *, watched: bool = False) -> Said:
        return self.terminal.type(f"{line} --home {self.path}", stdin, watched=watched)

    @property
    def number(self) -> int:
        return json.loads(self.type("keys show --json").out)["seq"]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    return Home(tmp_path / "home", monkeypatch)


@pytest.mark.parametrize("verb", ["rotate", "recover"])
def test_keys_change_once_the_last_group_of_the_next_kit_is_typed(home: Home, verb: str) -> None:
    following = show_kit(NEXT)
    last = following.rpartition("-")[2]
    said = home.type(f"keys {verb}", f"{home.kit}\n{last}\n", watched=True)
    assert said.code == 0, said.err
    assert following in said.err
    assert "number 2" in said.out
    assert home.number == 2


@pytest.mark.parametrize("typed", ["", "yes", "gpr1", "aaaaa"])
def test_without_it_nothing_changes_and_the_old_kit_stays_good(home: Home, typed: str) -> None:
    said = home.type("keys rotate", f"{home.kit}\n{typed}\n", watched=True)
    assert said.code == 1
    assert "nothing was changed" in said.err
    assert home.number == 1


def test_without_a_kit_nothing_is_asked_of_the_keys(home: Home) -> None:
    said = home.type("keys rotate", "\n", watched=True)
    assert (said.code, home.number) == (1, 1)


def test_a_program_gets_the_next_kit_alone_on_stdout(home: Home) -> None:
    said = home.type("keys rotate -", f"{home.kit}\n")
    assert (said.code, said.out) == (0, show_kit(NEXT) + "\n")
    assert home.kit not in said.err


def test_as_json_the_kit_stands_beside_the_keys(home: Home) -> None:
    said = home.type(f"keys rotate {home.kit} --json")
    found = json.loads(said.out)
    assert found["kit"] == show_kit(NEXT)
    assert found["keys"]["generation"] == 1


def test_a_running_node_keeps_its_keys(home: Home) -> None:
    lock = Lock(home.path / "run" / "node.lock")
    try:
        said = home.type(f"keys rotate {home.kit}")
    finally:
        lock.release()
    assert said.code == 6
    assert "keys.in_use" in said.err
    assert home.number == 1


def test_no_private_key_and_no_kit_is_ever_shown_by_show(home: Home) -> None:
    said = home.type("keys show")
    seed = (home.path / "keys" / "node.key").read_text().strip()
    for secret in (seed, home.kit, home.kit[5:].replace("-", "")):
        assert secret not in said.out + said.err
    assert str(home.path / "keys" / "record") in said.out
