import hashlib
import os
import threading
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.config import change as changing
from gatepost.config import sources
from gatepost.config.change import FileChange, change, hash_of, undo
from gatepost.config.files import editing
from gatepost.config.paths import Layout
from gatepost.config.schema import About, Setting, Settings, settings_of
from gatepost.config.sources import load, load_home, read_document
from gatepost.core.origin import Document
from gatepost.errors import GatepostError
from tests.unit.config.homes import new_home


@pytest.fixture
def places(tmp_path: Path) -> Layout:
    return new_home(tmp_path)


def read(document: Document) -> object:
    return load(document, {})


def set_(places: Layout, base: str = "", **changes: object) -> FileChange:
    return change(places, {k.replace("__", "."): v for k, v in changes.items()}, read, base)


def back(places: Layout) -> FileChange:
    return undo(places, read)


def meant(done: FileChange) -> dict[str, tuple[str, str]]:
    return {key: (done.before[key].text, done.after[key].text) for key in done.keys}


def by_hand(places: Layout, text: str) -> None:
    places.config.write_text(places.config.read_text() + text)


def test_a_change_says_what_was_before_and_on_which_line_it_stands(places: Layout):
    done = set_(places, delivery__expires="36h")
    assert meant(done) == {"delivery.expires": ("3d", "36h")}
    line = done.after["delivery.expires"].found.origin.line
    assert places.config.read_text().split("\n")[line - 1] == 'expires = "36h"'
    assert set_(places, delivery__expires="36h").keys == ()


def test_several_settings_change_at_once_or_not_at_all(places: Layout):
    before = places.config.read_text()
    with pytest.raises(GatepostError, match=r"log\.level"):
        set_(places, delivery__expires="1h", log__level="loud")
    assert places.config.read_text() == before
    done = set_(places, delivery__expires="1h", log__level="debug", limits__run_seconds=60)
    assert list(done.keys) == ["limits.run_seconds", "delivery.expires", "log.level"]
    assert load_home(places, {}).settings.limits.run_seconds == 60


def test_settings_that_are_right_together_may_change_together(places: Layout):
    set_(places, agent__listen="127.0.0.1:1", operator__listen="127.0.0.1:2")
    with pytest.raises(GatepostError, match="so is"):
        set_(places, agent__listen="127.0.0.1:2")
    done = set_(places, agent__listen="127.0.0.1:2", operator__listen="127.0.0.1:1")
    assert len(done.keys) == 2


def test_comments_and_order_stay(places: Layout):
    before = places.config.read_text()
    set_(places, delivery__expires="1h", name="lab")
    set_(places, delivery__expires=None, name="home")
    assert places.config.read_text().replace("[delivery]", "").rstrip() == before.rstrip()


def test_what_is_taken_out_counts_by_its_default(places: Layout):
    assert set_(places, log__level=None).keys == ()
    set_(places, log__level="debug")
    assert meant(set_(places, log__level=None)) == {"log.level": ("debug", "warning")}


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("log.level", "loud", "config.invalid"),
        ("log.levl", "info", "config.unknown_key"),
        ("log", {"level": "info"}, "config.unknown_key"),
        ("delivery.expires", 5, "config.invalid"),
        ("delivery.expires", True, "config.invalid"),
        ("delivery.expires", ["1h"], "config.invalid"),
        ("limits.run_seconds", 1.5, "config.invalid"),
        ("listen", "x" * 100_000, "config.invalid"),
        ("listen", "\x00\x1b[31m:1", "config.invalid"),
        ("", "x", "config.unknown_key"),
        ('"log.level"', "info", "config.unknown_key"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_written(
    places: Layout, key: str, value: object, code: str
):
    before = places.config.read_bytes()
    with pytest.raises(GatepostError) as caught:
        change(places, {key: value}, read)
    assert caught.value.code == code
    assert len(caught.value.what) < 400
    assert places.config.read_bytes() == before


def test_a_file_that_the_node_would_not_take_is_not_written(places: Layout):
    before = places.config.read_text()
    environ = {"GATEPOST_AGENT_LISTEN": "127.0.0.1:5"}
    with pytest.raises(GatepostError, match="GATEPOST_AGENT_LISTEN"):
        change(places, {"operator.listen": "127.0.0.1:5"}, lambda text: load(text, environ))
    assert places.config.read_text() == before


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        (b"name = \n", "gatepost.toml:1"),
        (b"# \xff\xfe\n", "gatepost.toml:1"),
        (b'\n\nlistn = "x"\n', "gatepost.toml:3"),
        (b"name = 1\n", "gatepost.toml:1"),
    ],
)
def test_a_file_that_is_broken_already_is_not_touched(places: Layout, broken: bytes, where: str):
    places.config.write_bytes(broken)
    with pytest.raises(GatepostError) as caught:
        set_(places, log__level="debug")
    assert caught.value.where == where
    assert places.config.read_bytes() == broken


# base


def test_the_hash_is_the_sha256_of_the_file(places: Layout):
    found = hash_of(read_document(places.config))
    assert found == hashlib.sha256(places.config.read_bytes()).hexdigest()
    assert set_(places, base=found[:12], delivery__expires="1h").keys
    with pytest.raises(GatepostError) as caught:
        set_(places, base=found, delivery__expires="2h")
    assert caught.value.code == "config.stale"


def test_a_stale_base_is_refused_and_the_difference_shown(places: Layout):
    base = hash_of(set_(places, delivery__expires="1h").document)
    set_(places, log__level="debug")
    set_(places, delivery__expires=None)
    text = places.config.read_text()
    with pytest.raises(GatepostError) as caught:
        set_(places, base=base, delivery__expires="2h")
    said = caught.value.why
    assert "delivery.expires was 1h, is 3d (default)" in said
    assert "log.level was warning (default), is debug" in said
    assert caught.value.details["hash"] == hash_of(read_document(places.config))
    assert places.config.read_text() == text


def test_a_base_that_only_the_node_has_read_is_known_by_it(places: Layout):
    seen = read_document(places.config)
    by_hand(places, "[delivery]\nexpires = '9h'\n")
    known = {hash_of(seen): seen}
    with pytest.raises(GatepostError, match=r"delivery\.expires was 3d .default., is 9h"):
        change(places, {"log.level": "info"}, read, hash_of(seen), known)
    with pytest.raises(GatepostError, match="not known here"):
        set_(places, base=hash_of(seen), log__level="info")


def test_an_edit_of_comments_alone_is_a_difference_too(places: Layout):
    base = hash_of(set_(places, delivery__expires="1h").document)
    by_hand(places, "# mine\n")
    with pytest.raises(GatepostError, match="only comments"):
        set_(places, base=base, delivery__expires="2h")


@pytest.mark.parametrize("base", ["abc", "0" * 11, "xyz" * 8, "A" * 12])
def test_what_is_no_hash_is_refused_as_such(places: Layout, base: str):
    with pytest.raises(GatepostError) as caught:
        set_(places, base=base, log__level="info")
    assert caught.value.code == "usage.invalid"


# undo


def test_undo_brings_the_old_text_back_and_once_more_the_new_one(places: Layout):
    first = places.config.read_text()
    set_(places, delivery__expires="1h", name="lab")
    second = places.config.read_text()
    assert meant(back(places)) == {"delivery.expires": ("1h", "3d"), "name": ("lab", "home")}
    assert places.config.read_text() == first
    back(places)
    assert places.config.read_text() == second


def test_undo_without_a_change_does_nothing(places: Layout):
    before = places.config.read_text()
    assert back(places).keys == ()
    assert places.config.read_text() == before


def test_undo_leaves_what_was_edited_by_hand_since(places: Layout):
    set_(places, delivery__expires="1h")
    by_hand(places, "\n# by hand\n[log]\nlevel = 'debug'\n")
    assert meant(back(places)) == {"delivery.expires": ("1h", "3d")}
    assert "# by hand" in places.config.read_text()
    assert load_home(places, {}).settings.log.level == "debug"


def test_undo_does_not_touch_what_was_set_again_since(places: Layout):
    set_(places, delivery__expires="1h")
    places.config.write_text(places.config.read_text().replace("1h", "5h"))
    with pytest.raises(GatepostError) as caught:
        back(places)
    assert caught.value.code == "config.changed"
    assert "delivery.expires was 1h, is 5h" in caught.value.why
    assert load_home(places, {}).settings.delivery.expires == 5 * 3_600_000


@pytest.mark.parametrize("spoilt", [b"", b"{", b"\xff", b'{"texts": 3}', b"[]"])
def test_a_spoilt_memory_of_changes_fails_no_change(places: Layout, spoilt: bytes):
    set_(places, delivery__expires="1h")
    (places.run / "config-changes.json").write_bytes(spoilt)
    assert back(places).keys == ()
    assert set_(places, delivery__expires="2h").keys == ("delivery.expires",)
    assert meant(back(places)) == {"delivery.expires": ("2h", "1h")}


def test_a_change_whose_old_text_cannot_be_kept_is_made_and_says_so(places: Layout):
    (places.run / "config-changes.json").mkdir()
    done = set_(places, delivery__expires="1h")
    assert done.keys and not done.undoable


def test_the_texts_kept_aside_are_for_this_user_alone_and_not_without_end(
    places: Layout, monkeypatch: pytest.MonkeyPatch
):
    for n in range(1, 60):
        set_(places, limits__run_seconds=n)
    kept = places.run / "config-changes.json"
    assert kept.stat().st_mode & 0o077 == 0
    assert len(msgspec.json.decode(kept.read_bytes())["texts"]) == changing.KEPT
    monkeypatch.setattr(changing, "KEPT_SIZE", 10_000)
    by_hand(places, "#" * changing.KEPT_SIZE + "\n")
    for n in range(60, 64):
        set_(places, limits__run_seconds=n)
    assert kept.stat().st_size < 5 * changing.KEPT_SIZE
    assert meant(back(places)) == {"limits.run_seconds": ("63", "62")}


# two editors


def test_a_second_command_at_the_same_time_is_refused(places: Layout):
    with editing(places), pytest.raises(GatepostError) as caught:
        set_(places, log__level="debug")
    assert caught.value.code == "config.changed"


def test_an_edit_between_reading_and_writing_is_not_lost(places: Layout):
    def meanwhile(document: Document) -> object:
        by_hand(places, "# from an editor\n")
        return load(document, {})

    with pytest.raises(GatepostError) as caught:
        change(places, {"log.level": "debug"}, meanwhile)
    assert caught.value.code == "config.changed"
    assert places.config.read_text().endswith("# from an editor\n")


def test_many_commands_at_once_lose_no_change_that_was_confirmed(places: Layout):
    confirmed: list[str] = []

    def work(key: str, values: list[str]) -> None:
        for value in values:
            try:
                change(places, {key: value}, read)
            except GatepostError as busy:
                assert busy.code == "config.changed"
            else:
                confirmed.append(key)

    keys = {"delivery.expires": "h", "delivery.horizon": "d", "store.keep_messages": "d"}
    threads = [
        threading.Thread(target=work, args=(key, [f"{n}{unit}" for n in range(1, 20)]))
        for key, unit in keys.items()
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    rows = load_home(places, {}).rows
    assert confirmed
    assert {key for key in keys if rows[key].found.source == "file"} == set(confirmed)
    assert [path for path in os.listdir(places.home) if path.endswith(".new")] == []


# secrets: no setting is one yet, so one is made for these


@pytest.fixture
def secret(monkeypatch: pytest.MonkeyPatch) -> str:
    about = About("name", "a secret", secret=True)

    def with_secret(struct: type[msgspec.Struct], prefix: str = "") -> dict[str, Setting]:
        found = settings_of(struct, prefix)
        return {**found, "name": Setting("name", "node", about)}

    monkeypatch.setattr(sources, "settings_of", with_secret)
    monkeypatch.setattr(changing, "settings_of", with_secret)
    return "hunter2-and-more"


def test_a_secret_is_shown_nowhere(places: Layout, secret: str):
    from gatepost.config.shown import told, view

    done = set_(places, name=secret)
    document = read_document(places.config)
    counts = load(document, {"GATEPOST_NAME": secret + "x"})
    shown = [told(done, counts.rows), view(document, counts, {"name": counts.rows["name"].found})]
    said = msgspec.json.encode(shown).decode() + str(meant(done))
    base = hash_of(document)
    set_(places, name="another-secret")
    for call in (
        lambda: set_(places, base=base, name="y"),
        lambda: set_(places, name=secret + " !"),
        lambda: load(Document("gatepost.toml", f'name = "{secret} !"'), {}),
        lambda: load(document, {"GATEPOST_NAME": secret + " !"}),
        lambda: load(document, {}, {"name": secret + " !"}),
    ):
        with pytest.raises(GatepostError) as caught:
            call()
        said += repr(caught.value.report()) + repr(caught.value.__cause__)
    assert secret not in said and "another-secret" not in said
    assert sources.HIDDEN in said


# everything at once


KEYS = sorted(settings_of(Settings))
WORDS = ["1h", "5MiB", "127.0.0.1:9", "token", "debug", "77", "name-1", "", "0", None, 3, True]


@settings(deadline=None, max_examples=40)
@given(steps=st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(WORDS)), max_size=8))
def test_after_any_changes_undo_brings_back_what_was_before_the_last(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, object]]
):
    places = new_home(tmp_path_factory.mktemp("home"))
    before = places.config.read_text()
    for key, value in steps:
        text = places.config.read_text()
        try:
            change(places, {key: value}, read)
        except GatepostError as refused:
            assert refused.code == "config.invalid"
            assert places.config.read_text() == text
        if places.config.read_text() != text:
            before = text
    if places.config.read_text() != before:
        back(places)
    assert places.config.read_text() == before
    assert "# The settings of this node" in before
