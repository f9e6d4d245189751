"""An agent's client over real Unix sockets and a node in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from gatepost.core.message import Data, File, InboxQuery, Submission, Text
from gatepost.core.views import Question
from gatepost.errors import GatepostError
from gatepost.sdk import Client, connect
from tests.unit.api.fake_node import FakeNode
from tests.unit.api.served import PATIENCE, Served, served


def client(api: Served, agent: str = "main", patience: float = 30.0) -> Client:
    return connect(socket=api.agent_socket, token=f"token-of-{agent}", patience=patience)


@asynccontextmanager
async def pair(directory, **options) -> AsyncIterator[tuple[Served, Client, Client]]:
    async with served(directory) as api, client(api, **options) as main:
        async with client(api, "helper", **options) as helper:
            yield api, main, helper


async def upper(work) -> str:
    return work.text.upper()


def test_an_ask_returns_the_answer_of_a_function(tmp_path):
    async def scene():
        async with pair(tmp_path) as (_, main, helper), asyncio.TaskGroup() as group:
            serving = group.create_task(helper.serve(upper))
            view = await main.ask("helper", "why?", wait=PATIENCE)
            assert (view.state, view.text) == ("done", "WHY?")
            assert main.agent == "main"
            serving.cancel()

    asyncio.run(scene())


def test_many_asks_are_each_answered_once(tmp_path):
    async def scene():
        async with pair(tmp_path) as (api, main, helper), asyncio.TaskGroup() as group:
            serving = group.create_task(helper.serve(upper, capacity=16))
            views = await asyncio.gather(*(main.ask("helper", f"q{n}") for n in range(200)))
            assert [view.text for view in views] == [f"Q{n}" for n in range(200)]
            assert len(api.node.messages) == 200
            serving.cancel()

    asyncio.run(scene())


def test_a_wait_that_ends_returns_how_the_message_stands(tmp_path):
    async def scene():
        async with pair(tmp_path) as (api, main, _):
            view = await main.ask("helper", "why?", wait=0.01)
            assert view.state == "accepted"
            assert api.node.messages[view.id].watchers == []
            view = await main.check(view.id, 0.01)
            assert view.state == "accepted"

    asyncio.run(scene())


def test_an_ask_that_needs_input_returns_and_goes_on_after_the_reply(tmp_path):
    async def ask_back(work) -> str:
        parts = await work.need("which night?")
        return f"{parts[0].text} it was"

    async def scene():
        async with pair(tmp_path) as (_, main, helper), asyncio.TaskGroup() as group:
            serving = group.create_task(helper.serve(ask_back))
            view = await main.ask("helper", "why?", wait=PATIENCE)
            assert (view.state, view.text) == ("needs_input", "which night?")
            await main.reply(view.id, "tuesday")
            view = await main.check(view.id, wait=PATIENCE)
            assert (view.state, view.text) == ("done", "tuesday it was")
            serving.cancel()

    asyncio.run(scene())


def test_parts_travel_whole(tmp_path):
    async def scene():
        async with pair(tmp_path) as (_, main, helper), asyncio.TaskGroup() as group:

            async def echo(work):
                return work.run.parts

            serving = group.create_task(helper.serve(echo))
            parts = (
                Text("a"),
                Data(msgspec.Raw(b'{"n": [1, 2]}')),
                File(b"\x00\xff", "x.bin", "image/png"),
            )
            view = await main.ask("helper", parts, wait=PATIENCE)
            text, data, file = view.parts
            assert isinstance(data, Data)
            assert (text, bytes(data.data)) == (Text("a"), b'{"n": [1, 2]}')
            assert file == File(b"\x00\xff", "x.bin", "image/png")
            serving.cancel()

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda main: main.ask("nobody", "?"), "agent.unknown"),
        (lambda main: main.send("nobody", "?"), "agent.unknown"),
        (lambda main: main.delegate("nobody", "?"), "agent.unknown"),
        (lambda main: main.check("none"), "message.unknown"),
        (lambda main: main.check("none", wait=1), "message.unknown"),
        (lambda main: main.cancel("none"), "message.unknown"),
        (lambda main: main.reply("none", "x"), "message.unknown"),
        (lambda main: main.explain(Question(message="none")), "message.unknown"),
        (lambda main: main.send("helper", "x" * 2_000_000), "message.too_large"),
    ],
)
def test_a_refusal_comes_back_as_the_same_error(tmp_path, call, code):
    async def scene():
        async with pair(tmp_path) as (api, main, _):
            with pytest.raises(GatepostError) as caught:
                await call(main)
            assert caught.value.code == code
            assert caught.value.fix
            assert api.node.messages == {}
            assert (await main.send("helper", "and on it goes")).state == "accepted"

    asyncio.run(scene())


def test_a_second_worker_is_told_that_the_mailbox_is_taken(tmp_path):
    async def scene():
        async with pair(tmp_path) as (api, _, helper), client(api, "helper") as other:
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(helper.serve(upper))
                await api.node.changes.until(lambda: api.node.boxes["helper"].claim is not None)
                with pytest.raises(ExceptionGroup) as caught:
                    await other.serve(upper)
                assert caught.group_contains(GatepostError, match="mailbox.taken")
                serving.cancel()

    asyncio.run(scene())


def test_what_a_handler_raises_ends_its_run_as_failed_and_no_other(tmp_path, caplog):
    async def picky(work) -> str:
        if "bad" in work.text:
            raise ValueError("not this one")
        return "fine"

    async def scene():
        async with pair(tmp_path) as (_api, main, helper), asyncio.TaskGroup() as group:
            serving = group.create_task(helper.serve(picky))
            bad, good = await asyncio.gather(main.ask("helper", "bad"), main.ask("helper", "good"))
            assert (bad.state, bad.reason, bad.text) == (
                "failed",
                "agent.error",
                "ValueError: not this one",
            )
            assert good.text == "fine"
            serving.cancel()

    asyncio.run(scene())
    assert "not this one" in caplog.text


def test_a_withdrawn_run_has_its_handler_cancelled(tmp_path):
    async def scene():
        started = asyncio.Event()

        async def endless(work) -> str:
            started.set()
            await asyncio.Event().wait()
            return "never"

        async with pair(tmp_path) as (_api, main, helper), asyncio.TaskGroup() as group:
            serving = group.create_task(helper.serve(endless))
            receipt = await main.delegate("helper", "for ever")
            await started.wait()
            await main.cancel(receipt.id)
            view = await main.check(receipt.id, wait=PATIENCE)
            assert view.state == "failed"  # the node in memory does not tell it from `cancelled`
            assert (await main.send("helper", "still there?")).state == "accepted"
            serving.cancel()

    asyncio.run(scene())


def test_a_worker_that_is_stopped_ends_its_runs_truthfully(tmp_path):
    async def scene():
        started = asyncio.Event()

        async def endless(work) -> str:
            started.set()
            await asyncio.Event().wait()
            return "never"

        async with pair(tmp_path) as (api, main, helper):
            async with asyncio.TaskGroup() as group:
                serving = group.create_task(helper.serve(endless))
                receipt = await main.delegate("helper", "for ever")
                await started.wait()
                serving.cancel()
            view = await main.check(receipt.id)
            assert (view.state, view.reason) == ("failed", "agent.stopped")
            await api.node.changes.until(lambda: api.node.boxes["helper"].claim is None)

    asyncio.run(scene())


def test_runs_come_one_by_one_with_the_words_to_answer_them(tmp_path):
    async def scene():
        async with pair(tmp_path) as (_api, main, helper):
            await main.send("helper", "note this")
            task = await main.delegate("helper", "do this", done_when="done")
            seen = []
            async for work in helper.runs(capacity=2):
                seen.append((work.run.verb, work.text))
                if work.run.verb == "send":
                    await work.answer()
                else:
                    await work.progress("half")
                    await work.artifact(Text("a part"))
                    await work.decline("not my field")
                    break
            assert seen == [("send", "note this"), ("delegate", "do this")]
            view = await main.check(task.id)
            assert (view.state, view.text) == ("rejected", "not my field")

    asyncio.run(scene())


def test_a_watch_yields_every_change_up_to_the_outcome(tmp_path):
    async def scene():
        async with pair(tmp_path) as (_, main, helper), asyncio.TaskGroup() as group:
            receipt = await main.delegate("helper", "x")
            states = []
            serving = None
            async for view in main.watch(receipt.id):
                states.append(view.state)
                serving = serving or group.create_task(helper.serve(upper))
            assert states == ["accepted", "working", "done"]
            assert serving is not None
            serving.cancel()

    asyncio.run(scene())


def test_polling_claims_and_is_over_when_its_wait_is(tmp_path):
    async def scene():
        async with pair(tmp_path) as (_, main, helper):
            assert await helper.inbox(InboxQuery(wait=0.01)) == ()
            receipt = await main.send("helper", "x")
            runs = await helper.inbox(InboxQuery(wait=PATIENCE))
            assert [run.id for run in runs] == [receipt.id]

    asyncio.run(scene())


def test_a_request_key_is_given_where_none_is_and_kept_where_one_is(tmp_path):
    async def scene():
        async with pair(tmp_path) as (api, main, _):
            first = await main.send("helper", "x", request_key="mine")
            again = await main.send("helper", "x", request_key="mine")
            assert (again.id, again.attached) == (first.id, True)
            other = await main.send("helper", "x")
            assert other.id != first.id
            keys = [key for _, key in api.node.keys]
            assert keys[0] == "mine"
            assert len(set(keys)) == 2

    asyncio.run(scene())


def test_a_run_stamps_what_it_sends(tmp_path, monkeypatch):
    async def scene():
        async with served(tmp_path) as api:
            monkeypatch.setenv("GATEPOST_SOCKET", str(api.agent_socket))
            monkeypatch.setenv("GATEPOST_TOKEN", "token-of-main")
            monkeypatch.setenv("GATEPOST_RUN", "7.1")
            async with connect() as main:
                receipt = await main.send("helper", "x")
                assert api.node.messages[receipt.id].submission.run == "7.1"
                said = Submission(verb="send", to="helper", parts=(), run="other")
                receipt = await main.submit(said)
                assert api.node.messages[receipt.id].submission.run == "other"

    asyncio.run(scene())


def test_an_error_in_the_users_block_comes_out_as_it_is(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            with pytest.raises(KeyError):
                async with client(api):
                    raise KeyError("mine")

    asyncio.run(scene())


def test_a_wrong_token_is_refused_in_the_nodes_words(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            with pytest.raises(GatepostError) as caught:
                async with connect(socket=api.agent_socket, token="nonsense"):
                    pass
            assert caught.value.code == "auth.refused"

    asyncio.run(scene())


def test_no_node_is_node_not_running_with_its_fix(tmp_path):
    async def scene():
        with pytest.raises(GatepostError) as caught:
            async with connect(socket=tmp_path / "none.sock", token="x"):
                pass
        assert (caught.value.code, caught.value.fix) == ("node.not_running", "gatepost start")

    asyncio.run(scene())


def test_a_call_after_the_end_is_refused(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            async with client(api) as main:
                pass
            with pytest.raises(GatepostError) as caught:
                await main.send("helper", "x")
            assert caught.value.code == "node.not_running"

    asyncio.run(scene())


def test_calls_in_flight_end_with_the_client(tmp_path):
    async def scene():
        node = FakeNode()
        node.mute = True
        async with served(tmp_path, node) as api, client(api) as main:
            async with asyncio.TaskGroup() as group:
                asking = group.create_task(caught(main.ask("helper", "x", wait=0.01)))
                sending = group.create_task(caught(main.send("helper", "x")))
                await node.changes.until(lambda: len(node.messages) == 2)
                await main.__aexit__(None, None, None)
            assert {asking.result(), sending.result()} == {"node.not_running"}

    asyncio.run(scene())


def test_a_node_that_never_answers_is_given_up_after_patience(tmp_path):
    async def scene():
        node = FakeNode()
        node.mute = True
        async with served(tmp_path, node) as api, client(api, patience=0.05) as main:
            assert await caught(main.send("helper", "x")) == "node.not_running"
            assert await caught(main.ask("helper", "x", wait=0.01)) == "node.not_running"

    asyncio.run(scene())


async def caught(doing) -> str:
    try:
        await doing
    except GatepostError as error:
        return error.code
    return ""
