"""The JSON Schema and the page of settings say what the node takes, no more and no less."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatepost.config.json_schema import json_schema, manual
from gatepost.config.schema import Settings, settings_of

SCHEMA = settings_of(Settings)
PAGE = Path(__file__).resolve().parents[3] / "docs" / "config.md"


def of(key: str) -> dict[str, Any]:
    found: Any = json_schema()
    for part in key.split("."):
        assert found["additionalProperties"] is False
        found = found["properties"][part]
    return found


def fits(schema: dict[str, Any], value: object) -> bool:
    """The few words of JSON Schema that ours uses."""
    if "anyOf" in schema:
        return any(fits(one, value) for one in schema["anyOf"])
    if "const" in schema:
        return value == schema["const"] and not isinstance(value, bool)
    if "enum" in schema:
        return value in schema["enum"]
    if schema["type"] == "integer":
        number = isinstance(value, int) and not isinstance(value, bool)
        return number and schema["minimum"] <= value <= schema["maximum"]
    return isinstance(value, str) and re.search(schema["pattern"], value) is not None


def takes(key: str, value: object) -> bool:
    try:
        SCHEMA[key].parse(value)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("key", SCHEMA)
def test_every_setting_is_in_it_with_its_default(key: str) -> None:
    found = of(key)
    assert SCHEMA[key].about.help in found["description"]
    assert found["default"] == SCHEMA[key].plain(SCHEMA[key].default)
    assert fits(found, found["default"])
    assert found["x-applies"] in ("live", "restart")


@given(
    key=st.sampled_from(sorted(SCHEMA)),
    value=st.one_of(
        st.sampled_from(
            (
                "",
                "0",
                "1h",
                "36 h",
                "5MiB",
                "5mb",
                "home",
                "Home",
                "host:1",
                "host:0",
                "é:1",
                "[::1]:7443",
                "127.0.0.1:1",
                "localhost:65535",
                "uid",
                "token",
                "debug",
                "1:2:3",
            )
        ),
        st.integers(-3, 10**7),
        st.booleans(),
        st.none(),
        st.lists(st.just("x"), max_size=1),
    ),
)
def test_what_the_node_takes_from_the_file_the_schema_takes(key: str, value: object) -> None:
    if takes(key, value) and not (SCHEMA[key].about.kind == "whole" and isinstance(value, str)):
        assert fits(of(key), value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "My Node"),
        ("listen", "7443"),
        ("listen", 7443),
        ("operator.listen", "192.0.2.1:80"),
        ("operator.auth", "none"),
        ("delivery.expires", 72),
        ("delivery.expires", "72"),
        ("delivery.expires", 0),
        ("store.keep_free", "1 gigabyte"),
        ("limits.run_seconds", -1),
        ("limits.run_seconds", True),
        ("log.level", "loud"),
    ],
)
def test_what_the_node_refuses_the_schema_refuses(key: str, value: object) -> None:
    assert not takes(key, value)
    assert not fits(of(key), value)


def test_the_page_of_settings_is_the_schema() -> None:
    assert PAGE.read_text(encoding="utf-8").endswith("-->\n\n" + manual())
