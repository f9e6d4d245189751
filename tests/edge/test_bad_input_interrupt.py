"""Ctrl-C at a terminal: at every prompt and in every long wait; nothing half done is left."""

import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gatepost.errors import GatepostError
from tests.process.nodes import RealNode, environment
from tests.process.scene import WAIT, Scene, watch_until

pytestmark = pytest.mark.process
# A terminal of its own: Ctrl-C typed there reaches the command as it would reach it from a person.
OWN_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """A command at a terminal somebody watches."""

    def __init__(self, command: list[str]) -> None:
        self.shown = ""
        self._own, theirs = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", OWN_TERMINAL, *command],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**environment(), "TERM": "xterm", "NO_COLOR": "1"},
        )
        os.close(theirs)

    def until(self, text: str) -> str:
        """Read on until this is shown; what was shown since the start."""
        while text not in self.shown:
            more = self._read()
            assert more, f"it ended before it showed {text!r}:\n{self.shown}"
        return self.shown

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._own, keys.encode())

    def interrupt(self) -> tuple[int, str]:
        """Press Ctrl-C; the exit code and what was shown from then on."""
        before = len(self.shown)
        self.type("\x03")
        while self._read():
            pass
        return self.process.wait(WAIT), self.shown[before:]

    def close(self) -> None:
        """Hang up."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(WAIT)
        os.close(self._own)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._own], [], [], WAIT)
        assert ready, f"nothing more was shown:\n{self.shown}"
        try:
            data = os.read(self._own, 65536)
        except OSError:  # how a pty says that the other side is gone
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)


@contextmanager
def at_terminal(node: RealNode, *words: str) -> Iterator[Terminal]:
    terminal = Terminal(node.command(*words))
    try:
        yield terminal
    finally:
        terminal.close()


def assert_clean(ended: tuple[int, str], code: int = 130) -> str:
    """It ended by Ctrl-C and without a trace of how it is made."""
    assert ended[0] == code, ended[1]
    assert "Traceback" not in ended[1] and "KeyboardInterrupt" not in ended[1]
    return ended[1]


# prompts


def test_at_the_question_for_a_name_nothing_is_made(tmp_path: Path) -> None:
    node = RealNode(tmp_path / "home", "home")
    with at_terminal(node, "init") as terminal:
        terminal.until("name of this node:")
        assert_clean(terminal.interrupt())
    assert not node.home.exists()


def test_at_the_question_for_an_invitation_nobody_is_paired(shared: Scene) -> None:
    with shared.home.operator as operator, at_terminal(shared.home, "peers", "accept") as terminal:
        before = [view.alias for view in operator.peers()]
        terminal.until("invitation:")
        terminal.type("gp1-abc")
        assert_clean(terminal.interrupt())
        assert [view.alias for view in operator.peers()] == before


def test_at_the_question_whether_to_trust_nothing_is_changed(shared: Scene) -> None:
    with at_terminal(shared.home, "peers", "trust", "lab") as terminal:
        terminal.until("Type lab to trust it:")
        terminal.type("la")
        assert_clean(terminal.interrupt())
    with shared.home.operator as operator:
        assert operator.ping("lab").ok


def test_an_empty_answer_and_an_end_of_input_change_nothing_either(shared: Scene) -> None:
    for keys in ("\r", "\x04"):
        with at_terminal(shared.home, "peers", "trust", "lab") as terminal:
            terminal.until("Type lab to trust it:")
            terminal.type(keys)
            terminal.until("nothing was changed")
            assert terminal.process.wait(WAIT) == 1


# waits


@pytest.mark.parametrize("verb", ["ask", "delegate", "check"])
def test_in_a_wait_for_an_answer_the_message_goes_on_and_it_says_how_to_come_back(
    shared: Scene, verb: str
) -> None:
    worker = shared.worker()
    name, step = shared.gate()
    id = ""
    with shared.caller(worker) as main:
        if verb == "check":
            id = main.delegate(f"{worker}@lab", f"{step};done after all").id
            words = ("check", id, "--wait", "10m")
        else:
            words = (verb, f"{worker}@lab", f"{step};done after all", "--wait", "10m")
        with at_terminal(shared.home, *words, "--as", main.agent) as terminal:
            terminal.until("working")
            said = assert_clean(terminal.interrupt())
        if verb != "check":
            assert "goes on without you" in said
            id = re.findall(r"gatepost check (\S+)", said)[-1]
        shared.gates.open(name)
        assert main.check(id, WAIT).text == "after all"
    assert shared.starts(id) == 1


def test_in_a_wait_for_mail_what_comes_later_is_still_there(shared: Scene) -> None:
    poller = shared.poller()
    with shared.caller(poller) as main:
        with at_terminal(shared.lab, "inbox", "--as", poller, "--wait", "10m") as terminal:
            terminal.until("waiting for messages")
            assert "nothing was taken" in assert_clean(terminal.interrupt())
        sent = main.send(f"{poller}@lab", "are you there?")
        watch_until(main, sent.id, "received")
        with shared.lab.operator as operator:
            assert operator.message(sent.id).state == "received"
        shown = shared.lab.do("inbox", "--as", poller, "--wait", "20s")
        assert "are you there?" in shown and sent.id[:12] in shown


def test_in_a_wait_for_a_guest_the_invitation_stays_open(shared: Scene) -> None:
    name = shared.name("guest")
    with at_terminal(shared.home, "peers", "invite", name) as terminal:
        terminal.until("waiting for")
        said = assert_clean(terminal.interrupt())
        assert "the invitation stays open" in said
        text = re.findall(r"gp1-[a-z2-7]+", terminal.shown)[0]
    with shared.home.operator as operator:
        with pytest.raises(GatepostError) as own:
            operator.accept(text)
        assert own.value.code == "peer.wrong_node"  # whole, and this node's own


def test_while_it_follows_the_log_it_just_ends(shared: Scene) -> None:
    with at_terminal(shared.home, "log", "--follow", "--kind", "message") as terminal:
        with shared.caller() as main:
            main.send(main.agent, "hello")
            terminal.until(main.agent)
        assert_clean(terminal.interrupt())


def test_a_node_in_the_foreground_ends_cleanly_and_its_work_goes_on_after_the_next_start(
    tmp_path: Path,
) -> None:
    node = RealNode(tmp_path / "home", "home").make()
    with at_terminal(node, "start") as terminal:
        terminal.until("ready")
        assert_clean(terminal.interrupt(), code=0)
        assert not list(node.places.sockets.glob("*.sock"))
    try:
        node.start()
        assert (node.stop(), node.said) == (0, "")
    finally:
        node.kill()
