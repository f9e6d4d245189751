import pytest

from gatepost.config.schema import About, Setting, Settings, settings_of

SCHEMA = settings_of(Settings)


def test_every_setting_says_what_it_is_and_has_a_default_it_would_accept():
    assert len(SCHEMA) >= 15
    for key, setting in SCHEMA.items():
        assert setting.key == key
        assert setting.about.help
        assert setting.parse(setting.show(setting.default)) == setting.default


def test_no_two_settings_share_a_variable():
    assert len({setting.variable for setting in SCHEMA.values()}) == len(SCHEMA)
    assert SCHEMA["limits.run_seconds"].variable == "GATEPOST_LIMITS_RUN_SECONDS"


@pytest.mark.parametrize(
    ("key", "given", "value", "shown"),
    [
        ("delivery.expires", "2h", 7_200_000, "2h"),
        ("delivery.expires", "90m", 5_400_000, "90m"),
        ("delivery.expires", "7d", 604_800_000, "7d"),
        ("adapters.process.output", "1024 KiB", 1_048_576, "1MiB"),
        ("adapters.process.stop", 0, 0, "0"),
        ("delivery.expires", "30d", 2_592_000_000, "30d"),
        ("limits.run_seconds", "60", 60, "60"),
        ("limits.run_seconds", 60, 60, "60"),
        ("listen", "[::1]:7443", "[::1]:7443", "[::1]:7443"),
        ("operator.listen", "127.0.0.1:7440", "127.0.0.1:7440", "127.0.0.1:7440"),
        ("log.level", "debug", "debug", "debug"),
    ],
)
def test_a_value_is_read_from_the_file_or_from_text(key, given, value, shown):
    assert SCHEMA[key].parse(given) == value
    assert SCHEMA[key].show(value) == shown


@pytest.mark.parametrize(
    ("key", "given", "says"),
    [
        ("delivery.expires", "72", "a number with a unit"),
        ("delivery.expires", 72, "a number with a unit"),
        ("delivery.expires", "1 fortnight", "a number with a unit"),
        ("delivery.expires", "10ms", "at least 1s"),
        ("adapters.process.stop", False, "a number with a unit"),
        ("limits.run_seconds", True, "a whole number"),
        ("limits.run_seconds", "-1", "a whole number"),
        ("limits.run_seconds", -1, "at least 0"),
        ("listen", "7443", "HOST:PORT"),
        ("listen", "host:99999", "HOST:PORT"),
        ("listen", 7443, "a text"),
        ("operator.listen", "0.0.0.0:7440", "on loopback"),
        ("operator.auth", "none", "one of: uid, token"),
        ("operator.auth", ["uid"], "one of"),
        ("name", "My Node", "a-z 0-9"),
        ("name", "", "a-z 0-9"),
        ("name", "a" * 52, "like a node id"),
        ("listen", "127.0.0.1:0", "HOST:PORT"),
        ("listen", "h" * 254 + ":1", "HOST:PORT"),
        ("delivery.expires", "31d", "at most 30d"),
        ("delivery.expires", "٣h", "a number with a unit"),
        ("delivery.horizon", "999999999999999d", "at most"),
        ("limits.run_seconds", "٣", "a whole number"),
        ("limits.run_seconds", 10**30, "at most"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_with_what_it_takes(key, given, says):
    with pytest.raises(ValueError, match=says):
        SCHEMA[key].parse(given)


def test_a_setting_needs_no_unit_for_zero():
    assert Setting("x", 0, About("duration", "h")).parse("0") == 0


def test_a_value_is_plain_as_toml_and_json_hold_it():
    assert SCHEMA["delivery.expires"].plain(7_200_000) == "2h"
    assert SCHEMA["limits.run_seconds"].plain(60) == 60
