"""Links that both sides dial at once, peers that freeze or are killed: work goes on."""

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from gatepost.core.views import GrantIn
from tests.process.nodes import add_agent, connected, peer, until
from tests.process.scene import WAIT, Scene, scene, watch_until

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """Two nodes of this module; each test leaves them connected."""
    with scene(tmp_path_factory.mktemp("links")) as one:
        yield one


def both_ways(own: Scene) -> tuple[str, str]:
    """An echo on either node that main on the other may ask; (at home, at lab)."""
    for node, other in ((own.home, "lab"), (own.lab, "home")):
        with node.operator as operator:
            if "echo" in [agent.address for agent in operator.agents()]:
                continue
            operator.grant(GrantIn(sender=f"main@{other}", verbs=("ask",), to="echo"))
        add_agent(node, "main")
        add_agent(node, "echo", adapter="echo")
    return "echo@home", "echo@lab"


def asked_both_ways(own: Scene) -> None:
    """One question each way, asked at the same time, is answered."""
    at_home, at_lab = both_ways(own)
    with own.home.speaker("main") as one, own.lab.speaker("main") as other:
        with ThreadPoolExecutor(2) as threads:
            first = threads.submit(one.ask, at_lab, "to lab", WAIT)
            second = threads.submit(other.ask, at_home, "to home", WAIT)
            assert (first.result().text, second.result().text) == ("to lab", "to home")


def test_both_sides_dialling_at_once_end_with_one_link_that_works(own: Scene) -> None:
    both_ways(own)
    with own.home.operator as home, own.lab.operator as lab, ThreadPoolExecutor(2) as threads:
        for _ in range(5):
            dials = [
                threads.submit(home.set_endpoint, "lab", own.lab.endpoint),
                threads.submit(lab.set_endpoint, "home", own.home.endpoint),
            ]
            for dial in dials:
                dial.result()
            asked_both_ways(own)
            connected(own.home, "lab")
            connected(own.lab, "home")


def test_both_nodes_started_at_once_find_each_other(own: Scene) -> None:
    both_ways(own)
    for _ in range(2):
        for node in (own.home, own.lab):
            node.kill()
        for node in (own.home, own.lab):
            node.launch()
        for node in (own.home, own.lab):
            node.ready()
        asked_both_ways(own)


@pytest.mark.requirement("P2", "J5")
def test_what_is_sent_to_a_frozen_peer_and_taken_back_meanwhile_ends_once_and_truly(
    own: Scene,
) -> None:
    worker = own.worker()
    assert own.lab.process is not None
    with own.caller(worker) as main:
        assert main.ask(f"{worker}@lab", "done before", WAIT).text == "before"
        own.lab.process.send_signal(signal.SIGSTOP)
        try:
            sent = [main.delegate(f"{worker}@lab", f"done {n}").id for n in range(3)]
            withdrawn = [main.delegate(f"{worker}@lab", "done nobody waits").id for _ in range(3)]
            # It has a slot and may be there: nobody here says that it is cancelled.
            assert {main.cancel(id).state for id in withdrawn} == {"accepted"}
            assert {main.check(id).state for id in sent} == {"accepted"}
        finally:
            own.lab.process.send_signal(signal.SIGCONT)
        assert [main.check(id, WAIT).text for id in sent] == ["0", "1", "2"]
        assert [own.starts(id) for id in sent] == [1] * 3
        for id in withdrawn:
            view = main.check(id, WAIT)
            assert view.state in ("cancelled", "done")
            assert own.starts(id) <= view.attempt and (view.state, own.starts(id)) != ("done", 0)


@pytest.mark.requirement("P2", "P3", "C10")
def test_a_task_outlives_a_kill_of_the_node_it_went_to_and_runs_once(own: Scene) -> None:
    worker = own.worker()
    name, step = own.gate()
    with own.home.operator as home, own.caller(worker) as main:
        task = main.delegate(f"{worker}@lab", f"progress begun;{step};done at last")
        watch_until(main, task.id, said=f"at {name}")
        own.lab.kill()
        until(home, lambda: peer(home, "lab").state != "connected")
        waits = main.delegate(f"{worker}@lab", "done too")
        assert (main.check(task.id).state, main.check(waits.id).state) == ("working", "accepted")
        own.lab.start()
        own.gates.open(name)
        view = main.check(task.id, WAIT)
        assert (view.text, view.attempt, view.redelivered) == ("at last", 1, False)
        assert main.check(waits.id, WAIT).text == "too"
    assert (own.starts(task.id), own.starts(waits.id)) == (1, 1)


@pytest.mark.requirement("C10", "C13")
@pytest.mark.parametrize("mode", ["once", "stay"])
def test_a_question_of_the_agent_outlives_a_kill_of_either_node_and_so_does_its_reply(
    own: Scene, mode: str
) -> None:
    worker = own.worker(mode=mode)
    with own.caller(worker) as main:
        task = main.delegate(f"{worker}@lab", "progress begun;ask Which night?;done it was $")
        assert main.check(task.id, WAIT).text == "Which night?"
        own.home.restart()
        assert main.check(task.id, WAIT).text == "Which night?"
        own.lab.kill()
        main.reply(task.id, "Tuesday")
        own.lab.start()
        view = main.check(task.id, WAIT)
        assert (view.state, view.text, view.attempt) == ("done", "it was Tuesday", 1)
    assert own.starts(task.id) == 1


def test_a_withdrawal_outlives_a_kill_of_either_node(own: Scene) -> None:
    worker = own.worker(mode="once")
    name, step = own.gate()
    with own.home.operator as home, own.caller(worker) as main:
        running = main.delegate(f"{worker}@lab", f"{step};done too late")
        watch_until(main, running.id, said=f"at {name}")
        own.lab.kill()
        until(home, lambda: peer(home, "lab").state != "connected")
        unsent = main.delegate(f"{worker}@lab", "done never")
        assert main.cancel(unsent.id).state == "cancelled"
        assert main.cancel(running.id).state == "working"
        own.home.restart()
        own.lab.start()
        view = main.check(running.id, WAIT)
        assert (view.state, main.check(unsent.id).state) == ("cancelled", "cancelled")
    assert (own.starts(running.id), own.starts(unsent.id)) == (1, 0)
