"""The log on the command line: what is asked for, once each, and until the node stops."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from gatepost.cli.render import Screen
from gatepost.core.views import Event
from tests.unit.cli.fakes import NOW, FakeNode
from tests.unit.cli.terminal import Terminal

EVENTS = [
    Event(1, NOW - 7_200_000, "node.started", text="0.1"),
    Event(2, NOW - 600_000, "link.up", peer="lab"),
    Event(3, NOW - 500_000, "message.accepted", message="aaaa-1", agent="main"),
    Event(4, NOW - 400_000, "message.done", message="aaaa-1", agent="main"),
    Event(5, NOW - 300_000, "peer.stopped", peer="attic", text="superseded"),
    Event(6, NOW - 1_000, "message.accepted", message="bbbb-2", agent="other"),
]
LATER = Event(7, NOW, "link.down", peer="lab")


@pytest.fixture
def told(node: FakeNode, monkeypatch: pytest.MonkeyPatch) -> FakeNode:
    async def events(recent: int = 50, follow: bool = False) -> AsyncIterator[Event]:
        for event in [*EVENTS, LATER] if follow else EVENTS[-recent:]:
            yield event

    monkeypatch.setattr(node, "events", events)
    return node


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        ("", [1, 2, 3, 4, 5, 6]),
        ("--limit 2", [5, 6]),
        ("--limit 0", []),
        ("--kind message --limit 2", [4, 6]),
        ("--kind link", [2]),
        ("--kind link.up", [2]),
        ("--level warning", [5]),
        ("--level info", [1, 2, 5]),
        ("--message aaaa", [3, 4]),
        ("--peer lab", [2]),
        ("--agent main --kind message.d", [4]),
        ("--since 1h --limit 3", [4, 5, 6]),
    ],
)
def test_what_is_asked_for_is_sought_among_all_events(
    terminal: Terminal, told: FakeNode, options: str, shown: list[int]
) -> None:
    said = terminal.type(f"log {options} --json")
    assert said.code == 0
    assert [
        int(line.split(",")[0].removeprefix('{"n":')) for line in said.out.splitlines()
    ] == shown


def test_following_shows_each_event_once_and_says_when_the_node_stops(
    terminal: Terminal, told: FakeNode
) -> None:
    said = terminal.type("log --follow --limit 1")
    assert [line.split()[1] for line in said.out.splitlines()] == ["message.accepted", "link.down"]
    assert said.code == 8 and "the node stopped" in said.err


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ("--kind mesage", "did you mean message?"),
        ("--kind link.upp", "did you mean link.up?"),
        ("--kind zzz", "there are config"),
        ("--level loud", "the levels are debug, info, warning, error"),
        ("--since soon", "not a duration"),
        ("--limit -1", ""),
    ],
)
def test_what_there_is_no_event_of_is_refused_with_what_there_is(
    terminal: Terminal, told: FakeNode, options: str, says: str
) -> None:
    said = terminal.type(f"log {options}")
    assert (said.code, said.out) == (2, "")
    assert says in said.err


def test_what_a_node_says_to_nobody_is_left_out_and_never_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while os.write(writer, b"x" * 4096):
            pass
    os.set_blocking(writer, True)
    with os.fdopen(reader, "rb"), os.fdopen(writer, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        screen = Screen()
        screen.remark(1, "nobody reads this")
        os.read(reader, 65_536)
        screen.remark(2, "somebody reads again")
        assert os.read(reader, 65_536).endswith(b"somebody reads again\n")


def test_with_json_what_a_node_says_is_a_stream_of_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Screen(json=True).remark(EVENTS[1], "in words")
    out, err = capsys.readouterr()
    assert out == f'{{"n":2,"at":{EVENTS[1].at},"kind":"link.up","peer":"lab"}}\n'
    assert err == ""
