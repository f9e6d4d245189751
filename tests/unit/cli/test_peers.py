"""Pairing at the terminal, and stopping."""

from typing import Any, cast

import pytest

from gatepost.core.views import Ping, Step
from gatepost.errors import GatepostError
from tests.unit.cli.fakes import INVITATION, LAB, WORDS, FakeNode, paired
from tests.unit.cli.terminal import Terminal


def asked(node: FakeNode) -> list[str]:
    return [one[0] for one in cast(list[Any], node.asked) if not one[0].startswith("connect")]


def interrupt(at: str) -> Any:
    def stop(what: str) -> None:
        if what == at:
            raise KeyboardInterrupt

    return stop


def test_an_invitation_is_alone_on_stdout_and_a_pipe_does_not_wait(
    terminal: Terminal, node: FakeNode
) -> None:
    said = terminal.type("peers invite lab --for 30m")
    assert (said.code, said.out) == (0, INVITATION + "\n")
    assert "valid until 14:30:00" in said.err
    assert asked(node) == ["invite"]


def test_on_a_terminal_the_inviter_waits_and_sees_the_same_ending(
    terminal: Terminal, node: FakeNode
) -> None:
    node.joined = [None, None, paired("lab", LAB)]
    said = terminal.type("peers invite lab", watched=True)
    assert said.code == 0
    assert asked(node) == ["invite", "paired", "paired", "paired"]
    assert WORDS in said.err and "gatepost policy grant '*@lab' ask NAME" in said.err


def test_ctrl_c_while_waiting_says_that_the_invitation_stays(
    terminal: Terminal, node: FakeNode
) -> None:
    node.stop = interrupt("paired")
    said = terminal.type("peers invite lab", watched=True)
    assert said.code == 130
    assert "the invitation stays open: gatepost peers list shows lab" in said.err


def test_accepting_ends_with_words_and_what_the_peer_may_do(
    terminal: Terminal, node: FakeNode
) -> None:
    said = terminal.type(f"peers accept {INVITATION} --name house")
    assert said.code == 0
    assert WORDS in said.out and "ping, nothing more" in said.out
    assert "gatepost peers remove house" in said.err
    assert cast(Any, node.asked)[-1] == ("accept", INVITATION, "house")


def test_an_invitation_can_be_pasted_at_a_prompt_or_piped(
    terminal: Terminal, node: FakeNode
) -> None:
    for line in ("peers accept", "peers accept -"):
        assert terminal.type(line, INVITATION + "\n").code == 0
        assert cast(Any, node.asked)[-1] == ("accept", INVITATION, "")


def test_no_invitation_pairs_with_nobody(terminal: Terminal, node: FakeNode) -> None:
    said = terminal.type("peers accept", "")
    assert said.code == 1 and "nothing was paired" in said.err
    assert node.asked == []


@pytest.mark.parametrize("answer", ["", "y\n", "yes\n", "other\n"])
def test_trust_needs_the_alias_typed(terminal: Terminal, node: FakeNode, answer: str) -> None:
    said = terminal.type("peers trust lab", answer)
    assert said.code == 1 and "nothing was changed" in said.err
    assert asked(node) == ["peers"]


def test_trust_goes_on_when_the_alias_is_typed(terminal: Terminal, node: FakeNode) -> None:
    assert terminal.type("peers trust lab", "lab\n").code == 0
    assert asked(node) == ["peers", "trust"]


@pytest.mark.parametrize("line", ["peers accept", "peers trust lab", "init"])
def test_ctrl_c_at_a_prompt_leaves_nothing_half_done(
    terminal: Terminal, node: FakeNode, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    def interrupted(self: object, question: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("gatepost.cli.render.Screen.prompt", interrupted)
    assert terminal.type(line).code == 130
    assert asked(node) in ([], ["peers"])


def test_a_ping_that_fails_is_an_error_of_the_peer(terminal: Terminal, node: FakeNode) -> None:
    node.allowed = False
    said = terminal.type("peers ping lab")
    assert said.code == 5 and "gatepost peers endpoint lab HOST:PORT" in said.err


@pytest.mark.parametrize(
    ("line", "undo"),
    [
        ("peers block lab", "gatepost peers unblock lab"),
        ("peers alias lab attic", "gatepost peers alias attic lab"),
        ("peers endpoint lab a:1", "gatepost peers endpoint lab lab.example:7443"),
        ("peers remove lab", "gatepost peers invite lab"),
        ("policy grant main@home ask specialist", "gatepost policy revoke g3"),
        ("policy revoke g3", "gatepost policy grant main@home ask specialist"),
        ("agents add main", "gatepost agents remove main"),
        ("tokens create main", "gatepost tokens revoke t2"),
        ("pause lab", "gatepost resume lab"),
        ("resume", "gatepost pause"),
        ("send a@lab hello", "gatepost cancel"),
    ],
)
def test_every_command_that_changes_something_names_its_undo(
    terminal: Terminal, node: FakeNode, line: str, undo: str
) -> None:
    said = terminal.type(line)
    assert said.code == 0 and f"undo    {undo}" in said.err


def test_ctrl_c_after_a_question_was_accepted_says_how_it_goes_on(
    terminal: Terminal, node: FakeNode
) -> None:
    node.stop = interrupt("check")
    said = terminal.type("ask specialist@lab why")
    assert said.code == 130 and said.out == ""
    assert "the question goes on without you: gatepost check 01a3c2d1" in said.err


def test_ctrl_c_before_that_does_not_claim_to_know(terminal: Terminal, node: FakeNode) -> None:
    node.stop = interrupt("submit")
    said = terminal.type("ask specialist@lab why")
    assert said.code == 130
    assert "gatepost messages list shows whether it was accepted" in said.err


def test_the_node_not_running_is_exit_8(terminal: Terminal, node: FakeNode) -> None:
    node.refuse = GatepostError("node.not_running")
    said = terminal.type("status")
    assert said.code == 8 and "fix     gatepost start" in said.err


def test_a_try_of_the_way_shows_every_step_and_fails_with_its_own_error(
    terminal: Terminal, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = (
        Step("tcp", "ok", "192.0.2.7:7443", 0.4),
        Step("tls", "ok", "TLS 1.3", 2.0),
        Step("pin", "failed", "its key is not the one this node knows", 0.1),
        Step("hello", "skipped"),
        Step("link", "failed", "there is no link now"),
    )

    async def ping(alias: str, wire: bool = False) -> Ping:
        return Ping(alias, LAB, 2.5, wire, False, "another key", "peer.wrong_node", steps)

    monkeypatch.setattr(node, "ping", ping)
    said = terminal.type("peers ping lab --wire")
    assert said.code == 5
    for step in steps:
        assert f"{step.name} " in said.out and step.text in said.out
    assert "error[peer.wrong_node]" in said.err
    assert "gatepost peers endpoint lab HOST:PORT" in said.err


def test_a_ping_that_a_rule_refuses_is_told_from_trouble_of_the_network(
    terminal: Terminal, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def denied(alias: str, wire: bool = False) -> Ping:
        rule = Step("rule", "failed", "its rules answer: denied", 1.0)
        why = "its rules answer: denied"
        return Ping(alias, LAB, 1.0, wire, False, why, "peer.ping_denied", (rule,))

    async def gone(alias: str, wire: bool = False) -> Ping:
        raise GatepostError("peer.unreachable", why="no link", peer=alias)

    monkeypatch.setattr(node, "ping", denied)
    said = terminal.type("peers ping lab")
    assert (said.code, "policy grant" in said.err) == (3, True)
    assert "--wire" not in said.err
    monkeypatch.setattr(node, "ping", gone)
    said = terminal.type("peers ping lab")
    assert (said.code, "gatepost peers ping lab --wire" in said.err) == (5, True)


def test_the_ending_of_a_pairing_can_be_shown_again(terminal: Terminal, node: FakeNode) -> None:
    node.joined = [paired("lab", LAB)]
    said = terminal.type("peers show lab")
    assert said.code == 0
    assert WORDS in said.out
    assert "policy grant '*@lab'" in said.err


def test_a_rename_says_what_still_uses_the_old_name_and_how_to_undo_it(
    terminal: Terminal, node: FakeNode
) -> None:
    said = terminal.type("peers alias lab den")
    assert (said.code, said.out) == (0, "lab  renamed to den\n")
    assert "rules that say `lab` still mean it: family, g3" in said.err
    assert "undo    gatepost peers alias den lab" in said.err
