"""The story typed by hand: two nodes, two agents, what a newcomer types and sees."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.process.nodes import RealNode, environment

pytestmark = pytest.mark.process
WAIT = 30
SLOW = """
import json, sys
message = json.loads(sys.stdin.readline())
if message["text"].startswith("wait"):
    open(message["text"].split()[1]).read()  # a pipe that opens when the test says so
print(json.dumps({"type": "progress", "text": "reading"}), flush=True)
print(json.dumps({"type": "done", "text": "heard: " + message["text"]}), flush=True)
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("story")


@pytest.fixture(scope="module")
def nodes(root: Path) -> Iterator[tuple[RealNode, RealNode]]:
    home, lab = RealNode(root / "home", "home"), RealNode(root / "lab", "lab")
    try:
        for node in (home, lab):
            node.init().start()
        (root / "agent.py").write_text(SLOW)
        home.do("agents", "add", "main")
        lab.do("agents", "add", "specialist", "--command", f"{sys.executable} {root}/agent.py")
        invitation = home.do("peers", "invite", "lab").strip()
        assert invitation.startswith("gp1-") and len(invitation.split()) == 1
        paired = lab.run("peers", "accept", invitation, "--name", "home")
        assert "both ways" in paired.stdout and "may     ping, nothing more" in paired.stdout
        yield home, lab
    finally:
        for node in (home, lab):
            node.kill()


def test_before_a_grant_the_answer_is_no_and_after_it_the_answer_comes(
    nodes: tuple[RealNode, RealNode],
) -> None:
    home, lab = nodes
    refused = home.run("ask", "specialist@lab", "hello", "--wait", "20s")
    assert (refused.returncode, refused.stdout) == (3, "")
    why = lab.run("explain", "main@home", "specialist", "ask")
    assert why.returncode == 1
    fix = next(line.split("gatepost ")[1] for line in why.stdout.splitlines() if "fix " in line)
    assert lab.run("policy", "can", "main@home", "specialist", "ask").stdout == "no\n"
    lab.do(*fix.split())
    assert lab.run("policy", "can", "main@home", "specialist", "ask").stdout == "yes\n"
    assert home.do("ask", "specialist@lab", "hello", "--wait", "20s") == "heard: hello\n"


def test_ctrl_c_leaves_the_question_and_says_how_to_come_back(
    nodes: tuple[RealNode, RealNode], root: Path
) -> None:
    home, lab = nodes
    lab.do("policy", "grant", "main@home", "ask", "specialist", "--id", "again")
    os.mkfifo(root / "gate")
    asking = subprocess.Popen(
        home.command("ask", "specialist@lab", f"wait {root}/gate"),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env=environment(),
    )  # fmt: skip
    assert asking.stderr is not None
    assert asking.stderr.readline().startswith("accepted")
    asking.send_signal(signal.SIGINT)
    out, err = asking.communicate(timeout=WAIT)
    assert (asking.returncode, out) == (130, "")
    assert "the question goes on without you: gatepost check " in err
    message = err.split("gatepost check ")[1].split()[0]
    assert home.run("check", message[:18]).returncode == 9
    (root / "gate").write_text("go")
    assert home.do("check", message[:18], "--wait", "20s").startswith("heard: wait")
    shown = json.loads(home.do("messages", "show", message, "--json"))
    assert [step["state"] for step in shown["timeline"]][-1] == "done"


def test_a_peer_that_is_away_is_told_truthfully_and_the_answer_comes_when_it_is_back(
    nodes: tuple[RealNode, RealNode],
) -> None:
    home, lab = nodes
    lab.do("policy", "grant", "main@home", "ask", "specialist", "--id", "away")
    lab.kill()
    asked = home.run("ask", "specialist@lab", "are you there", "--wait", "1s")
    assert (asked.returncode, asked.stdout) == (9, "")
    assert "no contact with lab" in asked.stderr and "has not left this node" in asked.stderr
    assert home.run("peers", "ping", "lab").returncode == 5
    listed = json.loads(home.do("messages", "list", "--open", "--json"))
    assert [one["state"] for one in listed] == ["accepted"]
    lab.start()
    answer = home.do("check", listed[0]["id"], "--wait", "30s")
    assert answer == "heard: are you there\n"


def test_an_agent_without_an_adapter_is_served_by_hand(
    nodes: tuple[RealNode, RealNode],
) -> None:
    home, lab = nodes
    lab.do("agents", "add", "person")
    lab.do("policy", "grant", "main@home", "ask,send", "person")
    message = home.do("delegate", "person@lab", "look")
    assert home.run("check", message.strip(), "--wait", "20s").returncode == 3
    asking = subprocess.Popen(
        home.command("ask", "person@lab", "which index?"), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    (run,) = json.loads(lab.do("--as", "person", "inbox", "--wait", "20s", "--json"))
    assert (run["sender"], run["parts"][0]["text"]) == ("main@home", "which index?")
    lab.do("reply", run["id"], "the nightly one", "--as", "person")
    out, _ = asking.communicate(timeout=WAIT)
    assert (asking.returncode, out) == (0, "the nightly one\n")


def test_blocking_a_peer_refuses_at_once_and_the_undo_that_was_printed_works(
    nodes: tuple[RealNode, RealNode],
) -> None:
    home, _ = nodes
    blocked = home.run("peers", "block", "lab")
    assert blocked.returncode == 0
    assert home.run("send", "person@lab", "hello").returncode == 3
    undo = blocked.stderr.split("undo")[1].split("gatepost ")[1].split(" --home")[0]
    home.do(*undo.split())
    assert home.run("send", "person@lab", "hello").returncode == 0
