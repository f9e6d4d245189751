"""Commands that are not there, crash, flood, print garbage or hang: their sender is told which."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gatepost.core.message import InboxQuery
from gatepost.core.views import AgentSpec
from gatepost.errors import GatepostError
from tests.process.nodes import add_agent
from tests.process.scene import WAIT, Scene, texts, watch_until

pytestmark = pytest.mark.process


@pytest.mark.parametrize("mode", ["once", "stay"])
@pytest.mark.parametrize(
    ("steps", "code", "says"),
    [
        ("progress begun;crash 7", "adapter.crashed", "exit status 7"),
        ("progress begun;quiet", "adapter.crashed", "exit status 0"),
        ("progress begun;garbage", "adapter.garbage", "Hello, I am not JSON"),
        ("progress begun;garbage [1, 2]", "adapter.garbage", "object"),
        ("progress begun;long", "adapter.flood", "a line of more than"),
    ],
    ids=["crash", "quiet", "garbage", "list", "long line"],
)
def test_a_run_that_goes_wrong_is_told_truthfully_and_the_next_one_goes_well(
    shared: Scene, mode: str, steps: str, code: str, says: str
) -> None:
    worker = shared.worker(mode=mode)
    with shared.caller(worker) as main:
        view = main.ask(f"{worker}@lab", steps, WAIT)
        assert (view.state, view.reason, view.by) == ("failed", code, "agent")
        assert says in view.text
        assert texts(main.check(view.id))[:1] == ["begun"]
        assert main.ask(f"{worker}@lab", "done well", WAIT).text == "well"


def test_a_run_that_hangs_is_stopped_when_its_time_is_over(shared: Scene) -> None:
    worker = shared.worker(mode="once", run_seconds=1)
    with shared.caller(worker) as main:
        view = main.ask(f"{worker}@lab", "progress begun;hang", WAIT)
        assert (view.state, view.reason) == ("failed", "adapter.timeout")
        assert "longer than 1 seconds" in view.text
        assert main.ask(f"{worker}@lab", "done well", WAIT).text == "well"


def test_a_command_that_floods_is_stopped_and_its_sender_told(shared: Scene) -> None:
    worker = shared.worker(mode="once")
    with shared.caller(worker) as main:
        view = main.ask(f"{worker}@lab", "flood", WAIT)
        assert view.state == "failed"
        assert view.reason in ("adapter.flood", "message.too_large")
        assert main.ask(f"{worker}@lab", "done well", WAIT).text == "well"


def test_a_command_that_is_not_there_is_refused_when_it_is_added(shared: Scene) -> None:
    with shared.lab.operator as operator:
        with pytest.raises(GatepostError) as refused:
            operator.add_agent(
                AgentSpec(name="ghost", adapter="process", command=("no-such-command", "--ever"))
            )
        assert refused.value.code == "adapter.no_command"
        assert "ghost" not in [agent.address for agent in operator.agents()]
    typed = shared.lab.run("agents", "add", "ghost", "--command", "no-such-command --ever")
    assert (typed.returncode, typed.stdout) == (7, "")
    assert "error[adapter.no_command]" in typed.stderr


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"adapter": "process", "command": ()}, "usage.invalid"),
        ({"adapter": "process", "command": ("",)}, "adapter.no_command"),
        ({"adapter": "process", "command": ("/etc",)}, "adapter.no_command"),
        ({"adapter": "process", "command": ("true",), "mode": "twice"}, "usage.invalid"),
        ({"adapter": "process", "command": ("true",), "concurrent": 0}, "usage.invalid"),
        ({"adapter": "telepathy"}, "usage.invalid"),
        ({"adapter": "webhook", "url": "ftp://x"}, "usage.invalid"),
    ],
)
def test_an_agent_that_could_never_be_woken_is_not_added(
    shared: Scene, how: dict[str, object], code: str
) -> None:
    with shared.lab.operator as operator:
        with pytest.raises(GatepostError) as refused:
            add_agent(shared.lab, "never", **how)
        assert refused.value.code == code
        assert "never" not in [agent.address for agent in operator.agents()]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda path: path.unlink(), "adapter.no_command"),
        (lambda path: path.chmod(0o600), "adapter.no_command"),
        (lambda path: path.write_text("no program"), "adapter.crashed"),
        (lambda path: path.write_text("#!/no/such/interpreter\n"), "adapter.crashed"),
    ],
    ids=["gone", "not executable", "no program", "no interpreter"],
)
def test_a_command_that_vanishes_later_fails_its_runs_until_it_is_back(
    shared: Scene, tmp_path: Path, spoil: Callable[[Path], object], code: str
) -> None:
    path = tmp_path / "agent"
    good = f"#!/bin/sh\nexec {shared.command_line('once')}\n"
    path.write_text(good)
    path.chmod(0o700)
    name = shared.name("script")
    add_agent(shared.lab, name, adapter="process", command=(str(path),))
    with shared.caller(name) as main:
        assert main.ask(f"{name}@lab", "done one", WAIT).text == "one"
        spoil(path)
        view = main.ask(f"{name}@lab", "done two", WAIT)
        assert (view.state, view.reason) == ("failed", code)
        path.write_text(good)
        path.chmod(0o700)
        assert main.ask(f"{name}@lab", "done three", WAIT).text == "three"


def test_an_agent_removed_with_work_in_hand_ends_it_and_what_waits_goes_to_its_successor(
    shared: Scene,
) -> None:
    worker = shared.worker(concurrent=1)
    gate, step = shared.gate()
    with shared.caller(worker) as main, shared.lab.operator as operator:
        running = main.delegate(f"{worker}@lab", f"{step};done")
        watch_until(main, running.id, said=f"at {gate}")
        waits = main.delegate(f"{worker}@lab", "done later")
        watch_until(main, waits.id, "received")
        operator.remove_agent(worker)
        view = main.check(running.id, WAIT)
        assert (view.state, view.reason) == ("failed", "adapter.stopped")
        refused = main.ask(f"{worker}@lab", "anybody?", WAIT)
        assert (refused.state, refused.reason) == ("rejected", "denied")
        assert main.check(waits.id).state == "received"
        add_agent(shared.lab, worker)
        with shared.lab.speaker(worker) as agent:
            (run,) = agent.inbox(InboxQuery(wait=WAIT))
            agent.reply(run.id, "by the successor", "done")
        assert main.check(waits.id, WAIT).text == "by the successor"
