"""An agent's tools over MCP, spoken by the official SDK's client to a real node."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import TextContent, TextResourceContents

from gatepost.core.views import AgentSpec
from tests.process.nodes import SOURCES, RealNode, free_port

MODES = ["legacy", "2026-07-28"]
PATIENCE = 60


@dataclass
class Here:
    """A running node with agents `main` (polls), `helper` (polls) and `echo`."""

    node: RealNode
    port: int

    def token(self, agent: str) -> str:
        return (self.node.places.tokens / agent).read_text().strip()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Here]:
    node = RealNode(tmp_path_factory.mktemp("mcp") / "home", "home")
    node.make()
    port = free_port()
    config = node.places.config
    config.write_text(f'{config.read_text()}\n[agent]\nlisten = "127.0.0.1:{port}"\n')
    node.start()
    with node.operator as operator:
        for spec in (
            AgentSpec(name="main"),
            AgentSpec(name="helper", about="Reads logs"),
            AgentSpec(name="echo", adapter="echo"),
        ):
            operator.add_agent(spec)
    yield Here(node, port)
    node.stop()


@asynccontextmanager
async def over_stdio(here: Here, agent: str, mode: str = "auto", prefix: str = ""):
    words = ["-m", "gatepost", "mcp", "--as", agent, "--home", str(here.node.home)]
    words += ["--prefix", prefix] if prefix else []
    environment = {"PYTHONPATH": str(SOURCES), "PATH": "/usr/bin:/bin"}
    server = StdioServerParameters(command=sys.executable, args=words, env=environment)
    async with Client(stdio_client(server), mode=mode) as client:
        yield client


@asynccontextmanager
async def over_http(here: Here, agent: str, mode: str = "auto"):
    login = {"Authorization": f"Bearer {here.token(agent)}"}
    async with httpx2.AsyncClient(headers=login, timeout=PATIENCE) as http:
        url = f"http://127.0.0.1:{here.port}/mcp"
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            yield client


OVER = {"stdio": over_stdio, "http": over_http}


async def said(client: Client, tool: str, **arguments: object) -> dict[str, Any]:
    """The structured answer, which must stand in the text too."""
    result = await client.call_tool(tool, arguments)
    [part] = result.content
    assert isinstance(part, TextContent)
    line, _, rest = part.text.partition("\n")
    assert line
    assert json.loads(rest) == result.structured_content
    return {**(result.structured_content or {}), "line": line, "failed": bool(result.is_error)}


async def read(client: Client, uri: str) -> str:
    """The text of a resource."""
    [part] = (await client.read_resource(uri)).contents
    assert isinstance(part, TextResourceContents)
    return part.text


def scene(work) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await work

    asyncio.run(bounded())


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("way", OVER)
def test_a_client_of_either_revision_asks_and_gets_the_answer_apart_from_our_words(here, way, mode):
    async def work():
        async with OVER[way](here, "main", mode) as client:
            tools = [tool.name for tool in (await client.list_tools()).tools]
            assert tools[:3] == ["agents_list", "send", "ask"]
            assert len(tools) == 8
            answer = await said(client, "ask", to="echo", question="are you there?")
            assert answer["state"] == "done"
            assert answer["line"] == "Done: echo answered."
            assert answer["answer"]["text"] == "are you there?"
            assert answer["answer"]["untrusted"] is True
            assert answer["answer"]["from"] == "echo"

    scene(work())


def test_a_task_is_taken_asked_about_and_done_between_two_clients(here):
    async def work():
        async with over_http(here, "main") as main, over_stdio(here, "helper") as helper:
            task = await said(main, "delegate", to="helper", task="read it", done_when="read")
            assert task["state"] in ("accepted", "received")
            assert "Do not send it again" in task["next"]
            waiting = await said(helper, "inbox", wait_seconds=10)
            [message] = waiting["messages"]
            assert message["id"] == task["id"]
            assert message["wants"] == "a result"
            assert message["message"]["from"] == "main"
            assert message["message"]["untrusted"] is True
            assert message["message"]["done_when"] == "read"
            assert (await said(helper, "inbox"))["messages"] == []
            again = await said(helper, "inbox", unread_only=False)
            assert [one["id"] for one in again["messages"]] == [task["id"]]

            await said(helper, "reply", to_message=task["id"], text="which?", kind="needs_input")
            asked = await said(main, "check", id=task["id"], wait_seconds=10)
            assert asked["state"] == "needs_input"
            assert asked["latest"]["text"] == "which?"
            await said(main, "reply", to_message=task["id"], text="the newest")
            supplied = await said(helper, "inbox", wait_seconds=10)
            assert "the newest" in supplied["messages"][0]["message"]["text"]
            await said(helper, "reply", to_message=task["id"], text="all well", kind="done")
            ended = await said(main, "check", id=task["id"], wait_seconds=10)
            assert ended["state"] == "done"
            assert ended["answer"]["text"] == "all well"
            assert "next" not in ended

    scene(work())


def test_the_same_request_key_is_one_message(here):
    async def work():
        async with over_http(here, "main") as main:
            first = await said(main, "send", to="echo", text="once", request_key="k-1")
            second = await said(main, "send", to="echo", text="once", request_key="k-1")
            other = await said(main, "send", to="echo", text="twice", request_key="k-1")
            assert first["id"] == second["id"]
            assert other["error"]["code"] == "request_key.conflict"

    scene(work())


def test_mistakes_are_answers_a_model_can_use(here):
    async def work():
        async with over_stdio(here, "main") as main:
            unknown = await said(main, "ask", to="hepler", question="?")
            assert unknown["failed"]
            assert "did you mean `helper`?" in unknown["line"]
            assert unknown["error"]["next"] == "agents_list"
            misspelt = await said(main, "ask", too="helper", question="?")
            assert "did you mean `to`?" in misspelt["line"]
            missing = await said(main, "ask", to="helper")
            assert "question" in missing["line"]
            wrong = await said(main, "ask", to="helper", question="?", wait_seconds="long")
            assert "wait_seconds" in wrong["line"]
            nothing = await said(main, "check", id="0000")
            assert nothing["error"]["code"] == "message.unknown"
            with pytest.raises(MCPError, match="no tool `sned`"):
                await main.call_tool("sned", {})

    scene(work())


def test_who_speaks_is_the_connection_whatever_the_arguments_say(here):
    async def work():
        async with over_http(here, "main") as main, over_http(here, "helper") as helper:
            for name in ("from", "sender", "agent", "as"):
                forged = await said(main, "send", to="helper", text="x", **{name: "echo"})
                assert forged["failed"]
            sent = await said(main, "send", to="helper", text="from main")
            read = await said(helper, "inbox", wait_seconds=10)
            assert [one["message"]["from"] for one in read["messages"]] == ["main"]
            stolen = await said(helper, "check", id=sent["id"])
            assert stolen["state"] in ("working", "delivered")  # it is in helper's mailbox
            own = await said(main, "ask", to="main", question="mine?", wait_seconds=0)
            foreign = await said(helper, "check", id=own["id"])
            assert foreign["error"]["code"] == "message.unknown"
            await said(main, "check", id=own["id"], cancel=True)

    scene(work())


def test_a_wait_ends_before_the_client_gives_up_and_says_how_it_stands(here):
    async def work():
        async with over_http(here, "main") as main:
            asked = await said(main, "ask", to="helper", question="slow?", wait_seconds=0)
            assert asked["state"] in ("accepted", "received", "working")
            assert asked["id"] in asked["next"]
            gone = await said(main, "check", id=asked["id"], cancel=True)
            assert gone["state"] == "cancelled"

    scene(work())


def test_a_prefix_is_before_every_name_also_in_the_texts(here):
    async def work():
        async with over_stdio(here, "main", prefix="gatepost_") as main:
            tools = (await main.list_tools()).tools
            assert all(tool.name.startswith("gatepost_") for tool in tools)
            [ask] = [tool for tool in tools if tool.name == "gatepost_ask"]
            assert "gatepost_check" in str(ask.description)
            answer = await said(main, "gatepost_ask", to="echo", question="hello")
            assert answer["answer"]["text"] == "hello"
            assert "`gatepost_inbox`" in await read(main, "gatepost://guide")
            with pytest.raises(MCPError):
                await main.call_tool("ask", {"to": "echo", "question": "?"})

    scene(work())


def test_an_agent_that_is_woken_has_nothing_to_fetch(here):
    async def work():
        async with over_http(here, "echo") as echo:
            said_to = await said(echo, "inbox")
            assert not said_to["failed"]
            assert "come to you by themselves" in said_to["line"]

    scene(work())


def test_the_card_says_who_one_is(here):
    async def work():
        async with over_http(here, "helper") as helper:
            names = [one.uri for one in (await helper.list_resources()).resources]
            assert names == ["gatepost://guide", "gatepost://me"]
            card = json.loads(await read(helper, "gatepost://me"))
            assert card["agent"] == "helper"
            with pytest.raises(MCPError, match="no resource"):
                await helper.read_resource("gatepost://nobody")

    scene(work())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer nonsense"}, 401),
        ({"Host": "evil.example"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Content-Type": "text/plain"}, 400),
    ],
)
def test_whoever_is_not_the_agents_own_client_is_turned_away(here, headers, status):
    usual = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    if "Authorization" not in headers and headers:
        usual["Authorization"] = f"Bearer {here.token('main')}"
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    answer = httpx2.post(
        f"http://127.0.0.1:{here.port}/mcp", json=call, headers={**usual, **headers}
    )
    assert answer.status_code == status


def test_a_page_of_this_very_address_may_speak_with_a_token(here):
    headers = {
        "Authorization": f"Bearer {here.token('main')}",
        "Origin": f"http://localhost:{here.port}",
        "Accept": "application/json, text/event-stream",
    }
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    answer = httpx2.post(f"http://127.0.0.1:{here.port}/mcp", json=call, headers=headers)
    assert answer.status_code == 200
    assert len(answer.json()["result"]["tools"]) == 8


def test_all_that_a_model_always_sees_stays_within_its_budget(here):
    async def work():
        async with over_http(here, "main") as main:
            tools = (await main.list_tools()).tools
            seen = [
                {"name": one.name, "description": one.description, "schema": one.input_schema}
                for one in tools
            ]
            text = json.dumps(seen, separators=(",", ":"))
            words = re.findall(r"[A-Za-z]{1,6}|[0-9]{1,3}|[^A-Za-z0-9\s]{1,3}", text)
            assert len(words) <= 1200
            assert len(text) / 4 <= 1200

    scene(work())


def test_without_the_extra_the_command_says_what_to_install(here, tmp_path: Path, monkeypatch):
    (tmp_path / "mcp.py").write_text("raise ModuleNotFoundError('gone', name='mcp')\n")
    monkeypatch.setattr("tests.process.nodes.SOURCES", f"{tmp_path}{os.pathsep}{SOURCES}")
    done = here.node.run("mcp", "--as", "main")
    assert done.returncode == 6
    assert "error[mcp.missing]" in done.stderr
    assert "pip install 'gatepost[mcp]'" in done.stderr


def test_a_client_is_told_by_one_command_and_then_speaks(here, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    refused = here.node.run("agents", "add", "coder", "--client", "claude-code")
    assert refused.returncode == 2
    assert "+++" in refused.stderr
    assert not (tmp_path / ".mcp.json").exists()
    done = here.node.run("agents", "add", "coder", "--client", "claude-code", "--yes")
    assert done.returncode == 0, done.stderr
    entry = json.loads((tmp_path / ".mcp.json").read_text())["mcpServers"]["gatepost"]
    environment = {"PYTHONPATH": str(SOURCES), "PATH": "/usr/bin:/bin"}

    async def work():
        server = StdioServerParameters(**entry, env=environment)
        async with Client(stdio_client(server)) as client:
            answer = await said(client, "ask", to="echo", question="hello")
            assert answer["state"] == "done"

    scene(work())
    again = here.node.run("agents", "add", "coder", "--client", "claude-code", "--yes")
    assert "has it already" in again.stderr
    wrong = here.node.run("agents", "add", "coder", "--client", "emacs")
    assert wrong.returncode == 2
    assert "claude-code, codex" in wrong.stderr
