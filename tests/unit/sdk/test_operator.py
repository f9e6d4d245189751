"""The operator's client: every call of the node's operator, and what it says without a node."""

import asyncio
import inspect

import pytest

from gatepost.api.http.inside import Operator
from gatepost.core.health import Repair
from gatepost.core.holding import ApproveIn
from gatepost.core.views import AgentSpec, GrantIn, MessagesQuery, Question
from gatepost.errors import GatepostError
from gatepost.policy.answers import DiffIn
from gatepost.sdk import OperatorClient, blocking, connect, connect_operator
from gatepost.sdk.blocking_operator import BlockingOperator
from tests.unit.api.fake_node import HOLD
from tests.unit.api.served import Served, served

SPEC = AgentSpec(name="new", adapter="process", command=("python", "a.py"), concurrent=2)
GRANT = GrantIn(sender="*@lab", verbs=("ask",), to="main", until=9, rate="5/h", id="g", deny=True)
QUESTION = Question(sender="a@lab", to="main", verb="ask", at=3, remote=True)

MANY = MessagesQuery(state="done", peer="lab", agent="main", limit=3, open_only=True)

APPROVED = ApproveIn(
    digest=HOLD.digest, rules={"look": "0123456789abcdef"}, scope="conversation", until=7
)
DRAFT = DiffIn(since=7, policy="")
CALLS = {
    "status": ((), ("status",)),
    "add_agent": ((SPEC,), ("add_agent", SPEC)),
    "remove_agent": (("main",), ("remove_agent", "main")),
    "agents": (("main", "q", "ask", 7), ("agents", "main", "q", "ask", 7)),
    "remote_agents": (("lab", "main"), ("remote_agents", "lab", "main")),
    "invite": (("lab", 3), ("invite", "lab", 3)),
    "accept": (("gp1-text", "lab"), ("accept", "gp1-text", "lab")),
    "paired": (("lab", 0.25), ("paired", "lab", 0.25)),
    "peers": ((), ("peers",)),
    "ping": (("lab", True), ("ping", "lab", True)),
    "block": (("lab",), ("block", "lab")),
    "unblock": (("lab",), ("unblock", "lab")),
    "trust": (("lab",), ("trust", "lab")),
    "remove_peer": (("lab",), ("remove_peer", "lab")),
    "set_endpoint": (("lab", "127.0.0.1:1"), ("set_endpoint", "lab", "127.0.0.1:1")),
    "rename_peer": (("lab", "den"), ("rename_peer", "lab", "den")),
    "grant": ((GRANT,), ("grant", GRANT)),
    "revoke": (("any.home-ask b",), ("revoke", "any.home-ask b")),
    "rules": ((), ("rules",)),
    "can": (("a", "ask", "b"), ("can", "a", "ask", "b")),
    "who_can": (("ask", "b@lab"), ("who_can", "ask", "b@lab")),
    "tested": ((), ("tested",)),
    "drafted": ((DRAFT,), ("drafted", DRAFT)),
    "difference": ((DRAFT,), ("difference", DRAFT)),
    "explain": ((QUESTION,), ("explain", QUESTION)),
    "messages": (
        (MessagesQuery(state="done", peer="lab", agent="main", limit=3, open_only=True),),
        (
            "messages",
            MessagesQuery(state="done", peer="lab", agent="main", limit=3, open_only=True),
        ),
    ),
    "message": (("m1",), ("message", "m1")),
    "cancel": (("m1",), ("operator cancel", "m1")),
    "retry": (("m1",), ("retry", "m1")),
    "replay": (("m1", "once more"), ("replay", "m1", "once more")),
    "drop": (("m1", "not this"), ("drop", "m1", "not this")),
    "evidence": (("m1",), ("evidence", "m1")),
    "holds": ((), ("holds",)),
    "hold": (("m1",), ("hold", "m1")),
    "approve": (("m1", HOLD.yes("conversation", 7)), ("approve", "m1", APPROVED)),
    "refuse": (("m1", "not today"), ("refuse", "m1", "not today")),
    "approvals": ((), ("approvals",)),
    "revoke_approval": (("y1",), ("revoke_approval", "y1")),
    "prune": ((7_200_000, True), ("prune", 7_200_000, True)),
    "create_token": (("main", "for ci"), ("create_token", "main", "for ci")),
    "tokens": ((), ("tokens",)),
    "revoke_token": (("t1",), ("revoke_token", "t1")),
    "pause": (("lab",), ("pause", "lab")),
    "resume": (("",), ("resume", "")),
}


ASIDE = {"events", "health", "config", "set_config", "undo_config"}
"""Calls of other rooms of the node, which stand beside its operator."""


def operator_of(api: Served) -> OperatorClient:
    return connect_operator(socket=api.operator_socket)


def test_all_three_operators_have_the_same_calls():
    inside = {name for name in vars(Operator) if not name.startswith("_")}
    assert set(CALLS) == inside
    for client in (OperatorClient, BlockingOperator):
        public = {name for name, _ in inspect.getmembers(client) if not name.startswith("_")}
        assert public == inside | ASIDE


@pytest.mark.parametrize("name", CALLS)
def test_a_call_reaches_the_node_as_it_was_made_and_comes_back_typed(tmp_path, name):
    args, reached = CALLS[name]

    async def scene():
        async with served(tmp_path) as api:
            async with connect(socket=api.agent_socket, token="token-of-main") as main:
                await main.send("helper", "x")
            async with connect_operator(socket=api.operator_socket) as operator:
                answer = await getattr(operator, name)(*args)
            own = getattr(api.node.operator, name)(*args)
            expected = await own if inspect.isawaitable(own) else own
            assert answer == expected
            assert reached in [*api.node.changes, *api.node.operator.looks]

    asyncio.run(scene())


def test_events_are_the_recent_ones_and_then_those_to_come(tmp_path):
    async def scene():
        async with (
            served(tmp_path) as api,
            connect_operator(socket=api.operator_socket) as operator,
        ):
            for n in range(5):
                api.node.events.emit(f"early.{n}")
            recent = [event.kind async for event in operator.events(recent=2)]
            assert recent == ["early.3", "early.4"]
            kinds = []
            async for event in operator.events(recent=1, follow=True):
                kinds.append(event.kind)
                if len(kinds) == 3:
                    break
                api.node.events.emit(f"late.{len(kinds)}")
            assert kinds == ["early.4", "late.1", "late.2"]
        await api.node.changes.until(lambda: True)
        assert api.node.events.subscribers == []

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda operator: operator.message("none"), "message.unknown"),
        (lambda operator: operator.remove_agent("none"), "agent.unknown"),
        (lambda operator: operator.accept("x" * 2_000_000), "message.too_large"),
    ],
)
def test_a_refusal_comes_back_as_the_same_error(tmp_path, call, code):
    async def scene():
        async with (
            served(tmp_path) as api,
            connect_operator(socket=api.operator_socket) as operator,
        ):
            with pytest.raises(GatepostError) as caught:
                await call(operator)
            assert caught.value.code == code

    asyncio.run(scene())


def test_no_node_is_node_not_running_with_its_fix(tmp_path):
    async def scene():
        async with connect_operator(socket=tmp_path / "none.sock") as operator:
            with pytest.raises(GatepostError) as caught:
                await operator.status()
            assert (caught.value.code, caught.value.fix) == ("node.not_running", "gatepost start")

    asyncio.run(scene())


def test_a_node_that_dies_in_the_middle_of_an_answer_is_not_running(tmp_path):
    async def scene():
        async def dies(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
            writer.close()

        path = tmp_path / "operator.sock"
        server = await asyncio.start_unix_server(dies, path)
        async with server, connect_operator(socket=path) as operator:
            with pytest.raises(GatepostError) as caught:
                await operator.status()
            assert caught.value.code == "node.not_running"

    asyncio.run(scene())


def test_an_operator_token_is_shown_where_one_is_asked_for(tmp_path):
    async def scene():
        async with served(tmp_path, operator_token=True) as api:
            async with connect_operator(socket=api.operator_socket) as operator:
                with pytest.raises(GatepostError) as caught:
                    await operator.status()
                assert caught.value.code == "auth.refused"
            token = "token-of-operator"
            async with connect_operator(socket=api.operator_socket, token=token) as operator:
                assert (await operator.status()).name == "home"

    asyncio.run(scene())


def test_the_node_tells_what_it_finds_wrong_with_itself(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            async with connect_operator(socket=api.operator_socket) as operator:
                checkup = await operator.health()
            assert checkup == api.node.health.checkup()
            assert checkup.findings[0].repairs == (Repair("close", "/srv/gatepost"),)
            refused = await api.agent("GET", "/v1/health")
            assert refused.status == 404

    asyncio.run(scene())


def test_the_blocking_operator_makes_the_same_calls(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            await asyncio.to_thread(talk, api)

    def talk(api) -> None:
        with blocking.connect_operator(socket=api.operator_socket) as operator:
            assert operator.status().name == "home"
            assert operator.block("lab") == "undo block"
            assert operator.can("a", "ask", "b") and not operator.can("a", "send", "b")
            api.node.events.emit("early")
            assert [event.kind for event in operator.events(recent=5)] == ["early"]
            with pytest.raises(GatepostError):
                operator.message("none")

    asyncio.run(scene())
