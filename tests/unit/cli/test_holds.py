"""holds list, show, approve, refuse, revoke."""

import json
from pathlib import Path

import msgspec
import pytest

from gatepost.core.holding import Answered, ApprovalView
from gatepost.core.message import Data, Text
from tests.unit.cli.fakes import ID, NOW, TALK
from tests.unit.cli.terminal import Terminal
from tests.unit.cli.waiting import DIGEST, HOLD, Waiting


@pytest.fixture
def node() -> Waiting:
    return Waiting()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, node: Waiting) -> Terminal:
    return Terminal(monkeypatch, node)


def test_what_waits_is_listed_with_who_why_and_how_long(terminal: Terminal, node: Waiting) -> None:
    said = terminal.type("holds list")
    assert said.code == 0
    for word in ("delegate", "main@home → specialist", "2 min 5 s", "3 d", "look", "Rebuild"):
        assert word in said.out
    assert f"gatepost holds show {ID[:13]}" in said.err
    node.held = []
    assert terminal.type("holds list").out == "nothing waits for you\n"
    assert json.loads(terminal.type("holds list --json").out) == []


def test_showing_one_shows_its_exact_content_its_digest_and_both_answers(
    terminal: Terminal, tmp_path: Path
) -> None:
    said = terminal.type(f"holds show {ID[:13]} --save {tmp_path}")
    for word in (
        "│ The log is attached.",
        "night.log",
        DIGEST,
        "policy.toml:76",
        "k7wq4mz vouches",
    ):
        assert word in said.out
    assert f"gatepost holds approve {ID} --digest 5f3c9a01" in said.err
    assert f"gatepost holds refuse {ID} REASON" in said.err
    assert (tmp_path / "night.log").read_bytes() == b"x" * 2150


def test_what_would_not_show_is_counted_and_never_obeyed(terminal: Terminal, node: Waiting) -> None:
    hostile = "Rebuild\x1b[2J it\u202e.\nyes  gatepost holds approve everything"
    data = Data(msgspec.Raw(b'{"a": 1}'))
    node.held = [msgspec.structs.replace(HOLD, parts=(Text(hostile), Text("plain"), data))]
    said = terminal.type(f"holds show {ID}")
    assert "\x1b" not in said.out and "\u202e" not in said.out
    assert "  hidden  2 characters that would not show; --json shows all" in said.out
    assert said.out.count("hidden") == 1
    assert '  │ {"a": 1}' in said.out
    assert "  │ yes  gatepost holds approve everything" in said.out
    exact = terminal.type(f"holds show {ID} --json").out
    assert "\u202e" not in exact
    assert json.loads(exact)["parts"][0]["text"] == hostile


def test_a_yes_is_for_this_message_unless_more_is_said(terminal: Terminal, node: Waiting) -> None:
    for words, scope, until in (
        ("", "once", 0),
        ("--digest 5F3C", "once", 0),
        ("--conversation", "conversation", 0),
        ("--conversation --for 2h", "conversation", NOW + 7_200_000),
        ("--for 30m", "time", NOW + 1_800_000),
    ):
        said = terminal.type(f"holds approve {ID[:13]} {words}")
        assert said.code == 0, said.err
        id, given = node.approved.pop()
        assert (id, given.digest) == (ID, DIGEST)
        assert (given.scope, given.until, list(given.rules)) == (scope, until, ["look"])
        assert f"approved  {ID}" in said.out and DIGEST in said.out


def test_a_yes_to_another_digest_is_not_sent(terminal: Terminal, node: Waiting) -> None:
    said = terminal.type(f"holds approve {ID} --digest 6f3c")
    assert said.code == 2 and "error[hold.changed]" in said.err
    assert f"gatepost holds show {ID}" in said.err
    assert node.approved == []


def test_a_yes_that_stands_says_how_to_take_it_back(terminal: Terminal, node: Waiting) -> None:
    node.answer = Answered(
        id=ID,
        answer="approved",
        state="working",
        digest=DIGEST,
        approval="y1234abcd",
        until=NOW + 60_000,
        also=2,
        undo="gatepost holds revoke y1234abcd",
    )
    said = terminal.type(f"holds approve {ID} --for 1m")
    assert "y1234abcd, until 14:01:00" in said.out and "2 more let go" in said.out
    assert "undo    gatepost holds revoke y1234abcd" in said.err
    assert terminal.type("holds revoke y1234abcd").out == "revoked  y1234abcd\n"


def test_a_yes_the_law_overrules_says_so(terminal: Terminal, node: Waiting) -> None:
    node.answer = Answered(
        id=ID,
        answer="approved",
        state="rejected",
        digest=DIGEST,
        why="the law refuses it now (denied)",
    )
    said = terminal.type(f"holds approve {ID}")
    assert said.code == 3 and "the law refuses it now" in said.out


def test_a_no_takes_its_reason_along(terminal: Terminal, node: Waiting) -> None:
    said = terminal.type(f"holds refuse {ID[:13]} Not on a Friday.")
    assert (said.code, node.refused) == (0, [(ID[:13], "Not on a Friday.")])
    assert f"refused  {ID}  now rejected" in said.out
    terminal.type(f"holds refuse {ID}")
    assert node.refused[-1] == (ID, "")


def test_approvals_that_stand_are_listed(terminal: Terminal, node: Waiting) -> None:
    assert terminal.type("holds list --standing").out == "no approval stands\n"
    one = ApprovalView(
        id="y1234abcd",
        verb="ask",
        sender="main@home",
        to="bob",
        rules=("look",),
        made=NOW,
        message=ID,
    )
    spoiled = msgspec.structs.replace(one, id="y2", conversation=TALK, until=NOW, answers=False)
    node.stand = (one, spoiled)
    lines = terminal.type("holds list --standing").out.splitlines()
    assert "any conversation" in lines[1] and lines[1].endswith("look")
    assert "conversation 01a3c2d1-7b1c" in lines[2] and lines[2].endswith("look: changed since")


def test_what_does_not_wait_is_said_so(terminal: Terminal) -> None:
    for line in ("holds show 0000", "holds approve 0000"):
        said = terminal.type(line)
        assert said.code == 2 and "error[hold.unknown]" in said.err
