"""The node goes away and comes back: what clients keep, say again, and never do twice."""

import asyncio

import pytest

from gatepost.core.message import MessageView
from gatepost.errors import GatepostError
from gatepost.sdk import Client, Work, connect
from tests.unit.api.served import PATIENCE, Served, served


def client(api: Served, agent: str = "main", patience: float = 30.0) -> Client:
    return connect(socket=api.agent_socket, token=f"token-of-{agent}", patience=patience)


class Gate:
    """A handler that waits until it is opened, and counts."""

    def __init__(self) -> None:
        self.runs = 0
        self.started = asyncio.Event()
        self.open = asyncio.Event()

    async def __call__(self, work: Work) -> str:
        self.runs += 1
        self.started.set()
        await self.open.wait()
        return f"answer to {work.text}"


def test_an_ask_in_flight_gets_its_outcome_after_a_restart_and_is_sent_once(tmp_path):
    async def scene():
        gate = Gate()
        async with served(tmp_path) as api, client(api) as main, client(api, "helper") as helper:
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(helper.serve(gate))
                asking = group.create_task(main.ask("helper", "x", wait=PATIENCE))
                await gate.started.wait()
                await api.restart()
                gate.open.set()
                view: MessageView = await asking
                serving.cancel()
            assert (view.state, view.text) == ("done", "answer to x")
            assert (gate.runs, len(api.node.messages)) == (1, 1)
            assert ("evidence", "r-m1.1", "running") in api.node.changes

    asyncio.run(scene())


@pytest.mark.parametrize("verb", ["send", "ask"])
def test_a_submission_whose_receipt_was_lost_is_said_again_and_is_one_message(tmp_path, verb):
    async def scene():
        async with served(tmp_path) as api, client(api) as main:
            api.node.mute = True
            async with asyncio.TaskGroup() as group:
                saying = group.create_task(
                    main.send("helper", "x")
                    if verb == "send"
                    else main.ask("helper", "x", wait=0.01)
                )
                await api.node.changes.until(lambda: bool(api.node.messages))
                api.node.mute = False
                await api.restart()
                said = await saying
            assert said.id == "m1"
            assert list(api.node.messages) == ["m1"]
            first, second = api.node.submissions
            assert (first.fresh, second.fresh) == (True, False)
            assert first.request_key == second.request_key != ""

    asyncio.run(scene())


def test_an_end_whose_answer_was_lost_counts_as_said(tmp_path):
    async def scene():
        gate = Gate()
        async with served(tmp_path) as api, client(api) as main, client(api, "helper") as helper:
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(helper.serve(gate))
                receipt = await main.delegate("helper", "x")
                await gate.started.wait()
                api.node.mute = True
                gate.open.set()
                ended = ("update", "helper", receipt.id, "answer")
                await api.node.changes.until(lambda: ended in api.node.changes)
                api.node.mute = False
                await api.restart()
                again = await main.ask("helper", "y", wait=PATIENCE)
                assert again.text == "answer to y"
                serving.cancel()
            assert api.node.changes.count(ended) == 1
            assert (await main.check(receipt.id)).text == "answer to x"

    asyncio.run(scene())


def test_an_end_is_not_taken_for_said_when_the_message_ended_otherwise(tmp_path):
    async def scene():
        async with served(tmp_path) as api, client(api) as main, client(api, "helper") as helper:
            receipt = await main.delegate("helper", "x")
            async for work in helper.runs():
                await api.api.stop()
                api.node.change(receipt.id, "failed")
                api.node.boxes["helper"].open_runs.clear()
                async with asyncio.TaskGroup() as group:
                    saying = group.create_task(refused(work.answer("y")))
                    await api.restart()
                assert saying.result() == "message.ended"
                break

    asyncio.run(scene())


def test_a_run_that_never_arrived_is_said_not_to_have_run_and_comes_again(tmp_path):
    async def scene():
        gate = Gate()
        gate.open.set()
        async with served(tmp_path) as api, client(api) as main, client(api, "helper") as helper:
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(helper.serve(gate))
                claimed = ("claim", "helper", "sdk")
                await api.node.changes.until(lambda: claimed in api.node.changes)
                api.node.lose_offers = True
                receipt = await main.delegate("helper", "x")
                api.node.lose_offers = False
                await api.restart()
                view = await main.check(receipt.id, wait=PATIENCE)
                serving.cancel()
            assert (view.state, gate.runs) == ("done", 1)
            assert ("evidence", "r-m1.1", "not_run") in api.node.changes

    asyncio.run(scene())


def test_a_run_that_somebody_else_may_have_had_is_left_without_evidence(tmp_path):
    async def scene():
        gate = Gate()
        async with served(tmp_path) as api, client(api) as main, client(api, "helper") as helper:
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(helper.serve(gate))
                claimed = ("claim", "helper", "sdk")
                await api.node.changes.until(lambda: claimed in api.node.changes)
                api.node.lose_offers = True
                receipt = await main.delegate("helper", "x")
                api.node.lose_offers = False
                await api.api.stop()
                holders = api.directory / "holders.json"
                assert b"helper" in holders.read_bytes()
                holders.write_text('{"helper": "another client"}')
                await api.restart()
                view = await main.check(receipt.id, wait=PATIENCE)
                serving.cancel()
            assert (view.state, gate.runs) == ("unknown", 0)

    asyncio.run(scene())


def test_a_run_that_is_over_has_its_handler_cancelled(tmp_path):
    async def scene():
        gate = Gate()
        async with served(tmp_path) as api, client(api) as main, client(api, "helper") as helper:
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(helper.serve(gate, capacity=1))
                receipt = await main.delegate("helper", "x")
                await gate.started.wait()
                await api.api.stop()
                api.node.change(receipt.id, "failed")
                api.node.boxes["helper"].open_runs.clear()
                await api.restart()
                gate.started.clear()
                await main.delegate("helper", "y")
                await gate.started.wait()
                serving.cancel()
            assert gate.runs == 2

    asyncio.run(scene())


def test_a_watch_goes_on_after_a_restart(tmp_path):
    async def scene():
        async with served(tmp_path) as api, client(api) as main, client(api, "helper") as helper:
            receipt = await main.delegate("helper", "x")
            states: list[str] = []
            async for view in main.watch(receipt.id):
                states.append(view.state)
                if len(states) == 1:
                    await api.restart()
                elif len(states) == 2:
                    await helper.claim(NoClient(), 1)
                    api.node.change(receipt.id, "done")
            assert states[:2] == ["accepted", "accepted"]
            assert states[-1] == "done"

    asyncio.run(scene())


def test_a_wait_that_ends_while_the_node_is_away_says_what_was_last_known(tmp_path):
    async def scene():
        async with served(tmp_path) as api, client(api, patience=0.05) as main:
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(main.ask("helper", "x", wait=0.1))
                await api.node.changes.until(lambda: bool(api.node.messages))
                await main.agents()
                await api.api.stop()
                view = await asking
            assert (view.id, view.state) == ("m1", "accepted")
            assert "away" in view.why

    asyncio.run(scene())


def test_calls_fail_when_the_node_is_away_for_long_and_work_again_when_it_is_back(tmp_path):
    async def scene():
        async with served(tmp_path) as api, client(api, patience=0.05) as main:
            await api.api.stop()
            assert await refused(main.send("helper", "x")) == "node.not_running"
            assert await refused(main.send("helper", "x")) == "node.not_running"
            await api.restart()
            async with asyncio.timeout(PATIENCE):
                while await refused(main.send("helper", "x")):
                    await api.operator("GET", "/v1/status")
            assert len(api.node.messages) == 1

    asyncio.run(scene())


def test_a_worker_outlasts_any_absence_and_says_its_result_then(tmp_path):
    async def scene():
        gate = Gate()
        async with (
            served(tmp_path) as api,
            client(api) as main,
            client(api, "helper", patience=0.01) as helper,
            asyncio.TaskGroup() as group,
        ):
            serving = group.create_task(helper.serve(gate))
            receipt = await main.delegate("helper", "x")
            await gate.started.wait()
            await api.api.stop()
            while await refused(helper.check(receipt.id)) != "node.not_running":
                pass
            gate.open.set()
            await api.restart()
            view = await main.check(receipt.id, wait=PATIENCE)
            assert view.text == "answer to x"
            serving.cancel()

    asyncio.run(scene())


def test_a_token_taken_back_ends_a_worker_with_the_refusal(tmp_path):
    async def scene():
        async with served(tmp_path) as api, client(api, "helper") as helper:
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(ended(helper))
                claimed = ("claim", "helper", "sdk")
                await api.node.changes.until(lambda: claimed in api.node.changes)
                await api.operator("DELETE", "/v1/agents/helper")
            assert serving.result() == "auth.refused"
            assert await refused(helper.send("main", "x")) == "auth.refused"

    asyncio.run(scene())


class NoClient:
    """Takes runs and does nothing."""

    def offer(self, run) -> None: ...
    def cancel(self, run, reason) -> None: ...
    def supply(self, run, parts) -> None: ...


async def refused(doing) -> str:
    try:
        await doing
    except GatepostError as error:
        return error.code
    return ""


async def ended(helper: Client) -> str:
    try:
        await helper.serve(Gate())
    except ExceptionGroup as group:
        (error,) = group.exceptions
        assert isinstance(error, GatepostError)
        return error.code
    return ""
