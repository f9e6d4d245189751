"""Where a client finds its node: what it is given, the environment of a run, a home directory."""

from pathlib import Path

import pytest

from gatepost.config import paths
from gatepost.errors import GatepostError
from gatepost.sdk.finding import Place, find_agent, find_operator


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch):
    for name in ("HOME", "SOCKET", "TOKEN", "RUN", "AGENT"):
        monkeypatch.delenv(f"GATEPOST_{name}", raising=False)


def home_with(directory: Path, *agents: str) -> Path:
    layout = paths.layout(directory)
    paths.create(layout)
    layout.config.write_text("")
    for agent in agents:
        (layout.tokens / agent).write_text(f"token of {agent}\n")
    return directory


def test_a_home_directory_gives_socket_and_token_of_the_agent(tmp_path):
    home = home_with(tmp_path, "main", "helper")
    assert find_agent(home, "helper", None, None) == Place(
        tmp_path / "run" / "agent.sock", "token of helper"
    )
    assert find_operator(home, None, None) == Place(tmp_path / "run" / "operator.sock")


def test_the_first_agent_speaks_when_none_is_named(tmp_path):
    home = home_with(tmp_path, "main", "helper")
    assert find_agent(home, None, None, None).token == "token of helper"


def test_the_environment_names_the_home(tmp_path, monkeypatch):
    monkeypatch.setenv("GATEPOST_HOME", str(home_with(tmp_path, "main")))
    assert find_agent(None, None, None, None).token == "token of main"


def test_a_run_is_told_by_its_environment_unless_something_is_given(tmp_path, monkeypatch):
    monkeypatch.setenv("GATEPOST_SOCKET", "/told.sock")
    monkeypatch.setenv("GATEPOST_TOKEN", "told")
    monkeypatch.setenv("GATEPOST_RUN", "7.1")
    assert find_agent(None, None, None, None) == Place(Path("/told.sock"), "told", "7.1")
    home = home_with(tmp_path, "main")
    assert find_agent(home, None, None, None).token == "token of main"
    assert find_agent(None, None, "/given.sock", "given") == Place(Path("/given.sock"), "given")


def test_what_is_given_needs_no_home(tmp_path):
    assert find_operator(None, "/given.sock", "given") == Place(Path("/given.sock"), "given")


@pytest.mark.parametrize(
    ("agents", "agent", "code", "why"),
    [
        ((), None, "agent.unknown", ""),
        (("main",), "man", "agent.unknown", "main"),
        (("main",), "../main", "agent.unknown", "main"),
    ],
)
def test_an_agent_without_a_token_is_unknown_and_the_others_are_named(
    tmp_path, agents, agent, code, why
):
    with pytest.raises(GatepostError) as caught:
        find_agent(home_with(tmp_path, *agents), agent, None, None)
    assert caught.value.code == code
    assert why in caught.value.why


def test_no_node_in_the_directory_is_home_missing(tmp_path):
    for find in (
        lambda: find_agent(tmp_path, None, None, None),
        lambda: find_operator(tmp_path, None, None),
    ):
        with pytest.raises(GatepostError) as caught:
            find()
        assert caught.value.code == "home.missing"
