"""A real node is killed with an agent at work; what its adapter finds, the sender is told."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from gatepost.core.message import text_of
from gatepost.sdk.blocking import BlockingClient
from tests.process.scene import WAIT, Scene, scene

MODES = ("once", "stay")


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Two nodes, one of which is killed again and again."""
    with scene(tmp_path_factory.mktemp("mortal")) as one:
        yield one


@pytest.mark.parametrize("mode", MODES)
def test_a_run_goes_on_through_a_kill_and_is_done_once(mortal: Scene, mode: str) -> None:
    worker = mortal.worker(mode=mode)
    gate, step = mortal.gate()
    with mortal.caller(worker) as mailbox:
        asked = mailbox.delegate(f"{worker}@lab", f"{step};done after the kill")
        _until(mailbox, asked.id, "working", f"at {gate}")
        mortal.lab.restart()
        mortal.gates.open(gate)
        view = mailbox.check(asked.id, WAIT)
        assert (view.state, view.text) == ("done", "after the kill")
        assert mortal.starts(asked.id) == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_run_that_ends_while_its_node_is_down_is_done(mortal: Scene, mode: str) -> None:
    worker = mortal.worker(mode=mode)
    gate, step = mortal.gate()
    with mortal.caller(worker) as mailbox:
        asked = mailbox.delegate(f"{worker}@lab", f"{step};done in the dark")
        _until(mailbox, asked.id, "working", f"at {gate}")
        mortal.lab.kill()
        mortal.gates.open(gate)
        mortal.lab.start()
        view = mailbox.check(asked.id, WAIT)
        assert (view.state, view.text) == ("done", "in the dark")
        assert mortal.starts(asked.id) == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_question_asked_before_a_kill_is_answered_after_it(mortal: Scene, mode: str) -> None:
    worker = mortal.worker(mode=mode)
    with mortal.caller(worker) as mailbox:
        asked = mailbox.delegate(f"{worker}@lab", "ask which disk?;done it was $")
        assert mailbox.check(asked.id, WAIT).state == "needs_input"
        mortal.lab.restart()
        mailbox.reply(asked.id, "sda")
        view = mailbox.check(asked.id, WAIT)
        assert (view.state, view.text) == ("done", "it was sda")
        assert mortal.starts(asked.id) == 1


@pytest.mark.parametrize("mode", MODES)
def test_a_reply_given_while_the_node_is_down_reaches_the_run(mortal: Scene, mode: str) -> None:
    worker = mortal.worker(mode=mode)
    with mortal.caller(worker) as mailbox:
        asked = mailbox.delegate(f"{worker}@lab", "ask which disk?;done it was $")
        assert mailbox.check(asked.id, WAIT).state == "needs_input"
        mortal.lab.kill()
        mailbox.reply(asked.id, "sdb")
        mortal.lab.start()
        view = mailbox.check(asked.id, WAIT)
        assert (view.state, view.text) == ("done", "it was sdb")


@pytest.mark.parametrize("mode", MODES)
def test_a_cancel_sent_while_the_node_is_down_reaches_the_run(mortal: Scene, mode: str) -> None:
    worker = mortal.worker(mode=mode)
    gate, step = mortal.gate()
    with mortal.caller(worker) as mailbox:
        asked = mailbox.delegate(f"{worker}@lab", f"{step};done")
        _until(mailbox, asked.id, "working", f"at {gate}")
        mortal.lab.kill()
        mailbox.cancel(asked.id)
        mortal.lab.start()
        assert mailbox.check(asked.id, WAIT).state == "cancelled"
        mortal.gates.open(gate)


@pytest.mark.parametrize("mode", MODES)
def test_a_run_whose_command_died_with_its_node_is_unknown(mortal: Scene, mode: str) -> None:
    worker = mortal.worker(mode=mode)
    gate, step = mortal.gate()
    with mortal.caller(worker) as mailbox:
        asked = mailbox.delegate(f"{worker}@lab", f"{step};crash")
        _until(mailbox, asked.id, "working", f"at {gate}")
        mortal.lab.kill()
        mortal.gates.open(gate)
        _free(mortal.lab.places.run / "agents" / worker)
        mortal.lab.start()
        assert mailbox.check(asked.id, WAIT).state == "unknown"


def _until(mailbox: BlockingClient, message: str, state: str, progress: str) -> None:
    """Watch a message until its agent has said something, as its sender hears it."""
    for view in mailbox.watch(message):
        said = [text_of(moment.parts) for moment in mailbox.check(message).timeline]
        if view.state == state and progress in said:
            return
    raise AssertionError(f"it never said `{progress}`")


def _free(directory: Path) -> None:
    """Wait until no command runs: until its lock is free."""
    for path in directory.glob("*.lock"):
        with path.open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
