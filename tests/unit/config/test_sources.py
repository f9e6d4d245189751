from pathlib import Path

import pytest

from gatepost.config import sources
from gatepost.config.schema import HOUR
from gatepost.config.sources import load, load_home, policy_documents, read_document
from gatepost.core.origin import Document
from gatepost.errors import GatepostError
from tests.unit.config.homes import new_home

FILE = Document(
    "gatepost.toml",
    'name = "home"\nlisten = "127.0.0.1:1"\n[delivery]\nexpires = "2h"\n\n'
    '[adapters.process]\nstop = "1s"\n',
)


def test_default_file_environment_flag_and_the_later_wins():
    environ, flags = {"GATEPOST_LISTEN": "127.0.0.1:2"}, {"listen": "127.0.0.1:3"}
    assert load(Document("gatepost.toml", ""), {}).settings.listen == ""
    assert load(FILE, {}).settings.listen == "127.0.0.1:1"
    assert load(FILE, environ).settings.listen == "127.0.0.1:2"
    row = load(FILE, environ, flags).row("listen")
    assert (row.found.value, str(row.found.origin)) == ("127.0.0.1:3", "flag --set listen")
    assert [(one.source, str(one.origin)) for one in row.shadowed] == [
        ("environment", "environment GATEPOST_LISTEN"),
        ("file", "gatepost.toml:2"),
        ("default", "default"),
    ]


def test_settings_arrive_typed_at_any_depth_with_their_lines():
    read = load(FILE, {})
    assert read.settings.delivery.expires == 2 * HOUR
    assert read.settings.adapters.process.stop == 1_000
    assert str(read.row("adapters.process.stop").found.origin) == "gatepost.toml:7"
    assert [key for key, row in read.rows.items() if row.changed] == [
        "name",
        "listen",
        "delivery.expires",
        "adapters.process.stop",
    ]
    assert read.row("delivery.horizon").text == "7d"


def test_a_key_that_does_not_exist_is_answered_with_the_nearest():
    with pytest.raises(GatepostError) as caught:
        load(FILE, {}).row("delivery.expire")
    assert caught.value.code == "config.unknown_key"
    assert caught.value.fix == "gatepost config get delivery.expires"


@pytest.mark.parametrize(
    ("text", "where", "says"),
    [
        ('\nlistn = "x"', "gatepost.toml:2", "did you mean `listen`?"),
        ("[delivery]\nexpire = 1", "gatepost.toml:2", "did you mean `delivery.expires`?"),
        ('"operator.auth" = "token"', "gatepost.toml:1", "no setting"),
        ("[peers.lab]\n", "gatepost.toml:1", "names no `node`"),
        ("operator = 3", "gatepost.toml:1", "no setting `operator`"),
        ("[listen]\nx = 1", "gatepost.toml:1", "must be a text"),
        ("name = 3", "gatepost.toml:1", "must be a text"),
        ("[log]\nlevel = 'loud'", "gatepost.toml:2", "must be one of: debug, info"),
        ("a = 1\nb = = 2", "gatepost.toml:2", "not TOML"),
    ],
)
def test_a_fault_in_the_file_is_told_with_its_line(text: str, where: str, says: str):
    with pytest.raises(GatepostError) as caught:
        load(Document("gatepost.toml", text), {})
    assert caught.value.where == where
    assert says in caught.value.what
    assert caught.value.exit_code == 7


def test_a_fault_in_the_environment_names_the_variable():
    with pytest.raises(GatepostError, match=r"environment GATEPOST_LOG_LEVEL: `log\.level` is `x`"):
        load(FILE, {"GATEPOST_LOG_LEVEL": "x"})


def test_variables_that_look_like_settings_and_are_none_are_listed():
    environ = {"GATEPOST_LISTN": "x", "GATEPOST_HOME": "/h", "GATEPOST_TOKEN": "t", "PATH": "/"}
    assert load(FILE, environ).stray == ("GATEPOST_LISTN",)


def test_a_home_is_read_from_its_files(tmp_path: Path):
    places = new_home(tmp_path)
    assert load_home(places, {}).settings.name == "home"
    policy, grants = policy_documents(places)
    assert (policy.name, grants.name) == ("policy.toml", "grants.toml")
    places.grants.unlink()
    assert policy_documents(places)[1] == Document("grants.toml", "")


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path):
    bad = tmp_path / "policy.toml"
    bad.write_bytes(b"# fine\n# not \xff\n")
    with pytest.raises(GatepostError) as caught:
        read_document(bad, "policy.invalid")
    assert (caught.value.code, caught.value.where) == ("policy.invalid", "policy.toml:2")


def test_a_file_that_is_too_large_is_refused(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(sources, "LARGEST_FILE", 1024 * 1024)
    big = tmp_path / "policy.toml"
    big.write_bytes(b"#" * (1024 * 1024 + 1))
    with pytest.raises(GatepostError, match="larger than 1 MiB"):
        read_document(big)
    big.write_bytes(b"#" * (1024 * 1024))
    assert len(read_document(big).text) == 1024 * 1024


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path):
    (tmp_path / "gatepost.toml").mkdir()
    with pytest.raises(GatepostError, match="is a directory"):
        read_document(tmp_path / "gatepost.toml")


def test_the_environment_of_the_process_is_handed_on(monkeypatch):
    monkeypatch.setenv("GATEPOST_LISTEN", "127.0.0.1:9")
    assert sources.environment()["GATEPOST_LISTEN"] == "127.0.0.1:9"


def test_a_flag_that_is_no_setting_is_refused():
    with pytest.raises(GatepostError, match=r"flag --set: there is no setting `listn`"):
        load(FILE, {}, {"listn": "x"})


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("delivery", ["delivery.expires", "delivery.horizon"]),
        ("expires", ["delivery.expires"]),
        ("auth", ["operator.auth"]),
        ("Delivery.Expires", ["delivery.expires"]),
        ("store.keep-free", ["store.keep_free"]),
        ("adapter.process.output", ["adapters.process.output"]),
        ("zzzzzz", []),
        ("", []),
    ],
)
def test_a_wrong_key_is_answered_with_those_it_may_have_meant(key: str, meant: list[str]):
    with pytest.raises(GatepostError) as caught:
        load(FILE, {}).row(key)
    said = caught.value.what.partition("did you mean ")[2]
    assert [one for one in meant if f"`{one}`" not in said] == []
    assert bool(said) == bool(meant)


def test_two_sockets_on_one_address_are_refused_with_both_places():
    text = '[operator]\nlisten = "127.0.0.1:7440"\n'
    with pytest.raises(GatepostError) as caught:
        load(Document("gatepost.toml", text), {"GATEPOST_AGENT_LISTEN": "127.0.0.1:7440"})
    assert caught.value.code == "config.invalid"
    assert "environment GATEPOST_AGENT_LISTEN" in caught.value.what
    assert "gatepost.toml:2" in caught.value.why


def test_a_long_value_is_not_repeated_whole():
    with pytest.raises(GatepostError) as caught:
        load(Document("gatepost.toml", f'listen = "{"x" * 5000}"'), {})
    assert len(caught.value.what) < 300
