"""Refused for several reasons at once, and through with what one `explain` printed."""

import re
import shlex
from collections.abc import Iterator

import pytest

from gatepost.core.views import GrantIn
from tests.process.nodes import RealNode, add_agent, connected, pair

pytestmark = pytest.mark.process
COMMAND = re.compile(r"^  (\S+) +gatepost (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RealNode, RealNode]]:
    root = tmp_path_factory.mktemp("refused")
    home, lab = RealNode(root / "home", "home"), RealNode(root / "lab", "lab")
    try:
        for node in (home, lab):
            node.make().start()
        pair(home, lab)
        add_agent(home, "main")
        add_agent(lab, "specialist", adapter="echo")
        yield home, lab
    finally:
        for node in (home, lab):
            node.kill()


def printed(text: str) -> list[tuple[str, list[str]]]:
    """The commands an explanation ends with: on which node, and its words."""
    _, _, block = text.partition("to let it through, type\n")
    return [(at, shlex.split(words)) for at, words in COMMAND.findall(block)]


def hinted(text: str, label: str) -> list[str]:
    """The words of the command behind a label of talk."""
    line = next(line for line in text.splitlines() if line.strip().startswith(f"{label} "))
    return shlex.split(line.split("gatepost ", 1)[1])


@pytest.mark.requirement("P6", "F11")
def test_a_stranger_refused_for_three_reasons_gets_through_with_what_one_explain_printed(
    nodes: tuple[RealNode, RealNode],
) -> None:
    home, lab = nodes
    with home.operator as operator:
        operator.grant(GrantIn(sender="main", verbs=("ask",), to="*@lab", deny=True, id="quiet"))
        operator.block("lab")
    home.do("policy", "limit", "bytes", "10")
    question = ("ask", "specialist@lab", "Why did the nightly job fail?", "--wait", "20s")

    refused = home.run(*question)
    assert (refused.returncode, refused.stdout) == (3, "")
    told = home.run(*hinted(refused.stderr, "all"))
    assert told.returncode == 1
    for rule, where in (("quiet", "grants.toml:"), ("block-out", "grants.toml:")):
        assert rule in told.stdout and where in told.stdout
    assert "policy.toml:" in told.stdout and "the limit is 10" in told.stdout

    commands = printed(told.stdout)
    assert {at for at, _ in commands} == {"here", "lab"}
    for at, words in commands:
        done = (home if at == "here" else lab).run(*words)
        looks = words[0] == "explain"
        assert done.returncode in ((0, 1) if looks else (0,)), (words, done.stderr)
    connected(home, "lab")

    answered = home.run(*question)
    assert (answered.returncode, answered.stdout) == (0, "Why did the nightly job fail?\n")


def test_what_the_other_node_refused_is_told_with_the_command_for_its_operator(
    nodes: tuple[RealNode, RealNode],
) -> None:
    home, lab = nodes
    add_agent(lab, "closed", adapter="echo")
    refused = home.run("ask", "closed@lab", "hello", "--wait", "20s")
    assert (refused.returncode, refused.stdout) == (3, "")
    assert "the operator of lab sees why with `gatepost explain main@home closed ask`" in (
        refused.stderr
    )
    why = home.run(*hinted(refused.stderr, "next"))
    assert why.returncode == 1
    assert "lab  said denied" in why.stdout
    commands = printed(why.stdout)
    assert {at for at, _ in commands} == {"lab"}
    for _, words in commands:
        lab.run(*words)
    assert home.do("ask", "closed@lab", "hello", "--wait", "20s") == "hello\n"


def test_with_the_node_down_questions_are_answered_from_its_files_and_that_is_said(
    nodes: tuple[RealNode, RealNode],
) -> None:
    _, lab = nodes
    lab.do("policy", "grant", "main@home", "delegate", "specialist", "--id", "when-down")
    up = {
        "can": lab.run("policy", "can", "main@home", "specialist", "delegate"),
        "explain": lab.run("explain", "main@home", "specialist", "delegate"),
    }
    lab.kill()
    try:
        can = lab.run("policy", "can", "main@home", "specialist", "delegate")
        assert (can.returncode, can.stdout) == (0, up["can"].stdout)
        assert "the node is not running" in can.stderr
        nobody = lab.run("policy", "can", "eve@nowhere", "ghost", "delegate")
        assert (nobody.returncode, nobody.stdout) == (1, "no\n")
        assert "no agent `ghost` yet" in nobody.stderr and "no peer `nowhere` yet" in nobody.stderr
        why = lab.run("explain", "main@home", "specialist", "delegate")
        assert (why.returncode, why.stdout) == (0, up["explain"].stdout)
        assert "the node is not running" in why.stderr
        assert lab.run("policy", "who-can", "delegate", "specialist").returncode == 0
        assert lab.run("policy", "show").returncode == 0
        assert lab.run("policy", "test").returncode == 0
        assert lab.run("policy", "diff").returncode == 8
    finally:
        lab.start()


def test_a_rule_that_names_a_peer_as_it_was_called_counts_with_the_node_down_too(
    nodes: tuple[RealNode, RealNode],
) -> None:
    _, lab = nodes
    lab.places.policy.write_text(
        lab.places.policy.read_text()
        + '\n[[rule]]\nid = "old"\nallow = ["see"]\nfrom = "*@home"\nto = "specialist"\n'
    )
    lab.do("peers", "alias", "home", "attic")
    assert lab.do("policy", "can", "main@attic", "specialist", "see") == "yes\n"
    lab.kill()
    try:
        assert lab.do("policy", "can", "main@attic", "specialist", "see") == "yes\n"
    finally:
        lab.start()
        lab.do("peers", "alias", "attic", "home")
