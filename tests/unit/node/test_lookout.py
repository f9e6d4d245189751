"""A disk that runs low holds the node before it stops it, and lets it go again."""

from pathlib import Path

import pytest

from gatepost.node.configbook import ConfigBook
from gatepost.node.lawbook import LawFiles
from gatepost.node.lookout import EVERY, Lookout
from tests.unit.config.homes import new_home
from tests.unit.node.stage import Stage

MIB = 1024 * 1024


class Watched:
    """A node on the stage whose disk has `room` bytes left."""

    def __init__(self, at: Path) -> None:
        self.places = new_home(at)
        self.stage = Stage("home", "lab", keep_free=100 * MIB)
        node = self.stage.node("home")
        self.room = 200 * MIB
        law = LawFiles(self.places, node.clock, ("home", node.guard.node))
        self.book = ConfigBook(self.places, {})
        self.lookout = Lookout(node, law, self.book, self.places, node.clock, lambda: self.room)
        self.lookout.start()

    def look(self) -> None:
        self.stage.run(EVERY + 0.1)


@pytest.fixture
def home(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_a_node_with_little_room_takes_nothing_in_says_why_and_goes_on_by_itself(
    home: Watched,
) -> None:
    stage = home.stage
    worker = stage.worker("home", "bob")
    waiting = stage.submit("home", "main", "bob@lab").id
    home.room = 90 * MIB
    home.look()
    assert stage.refused("home", "main", "bob@lab").code == "store.full"
    assert stage.refused("home", "main", "bob").code == "store.full"
    status = stage.node("home").overview.status()
    assert status.state == "paused"
    assert any("store.keep_free" in line for line in status.needs_you)
    sent = stage.submit("lab", "bob", "bob@home").id
    stage.run(30)
    assert stage.state("lab", sent) == "accepted"  # it waits there; nothing is refused
    assert worker.ids == []
    home.room = 120 * MIB
    home.look()
    stage.until(lambda: sent in worker.ids, 900)
    assert stage.submit("home", "main", "bob@lab").state == "accepted"
    assert stage.node("home").overview.status().needs_you == ()
    kinds = [event.kind for event in stage.node("home").events.recent()]
    assert kinds.count("disk.low") == 1 and kinds.count("disk.enough") == 1
    assert stage.state("home", waiting) in ("accepted", "received")


def test_the_bound_may_be_changed_while_the_disk_is_low(home: Watched) -> None:
    home.room = 90 * MIB
    home.look()
    home.stage.node("home").settings.keep_free = 10 * MIB
    home.look()
    assert home.stage.submit("home", "main", "bob").state == "accepted"


def test_a_low_disk_pauses_no_node_over_a_restart(home: Watched) -> None:
    home.room = 0
    home.look()
    home.lookout.stop()
    home.stage.crash("home")
    home.stage.boot("home")
    assert home.stage.submit("home", "main", "bob").state == "accepted"


def test_a_look_that_fails_is_not_the_last_one(home: Watched) -> None:
    def gone() -> int:
        raise FileNotFoundError(2, "the home is gone for a moment")

    home.lookout._room = gone
    with pytest.raises(FileNotFoundError):
        home.look()
    home.lookout._room = lambda: 0
    home.look()
    assert home.stage.refused("home", "main", "bob").code == "store.full"


def test_the_settings_are_looked_at_too(home: Watched) -> None:
    home.places.config.write_text('name = "home"\n[delivery]\nexpires = "5h"\n')
    home.look()
    assert home.book.settings.delivery.expires == 5 * 3_600_000
