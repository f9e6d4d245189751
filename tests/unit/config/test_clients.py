"""Our entry in the settings of other programs: there, and nothing else touched."""

import json
import tomllib

import pytest

from gatepost.config.clients import CLIENTS, SERVER, with_entry
from gatepost.errors import GatepostError

COMMAND = ("python", "-m", "gatepost", "mcp", "--as", "coder")
ENTRY = {"command": "python", "args": ["-m", "gatepost", "mcp", "--as", "coder"]}
OTHER = {"command": "other", "args": []}


def read(name: str, text: str):
    return tomllib.loads(text) if CLIENTS[name].form == "toml" else json.loads(text)


@pytest.mark.parametrize("name", CLIENTS)
def test_an_empty_file_gets_the_entry(name):
    whole = read(name, with_entry(CLIENTS[name], "", "file", COMMAND))
    assert whole == {CLIENTS[name].table: {SERVER: ENTRY}}


@pytest.mark.parametrize("name", CLIENTS)
def test_what_else_stands_there_stays_and_a_second_time_changes_nothing(name):
    client = CLIENTS[name]
    if client.form == "toml":
        before = f'# mine\nmodel = "x"\n\n[{client.table}.other]\ncommand = "other"\nargs = []\n'
    else:
        before = json.dumps({"theme": "dark", client.table: {"other": OTHER}})
    once = with_entry(client, before, "file", COMMAND)
    whole = read(name, once)
    assert whole[client.table] == {"other": OTHER, SERVER: ENTRY}
    assert len(whole) == 2
    assert client.form == "json" or "# mine" in once
    assert with_entry(client, once, "file", COMMAND) == once


@pytest.mark.parametrize("name", CLIENTS)
@pytest.mark.parametrize("text", ["{", "[1, 2", "= 1", '"x"'])
def test_a_file_that_cannot_be_read_for_certain_is_not_touched(name, text):
    with pytest.raises(GatepostError, match=r"client\.unreadable"):
        with_entry(CLIENTS[name], text, "file", COMMAND)


@pytest.mark.parametrize("name", CLIENTS)
def test_a_table_that_is_none_is_not_touched(name):
    client = CLIENTS[name]
    text = f"{client.table} = 1\n" if client.form == "toml" else json.dumps({client.table: 1})
    with pytest.raises(GatepostError, match=r"client\.unreadable"):
        with_entry(client, text, "file", COMMAND)


def test_a_file_of_the_user_lies_in_its_home_and_one_of_the_project_in_it(tmp_path):
    home, project = tmp_path / "home", tmp_path / "project"
    assert CLIENTS["codex"].place(home, project) == home / ".codex" / "config.toml"
    assert CLIENTS["claude-code"].place(home, project) == project / ".mcp.json"
