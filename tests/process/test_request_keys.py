"""Request keys: a call repeated with its key attaches to the first one's message, for ever."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gatepost.core.message import InboxQuery
from gatepost.errors import GatepostError
from tests.process.nodes import RealNode, add_agent
from tests.process.scene import WAIT, Scene

pytestmark = pytest.mark.process


@pytest.fixture
def node(tmp_path: Path) -> Iterator[RealNode]:
    """A node of a test's own, which it may kill."""
    node = RealNode(tmp_path / "home", "home").make().start()
    try:
        add_agent(node, "main")
        add_agent(node, "other")
        yield node
    finally:
        node.kill()


def test_the_same_call_with_the_same_key_is_one_message(shared: Scene) -> None:
    worker = shared.worker()
    with shared.caller(worker) as main:
        first = main.delegate(f"{worker}@lab", "done once", request_key="night-1")
        second = main.delegate(f"{worker}@lab", "done once", request_key="night-1")
        assert (second.id, second.attached, first.attached) == (first.id, True, False)
        assert main.check(first.id, WAIT).text == "once"
        late = main.delegate(f"{worker}@lab", "done once", request_key="night-1")
        assert (late.id, late.state, late.attached) == (first.id, "done", True)
        other = main.delegate(f"{worker}@lab", "done once", request_key="night-2")
        assert other.id != first.id and main.check(other.id, WAIT).text == "once"
    assert (shared.starts(first.id), shared.starts(other.id)) == (1, 1)


def test_many_calls_at_once_with_one_key_are_one_message(shared: Scene) -> None:
    worker = shared.worker()
    with shared.caller(worker) as main, ThreadPoolExecutor(16) as threads:
        calls = [
            threads.submit(main.ask, f"{worker}@lab", "done once", WAIT, request_key="all")
            for _ in range(16)
        ]
        views = [call.result(WAIT) for call in calls]
    assert len({view.id for view in views}) == 1
    assert {view.text for view in views} == {"once"}
    assert shared.starts(views[0].id) == 1


def test_two_agents_may_use_the_same_key(shared: Scene) -> None:
    worker = shared.worker()
    with shared.caller(worker) as one, shared.caller(worker) as two:
        first = one.delegate(f"{worker}@lab", "done", request_key="mine")
        second = two.delegate(f"{worker}@lab", "done", request_key="mine")
    assert first.id != second.id and not second.attached


@pytest.mark.parametrize(
    "changed",
    [
        {"to": "main"},
        {"task": "another task"},
        {"done_when": "it is named"},
        {"conversation": "01a1f95d-b75d-7872-a623-8d0fc0c4489c"},
        {"re": "01a1f95d-b75d-7872-a623-8d0fc0c4489c"},
        {"labels": ("urgent",)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_a_key_used_again_with_another_argument_is_a_conflict(
    node: RealNode, changed: dict[str, Any]
) -> None:
    typed: dict[str, Any] = {"to": "other", "task": "a task", "request_key": "k"}
    with node.speaker("main") as main:
        first = main.delegate(**typed)
        with pytest.raises(GatepostError) as conflict:
            main.delegate(**{**typed, **changed})
        assert conflict.value.code == "request_key.conflict"
        with pytest.raises(GatepostError) as conflict:
            main.ask("other", "a task", 0.0, request_key="k")
        assert conflict.value.code == "request_key.conflict"
        assert main.delegate(**typed).id == first.id
    with node.speaker("other") as other:
        assert [run.id for run in other.inbox(InboxQuery())] == [first.id]


def test_a_key_used_again_for_the_same_name_at_another_node_is_a_conflict(shared: Scene) -> None:
    worker = shared.worker()
    add_agent(shared.home, worker)
    with shared.caller(worker) as main:
        there = main.delegate(f"{worker}@lab", "done", request_key="k")
        for _ in range(2):  # while it is open, and when it has ended
            with pytest.raises(GatepostError) as conflict:
                main.delegate(f"{worker}@home", "done", request_key="k")
            assert conflict.value.code == "request_key.conflict"
            assert main.check(there.id, WAIT).state == "done"


@pytest.mark.requirement("C3")
def test_a_key_outlives_a_kill_of_the_node(node: RealNode) -> None:
    with node.speaker("main") as main:
        first = main.delegate("other", "look", request_key="k")
        node.restart()
        again = main.delegate("other", "look", request_key="k")
        assert (again.id, again.attached) == (first.id, True)
        with pytest.raises(GatepostError) as conflict:
            main.delegate("other", "look elsewhere", request_key="k")
        assert conflict.value.code == "request_key.conflict"
        with node.speaker("other") as other:
            (run,) = other.inbox(InboxQuery(wait=WAIT))
            other.reply(run.id, "found", "done")
        node.restart()
        ended = main.delegate("other", "look", request_key="k")
        assert (ended.id, ended.state, ended.attached) == (first.id, "done", True)


def test_a_refused_call_leaves_no_key(node: RealNode) -> None:
    with node.speaker("main") as main:
        with pytest.raises(GatepostError) as refused:
            main.delegate("nobody", "look", request_key="k")
        assert refused.value.code == "agent.unknown"
        receipt = main.delegate("other", "look", request_key="k")
        assert not receipt.attached
