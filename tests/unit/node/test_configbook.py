"""The settings under a running node: taken up live, waiting for a restart, broken, undone."""

from pathlib import Path

import pytest

from gatepost.config.change import hash_of
from gatepost.config.files import write
from gatepost.config.schema import HOUR, Settings
from gatepost.config.sources import read_document
from gatepost.core.configured import ConfigPatch, SettingView
from gatepost.core.events import LEVEL, LEVELS, loud
from gatepost.errors import GatepostError
from gatepost.node.configbook import READ_KEPT, ConfigBook
from gatepost.node.settings import Settings as Told
from tests.unit.config.homes import new_home


class Running:
    """A node's settings, and what it was told of them."""

    def __init__(self, at: Path, environ: dict[str, str] | None = None, **flags: str) -> None:
        self.places = new_home(at)
        self.book = ConfigBook(self.places, environ or {}, flags)
        self.taken: list[Settings] = []
        self.events: list[tuple[str, str]] = []
        self.book.changed = self.taken.append
        self.book.event = lambda kind, text: self.events.append((kind, text))

    def by_hand(self, text: str) -> None:
        write(self.places.config, text)

    def add(self, text: str) -> None:
        self.by_hand(self.places.config.read_text() + text)

    def setting(self, key: str) -> SettingView:
        found = self.book.config().setting(key)
        assert found is not None
        return found

    def set(self, base: str = "", **changes: str | int | None) -> object:
        patch = {key.replace("__", "."): value for key, value in changes.items()}
        return self.book.patch(ConfigPatch(patch, base))


@pytest.fixture
def node(tmp_path: Path) -> Running:
    return Running(tmp_path)


def test_a_live_setting_edited_by_hand_counts_at_the_next_look(node: Running) -> None:
    node.book.refresh()
    assert node.taken == []
    node.add('\n[delivery]\nexpires = "5h"\n')
    node.book.refresh()
    assert node.book.settings.delivery.expires == 5 * HOUR
    assert node.taken == [node.book.settings]
    assert node.events == [("config.changed", "delivery.expires")]
    node.book.refresh()
    assert len(node.events) == 1


def test_what_needs_a_restart_waits_and_says_so(node: Running) -> None:
    done = node.book.patch(ConfigPatch({"listen": "127.0.0.1:9", "delivery.expires": "1h"}))
    assert {one.key: one.takes for one in done.settings} == {
        "listen": "restart",
        "delivery.expires": "live",
    }
    assert node.book.settings.listen == "127.0.0.1:7443"
    one = node.setting("listen")
    assert (one.value, one.origin) == ("127.0.0.1:7443", "gatepost.toml:7 at the start")
    assert one.after_restart is not None
    assert (one.after_restart.value, one.after_restart.origin) == ("127.0.0.1:9", "gatepost.toml:7")
    assert node.book.config().restart == ("listen",)
    assert node.book.alerts() == ("a restart is pending: listen (gatepost.toml:7)",)
    assert "listen (after a restart)" in node.events[0][1]
    node.set(listen="127.0.0.1:7443")
    assert node.book.alerts() == () and node.setting("listen").after_restart is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"name = \n", "gatepost.toml:1: this is not TOML"),
        (b"# \xff\n", "gatepost.toml:1: this is not UTF-8"),
        (b'\nlistn = "x"\n', "did you mean `listen`?"),
        (b"[delivery]\nexpires = 5\n", "gatepost.toml:2: `delivery.expires` is `5`"),
        (b"[operator]\nlisten = '127.0.0.1:1'\n[agent]\nlisten = '127.0.0.1:1'", "so is"),
    ],
)
def test_a_broken_file_changes_nothing_and_is_told_once_until_it_is_mended(
    node: Running, text: bytes, says: str
) -> None:
    node.set(delivery__expires="5h")
    good = node.places.config.read_text()
    node.places.config.write_bytes(text)
    for _ in range(3):
        assert node.book.settings.delivery.expires == 5 * HOUR
        view = node.book.config()
        assert says in view.fault
    assert [kind for kind, _ in node.events] == ["config.changed", "config.broken"]
    assert says in node.book.alerts()[0] and "until it is mended" in node.book.alerts()[0]
    with pytest.raises(GatepostError):
        node.set(delivery__expires="6h")
    assert node.places.config.read_bytes() == text
    node.by_hand(good.replace("5h", "7h"))
    assert node.book.config().fault == "" and node.book.alerts() == ()
    assert node.book.settings.delivery.expires == 7 * HOUR


def test_a_file_that_is_gone_is_broken_and_not_empty(node: Running) -> None:
    node.set(delivery__expires="5h")
    node.places.config.unlink()
    assert "is gone" in node.book.config().fault
    assert node.book.settings.delivery.expires == 5 * HOUR
    assert node.book.settings.name == "home"


def test_a_file_that_is_broken_at_the_start_is_an_error(tmp_path: Path) -> None:
    places = new_home(tmp_path)
    write(places.config, "name = ")
    with pytest.raises(GatepostError) as caught:
        ConfigBook(places, {})
    assert caught.value.code == "config.invalid"


def test_environment_and_flags_stay_stronger_and_it_is_said(tmp_path: Path) -> None:
    environ = {"GATEPOST_DELIVERY_EXPIRES": "2h", "GATEPOST_NMAE": "x"}
    node = Running(tmp_path, environ, **{"log.level": "info"})
    done = node.book.patch(ConfigPatch({"delivery.expires": "9h", "log.level": "debug"}))
    assert {one.key: (one.after, one.takes) for one in done.settings} == {
        "delivery.expires": ("9h", "environment GATEPOST_DELIVERY_EXPIRES"),
        "log.level": ("debug", "flag --set log.level"),
    }
    assert node.book.settings.delivery.expires == 2 * HOUR and node.taken == []
    one = node.setting("delivery.expires")
    assert (one.value, one.source) == ("2h", "environment")
    assert [(two.value, two.origin) for two in one.hides] == [("9h", "gatepost.toml:13")]
    assert node.book.config().stray == ("GATEPOST_NMAE",)


def test_a_change_the_node_could_not_take_up_beside_its_environment_is_refused(
    tmp_path: Path,
) -> None:
    node = Running(tmp_path, {"GATEPOST_AGENT_LISTEN": "127.0.0.1:5"})
    before = node.places.config.read_text()
    with pytest.raises(GatepostError, match="GATEPOST_AGENT_LISTEN"):
        node.set(operator__listen="127.0.0.1:5")
    assert node.places.config.read_text() == before
    assert node.book.fault is None


def test_a_base_the_node_has_shown_is_known_when_it_is_stale(node: Running) -> None:
    base = node.book.config().hash
    assert base == hash_of(read_document(node.places.config))
    node.add('\n[delivery]\nexpires = "5h"\n')
    with pytest.raises(GatepostError) as caught:
        node.set(base, log__level="info")
    assert caught.value.code == "config.stale"
    assert "delivery.expires was 3d (default), is 5h" in caught.value.why
    for n in range(READ_KEPT + 1):
        node.set(limits__run_seconds=n + 1)
    with pytest.raises(GatepostError, match="not known here"):
        node.set(base, log__level="info")


def test_undo_takes_the_change_back_in_the_node_too(node: Running) -> None:
    node.set(delivery__expires="5h")
    done = node.book.undo()
    assert [(one.key, one.before, one.after) for one in done.settings] == [
        ("delivery.expires", "5h", "3d")
    ]
    assert node.book.settings.delivery.expires == 72 * HOUR
    assert len(node.taken) == 2


def test_what_cannot_be_taken_up_now_is_told_and_tried_again(node: Running) -> None:
    def full(settings: Settings) -> None:
        raise GatepostError("home.unwritable", what="the disk is full")

    node.book.changed = full
    node.add('\n[delivery]\nexpires = "5h"\n')
    assert node.book.config().fault == "the disk is full"
    assert node.book.settings.delivery.expires == 72 * HOUR
    node.book.changed = node.taken.append
    assert node.book.config().fault == ""
    assert node.book.settings.delivery.expires == 5 * HOUR and len(node.taken) == 1


def test_no_event_holds_a_value(node: Running) -> None:
    node.set(advertise="very.private.example:1", listen="127.0.0.1:12345")
    assert node.events
    assert not [text for _, text in node.events if "private" in text or "12345" in text]


def test_what_the_node_is_told_live_is_what_the_settings_say(node: Running) -> None:
    told = Told(name="home")
    node.set(
        delivery__expires="5h", delivery__horizon="9d", store__keep_messages="2d",
        store__keep_free="1MiB",
    )  # fmt: skip
    told.tune(node.book.settings)
    assert (told.expires_ms, told.horizon_ms) == (5 * HOUR, 9 * 24 * HOUR)
    assert (told.keep_ms, told.keep_free) == (2 * 24 * HOUR, 1024 * 1024)


def test_every_level_lets_through_what_is_as_loud() -> None:
    kinds = [loud(level) for level in LEVELS]
    for louder, quieter in zip(kinds[1:], kinds, strict=False):
        assert louder < quieter or (not louder and not quieter)
    assert kinds[0] == set(LEVEL)
    assert "config.broken" in loud("warning") and "message.done" not in loud("info")
