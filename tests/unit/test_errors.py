"""The catalogue: one entry per code, each with who can act and how; errors travel and come back."""

import ast
import re
from pathlib import Path

import pytest

import gatepost
from gatepost.errors import CATALOGUE, Entry, Family, GatepostError, Report
from tests.unit.cli.grammar import read

SOURCE = Path(gatepost.__file__).parent
CODE = re.compile(r"[a-z_]+\.[a-z_]+")
RAISED = re.compile(r'GatepostError\(\s*"([^"]+)"')
HOLDER = re.compile(r"\{(\w+)\}")
EXAMPLE = {
    "verb": "ask", "sender": "main@home", "to": "bob", "command": "ask", "id": "018b",
    "agent": "bob", "peer": "lab", "home": "/tmp/home", "suggestion": "listen",
    "hash": "0badc0de", "alias": "den",
}  # fmt: skip


def modules() -> list[str]:
    return [
        path.read_text()
        for path in (SOURCE / "errors").glob("*.py")
        if path.name not in ("__init__.py", "entry.py")
    ]


def test_no_code_is_given_twice_and_none_is_left_out() -> None:
    written = [code for text in modules() for code in re.findall(r'Entry\(\s*"([^"]+)"', text)]
    assert sorted(written) == sorted(CATALOGUE)
    assert all(code == entry.code for code, entry in CATALOGUE.items())


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=list(CATALOGUE))
def test_an_entry_says_what_it_is_and_what_to_do(entry: Entry) -> None:
    assert CODE.fullmatch(entry.code)
    assert entry.title
    assert not entry.title.endswith(".")
    assert entry.fix


@pytest.mark.parametrize("entry", CATALOGUE.values(), ids=list(CATALOGUE))
def test_a_fix_that_is_a_command_can_be_typed(entry: Entry) -> None:
    assert set(HOLDER.findall(entry.fix)) <= set(EXAMPLE)
    fix = GatepostError(entry.code, **EXAMPLE).fix
    if fix.startswith("gatepost "):
        read(fix)


def outside() -> dict[Path, str]:
    """The source but for the catalogue."""
    return {path: path.read_text() for path in SOURCE.rglob("*.py") if path.parent.name != "errors"}


def test_every_code_that_is_raised_is_in_the_catalogue() -> None:
    raised = {code for text in outside().values() for code in RAISED.findall(text)}
    assert len(raised) > 30
    assert raised <= set(CATALOGUE)


def test_every_code_of_the_catalogue_is_said_by_something() -> None:
    said = {
        node.value
        for text in outside().values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant)
    }
    assert set(CATALOGUE) - said == set()


def test_a_placeholder_nobody_filled_stays_visible() -> None:
    assert GatepostError("peer.blocked").fix == "gatepost peers unblock PEER"
    assert GatepostError("peer.blocked", peer="lab").fix == "gatepost peers unblock lab"


@pytest.mark.parametrize("family", Family)
def test_a_family_fixes_exit_code_and_status(family: Family) -> None:
    exit_code, status = family.value
    assert 1 < exit_code < 128
    assert 200 <= status < 600
    for entry in CATALOGUE.values():
        if entry.family is family:
            error = GatepostError(entry.code)
            assert error.exit_code == exit_code
            assert error.http_status == (entry.status or status)


@pytest.mark.parametrize("code", CATALOGUE)
def test_an_error_comes_back_from_its_report_as_it_was(code: str) -> None:
    error = GatepostError(code, what="that", why="because", where="policy.toml:3", peer="lab")
    back = error.report().error()
    assert (back.code, back.what, back.why, back.where) == (code, "that", "because", error.where)
    assert (back.fix, back.exit_code) == (error.fix, error.exit_code)


def test_a_code_of_a_newer_version_is_said_as_such() -> None:
    back = Report(code="moon.full", what="the moon is full", why="it is").error()
    assert back.code == "bug.unknown_error"
    assert "moon.full: the moon is full" in back.what


def test_what_an_error_says_defaults_to_its_title() -> None:
    error = GatepostError("peer.unknown")
    assert error.what == CATALOGUE["peer.unknown"].title
    assert str(error) == f"peer.unknown: {error.what}"
