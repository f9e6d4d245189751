import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.config import paths
from gatepost.config.paths import check, create, exposed, layout, select_home
from gatepost.errors import GatepostError
from tests.unit.config.homes import new_home


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_flag_beats_the_environment_and_both_beat_the_users_data_directory(tmp_path: Path):
    environ = {"GATEPOST_HOME": str(tmp_path / "b")}
    assert select_home(str(tmp_path / "a"), environ) == tmp_path / "a"
    assert select_home("", environ) == tmp_path / "b"
    assert select_home("", {}).name == "gatepost"


def test_a_home_is_absolute_whatever_was_typed(monkeypatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    assert select_home("x/../y", {}) == tmp_path / "y"
    assert layout(Path("y")).home == tmp_path / "y"


def test_a_new_home_is_for_its_user_alone(tmp_path: Path):
    places = new_home(tmp_path)
    for directory in (places.home, places.keys, places.run, places.tokens):
        assert mode(directory) == 0o700
    for file in (places.config, places.policy, places.grants):
        assert mode(file) == 0o600
    check(places)
    assert exposed(places) == ()


def test_the_sockets_lie_in_run_when_their_path_is_short_enough(tmp_path: Path):
    places = layout(tmp_path / "h")
    assert places.sockets == places.run
    assert places.operator_socket == tmp_path / "h" / "run" / "operator.sock"


@pytest.fixture
def short() -> Iterator[Path]:
    """A directory whose path is short, wherever the tests run."""
    with tempfile.TemporaryDirectory(prefix="gp") as place:
        yield Path(place)


def test_the_sockets_of_a_long_home_move_to_the_runtime_directory(short: Path, monkeypatch):
    tmp_path = short
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    long = tmp_path / ("d" * 100)
    places = layout(long)
    assert places.sockets.parent == tmp_path / "gatepost"
    assert len(os.fsencode(places.operator_socket)) <= paths.SOCKET_BYTES
    create(places)
    assert mode(places.sockets) == mode(places.sockets.parent) == 0o700
    assert layout(long).sockets == places.sockets != layout(Path(f"{long}e")).sockets


def test_a_runtime_directory_that_is_too_long_itself_gives_way(short: Path, monkeypatch):
    tmp_path = short
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("r" * 100)))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    places = layout(tmp_path / ("d" * 100))
    assert places.sockets.parent == tmp_path / f"gatepost-{os.getuid()}"


def test_no_short_enough_directory_is_an_error_that_says_why(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / ("r" * 100)))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / ("t" * 100)))
    with pytest.raises(GatepostError, match="107 bytes"):
        layout(tmp_path / ("d" * 100))


def test_a_socket_directory_that_is_anothers_to_use_is_refused(short: Path, monkeypatch):
    tmp_path = short
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    places = layout(tmp_path / ("d" * 100))
    places.sockets.mkdir(parents=True)
    places.sockets.chmod(0o777)
    with pytest.raises(GatepostError) as caught:
        create(places)
    assert caught.value.code == "home.exposed"
    places.sockets.rmdir()
    places.sockets.parent.chmod(0o700)
    places.sockets.symlink_to(tmp_path)
    with pytest.raises(GatepostError) as caught:
        create(places)
    assert caught.value.code == "home.exposed"


def test_a_home_without_a_node_is_missing(tmp_path: Path):
    with pytest.raises(GatepostError) as caught:
        check(layout(tmp_path))
    assert caught.value.code == "home.missing"
    assert str(tmp_path) in caught.value.what


def test_a_home_that_cannot_be_made_is_unwritable(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GatepostError) as caught:
        create(layout(tmp_path / "file" / "home"))
    assert caught.value.code == "home.unwritable"
    assert "chmod" in caught.value.fix


def test_a_home_the_kernel_would_not_let_us_write_is_unwritable(tmp_path: Path, monkeypatch):
    places = new_home(tmp_path)
    if os.getuid():
        places.home.chmod(0o500)
    else:  # the kernel lets root write anywhere
        monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(GatepostError) as caught:
        check(places)
    places.home.chmod(0o700)
    assert caught.value.code == "home.unwritable"


@pytest.mark.parametrize("what", ["home", "keys", "key", "token"])
def test_a_home_that_others_can_read_is_exposed_and_the_fix_closes_it(tmp_path: Path, what: str):
    places = new_home(tmp_path)
    key, token = places.keys / "node.key", places.tokens / "bob"
    for secret in (key, token):
        secret.touch(0o600)
    found = {"home": places.home, "keys": places.keys, "key": key, "token": token}[what]
    found.chmod(found.stat().st_mode | 0o044)
    with pytest.raises(GatepostError) as caught:
        check(places)
    assert (caught.value.code, caught.value.where) == ("home.exposed", str(found))
    assert caught.value.fix == f"chmod -R go-rwx {places.home}"
    assert os.system(caught.value.fix) == 0
    check(places)
