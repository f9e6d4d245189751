"""The client without `await`: the same words, one portal thread."""

import asyncio
import inspect
import threading

import pytest

from gatepost.core.message import Data, InboxQuery
from gatepost.errors import GatepostError
from gatepost.sdk import Client, Work, blocking
from gatepost.sdk.blocking import BlockingClient, BlockingWork
from tests.unit.api.served import served


def in_thread(tmp_path, talk) -> None:
    """Serve a node in this thread's loop, and talk to it from another."""

    async def scene():
        async with served(tmp_path) as api:
            await asyncio.to_thread(talk, api)

    asyncio.run(scene())


def client(api, agent: str = "main") -> BlockingClient:
    return blocking.connect(socket=api.agent_socket, token=f"token-of-{agent}")


def test_it_has_every_word_of_the_client():
    def public(kind: type) -> set[str]:
        return {name for name, _ in inspect.getmembers(kind) if not name.startswith("_")}

    assert public(BlockingClient) == public(Client) - {"ask_for", "claim"}
    assert public(BlockingWork) | {"withdrawn", "run"} == public(Work) - {
        "supply",
        "withdraw",
    } | {"withdrawn", "run"}


def test_words_and_runs_without_await(tmp_path):
    def talk(api) -> None:
        with client(api) as main, client(api, "helper") as helper:
            assert (main.agent, helper.agent) == ("main", "helper")
            asked: list[str] = []
            asking = threading.Thread(
                target=lambda: asked.append(main.ask("helper", "why?", wait=5).text)
            )
            asking.start()
            for work in helper.runs():
                assert (work.text, work.withdrawn) == ("why?", False)
                work.progress("half")
                work.answer("because")
                break
            asking.join()
            assert asked == ["because"]
            receipt = main.send("helper", "note")
            assert [run.id for run in helper.inbox(InboxQuery())] == [receipt.id]
            assert main.check(receipt.id).state == "working"
            assert [view.state for view in take(1, main.watch(receipt.id))] == ["working"]
            assert {view.address for view in main.agents()} == {"main", "helper"}

    in_thread(tmp_path, talk)


def test_a_function_serves_in_threads_of_its_own(tmp_path):
    def talk(api) -> None:
        threads = set()

        def handler(work: BlockingWork) -> dict[str, object]:
            threads.add(threading.current_thread().name)
            work.progress("at it")
            return {"text": work.text}

        def serve() -> None:
            with client(api, "helper") as helper, pytest.raises(GatepostError) as caught:
                try:
                    helper.serve(handler)
                except ExceptionGroup as group:
                    raise group.exceptions[0] from None
            assert caught.value.code == "auth.refused"

        serving = threading.Thread(target=serve)
        serving.start()
        with client(api) as main:
            view = main.ask("helper", "x", wait=5)
            (part,) = view.parts
            assert isinstance(part, Data)
            assert bytes(part.data) == b'{"text":"x"}'
        assert "gatepost" not in threads
        with blocking.connect_operator(socket=api.operator_socket) as operator:
            operator.remove_agent("helper")
        serving.join()

    in_thread(tmp_path, talk)


def test_refusals_are_raised_in_the_callers_thread(tmp_path):
    def talk(api) -> None:
        with client(api) as main, pytest.raises(GatepostError) as caught:
            main.ask("nobody", "x")
        assert caught.value.code == "agent.unknown"

    in_thread(tmp_path, talk)


def test_no_node_leaves_no_thread_behind(tmp_path):
    before = threading.active_count()
    with pytest.raises(GatepostError) as caught:
        with blocking.connect(socket=tmp_path / "none.sock", token="x"):
            pass
    assert caught.value.code == "node.not_running"
    assert threading.active_count() == before


def take(n: int, items) -> list:
    found = []
    for item in items:
        found.append(item)
        if len(found) == n:
            break
    return found
