import os
from pathlib import Path

import pytest

from gatepost.config.files import editing, replace, write
from gatepost.core.origin import Document
from gatepost.errors import GatepostError
from tests.unit.config.homes import new_home


def test_two_commands_do_not_edit_one_home_at_once(tmp_path: Path):
    places = new_home(tmp_path)
    with editing(places):
        with pytest.raises(GatepostError) as caught, editing(places):
            raise AssertionError("both are in")
        assert caught.value.code == "config.changed"
    with editing(places):
        pass


def test_what_an_editor_saved_meanwhile_is_not_lost(tmp_path: Path):
    path = tmp_path / "policy.toml"
    path.write_text("theirs")
    with pytest.raises(GatepostError) as caught:
        replace(path, Document("policy.toml", "before"), Document("policy.toml", "ours"))
    assert caught.value.code == "config.changed"
    assert path.read_text() == "theirs"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch):
    path = tmp_path / "policy.toml"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(GatepostError, match="no space left"):
        write(path, "new")
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["policy.toml"]


def test_a_file_keeps_its_mode_and_a_link_stays_a_link(tmp_path: Path):
    path, link = tmp_path / "real.toml", tmp_path / "policy.toml"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    write(link, "new")
    assert link.is_symlink()
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)


def test_a_new_file_is_for_its_user_alone(tmp_path: Path):
    write(tmp_path / "x", "y")
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600


def test_a_home_that_cannot_be_locked_is_unwritable(tmp_path: Path):
    places = new_home(tmp_path)
    (places.run / "edit.lock").mkdir()
    with pytest.raises(GatepostError) as caught, editing(places):
        raise AssertionError("locked a directory")
    assert caught.value.code == "home.unwritable"
