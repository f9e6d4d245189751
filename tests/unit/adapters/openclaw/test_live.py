"""Asking a running gateway: one proof, one question; every way it does not answer is an error."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.adapters.openclaw.explain.configuration import VISIBILITY, touched
from gatepost.adapters.openclaw.explain.json5 import parse
from gatepost.adapters.openclaw.explain.live import SCOPES, asked, credential, live
from gatepost.errors import GatepostError
from tests.unit.adapters.openclaw.standin import TOKEN, Standin, standin

SEED = bytes(range(32))
TREE = {"meta": {"lastTouchedVersion": "x"}, "tools": {"sessions": {"visibility": "tree"}}}


@pytest.fixture
def gateway() -> Iterator[Standin]:
    with standin() as made:
        yield made


def refused(url: str, token: str = TOKEN) -> GatepostError:
    with pytest.raises(GatepostError) as wrong:
        live(url, token, SEED)
    return wrong.value


def test_a_gateway_tells_its_version_its_file_and_what_is_written(gateway: Standin) -> None:
    gateway.config["resolved"] = TREE
    found = live(gateway.url, TOKEN, SEED)
    assert (found.version, found.path, found.baseline) == ("2026.3.13", "/srv/openclaw.json", "h1")
    assert touched(found.tree) == "x"
    (said,) = gateway.seen
    assert said["scopes"] == list(SCOPES) and "operator.write" not in SCOPES


def test_a_value_of_a_file_that_can_be_read_here_has_its_line(
    gateway: Standin, tmp_path: Path
) -> None:
    file = tmp_path / "openclaw.json"
    file.write_text(json.dumps(TREE, indent=1))
    gateway.config |= {"resolved": TREE, "path": str(file)}
    read = asked({}, live(gateway.url, TOKEN, SEED))
    written = read.configuration.written(VISIBILITY)
    assert written and written.where == f"{file}:7"
    file.write_text(json.dumps(TREE).replace("tree", "self"))  # not what the gateway says
    written = asked({}, live(gateway.url, TOKEN, SEED)).configuration.written(VISIBILITY)
    assert written and (written.value, written.where) == ("tree", f"{gateway.url} ({file})")


def test_the_gateways_own_version_decides_unless_another_is_named(gateway: Standin) -> None:
    found = live(gateway.url, TOKEN, SEED)
    assert asked({}, found).configuration.release.name == "2026.3.13"
    assert asked({}, found, "2026.9.6").configuration.release.name == "2026.9.6"
    gateway.version = "nightly"
    with pytest.raises(GatepostError) as wrong:
        asked({}, live(gateway.url, TOKEN, SEED))
    assert wrong.value.code == "openclaw.version_unknown"


@pytest.mark.requirement("OC5")
def test_a_wrong_token_is_refused_in_the_gateways_words_and_not_repeated(gateway: Standin) -> None:
    wrong = refused(gateway.url, "another-token")
    assert wrong.code == "openclaw.refused" and "token mismatch" in wrong.what
    assert "another-token" not in f"{wrong.what}{wrong.why}{wrong.details}"


@pytest.mark.parametrize(
    "first",
    [b"\x00\xff", "", "[]", "{}", "null", '{"type":"event","event":"connect.challenge"}', "<html>"],
)
def test_what_is_no_gateway_is_unreachable(gateway: Standin, first: str | bytes) -> None:
    gateway.first = first
    assert refused(gateway.url).code == "openclaw.unreachable"


@pytest.mark.parametrize("resolved", [[], "x", None, 7])
def test_a_configuration_that_is_none_is_unreachable_or_empty(
    gateway: Standin, resolved: object
) -> None:
    gateway.config["resolved"] = resolved
    found = live(gateway.url, TOKEN, SEED)
    assert asked({}, found).configuration.roster.ids == ("main",)


@pytest.mark.parametrize("url", ["ws://127.0.0.1:1", "http://127.0.0.1:1", "nonsense", "ws://"])
def test_an_address_where_nobody_answers_is_unreachable(url: str) -> None:
    assert refused(url).code == "openclaw.unreachable"


def test_the_token_is_that_of_the_environment_or_of_the_file() -> None:
    written = parse("{gateway: {auth: {token: 'file'}}}", "f")
    assert credential(written, {}) == "file"
    assert credential(written, {"OPENCLAW_GATEWAY_TOKEN": " shell "}) == "shell"
    secret = parse("{gateway: {auth: {token: {source: 'env', id: 'X'}}}}", "f")
    assert credential(secret, {}) == ""
