"""T14 and T15: web pages, other users and other processes at the local API.

The routes are taken from the routers, so one added later is attacked without a word here.
"""

import asyncio
import base64
import os
import re
from pathlib import Path
from typing import Any

import pytest

from gatepost.api.http import Api, Surface
from gatepost.api.http.door import MCP
from gatepost.errors import GatepostError
from gatepost.sdk import Client, OperatorClient, connect, connect_operator
from gatepost.sdk.finding import Place, reach
from tests.unit.api.fake_node import FakeNode
from tests.unit.api.served import Answer, Served, request, routes_of, served

ROUTES = [
    (surface, method, route.path)
    for surface in Surface
    for route in routes_of(surface)
    for method in sorted(getattr(route, "methods", {"GET"}))
]
BODY = {"verb": "send", "to": "helper", "parts": [], "alias": "x", "agent": "main", "text": "x"}
RIGHT = {Surface.agent: "token-of-main", Surface.operator: "token-of-operator"}
WRONG = {Surface.agent: "token-of-operator", Surface.operator: "token-of-main"}
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": base64.b64encode(b"0" * 16).decode(),
}


async def attack(
    api: Served, surface: Surface, method: str, path: str, token: str, headers: dict[str, str]
) -> Answer:
    """One request to a route, everything right but what is given."""
    where = api.agent_socket if surface is Surface.agent else api.operator_socket
    if path.startswith("/v1/socket"):
        headers = WEBSOCKET | headers
    body = None if path.startswith("/v1/socket") else BODY
    target = re.sub(r"{\w+}", "main", path)
    return await request(where, method, target, body, token=token, headers=headers)


def assert_nothing_happened(api: Served) -> None:
    assert api.node.changes == []
    assert api.node.operator.looks == []
    assert api.node.messages == {}
    assert api.api.app.open_sockets == 0


ATTACKS: dict[str, tuple[str, dict[str, str]]] = {
    "no token": ("", {}),
    "a token that is none": ("nonsense", {}),
    "a token of the other surface": ("other", {}),
    "a token in a cookie": ("", {"Cookie": "token=token-of-main"}),
    "a basic login": ("", {"Authorization": "Basic dG9rZW4="}),
    "a web page": ("right", {"Origin": "https://example.org"}),
    "a web page of ours": ("right", {"Origin": "http://localhost"}),
    "a sandboxed page": ("right", {"Origin": "null"}),
    "a rebound name": ("right", {"Host": "evil.example"}),
    "a rebound name like ours": ("right", {"Host": "localhost.evil.example"}),
    "no host": ("right", {"Host": ""}),
}


@pytest.mark.requirement("T14")
@pytest.mark.parametrize("attacker", ATTACKS)
def test_t14_a_stranger_changes_nothing_and_reads_nothing_on_any_route(tmp_path, attacker):
    kind, headers = ATTACKS[attacker]

    async def scene():
        async with served(tmp_path, operator_token=True) as api:
            for surface, method, path in ROUTES:
                if path == MCP and attacker == "a web page of ours":
                    continue  # its clients may be pages of this very address; a token they need
                token = {"right": RIGHT, "other": WRONG}.get(kind, {}).get(surface, kind)
                answer = await attack(api, surface, method, path, token, headers)
                assert answer.status in (400, 401, 403), (method, path)
                assert not [name for name in answer.headers if name.startswith("access-control")]
                if method != "HEAD":
                    assert answer.code in ("auth.refused", "call.foreign", "usage.invalid")
            assert_nothing_happened(api)

    asyncio.run(scene())


@pytest.mark.requirement("T14")
@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ],
)
def test_t14_a_plain_form_changes_nothing_on_any_route(tmp_path, kind):
    async def scene():
        async with served(tmp_path) as api:
            for surface, method, path in ROUTES:
                if method not in ("POST", "PUT"):
                    continue
                headers = {"Content-Type": kind}
                answer = await attack(api, surface, method, path, RIGHT[surface], headers)
                assert (answer.status, answer.code) == (400, "usage.invalid"), (method, path)
            assert_nothing_happened(api)

    asyncio.run(scene())


def test_t14_looking_changes_nothing_on_any_route(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            for surface, method, path in ROUTES:
                if method not in ("GET", "HEAD"):
                    continue
                target = f"{path}?follow=false" if path == "/v1/events" else path
                upgrade = {"Upgrade": "", "Connection": "close"} if path == "/v1/socket" else {}
                answer = await attack(api, surface, method, target, RIGHT[surface], upgrade)
                assert 200 <= answer.status < 500, (method, path)
            assert api.node.changes == []

    asyncio.run(scene())


def test_t14_a_token_in_a_url_opens_nothing(tmp_path):
    async def scene():
        async with served(tmp_path, operator_token=True) as api:
            for surface, method, path in ROUTES:
                target = f"{path}?token={RIGHT[surface]}&access_token={RIGHT[surface]}"
                answer = await attack(api, surface, method, target, "", {})
                assert answer.status == 401, (method, path)
            assert_nothing_happened(api)

    asyncio.run(scene())


def test_the_attacks_would_succeed_if_nothing_were_wrong_with_them(tmp_path):
    async def scene():
        async with served(tmp_path, operator_token=True) as api:
            found = [
                (await attack(api, surface, method, path, RIGHT[surface], {})).status
                for surface, method, path in ROUTES
                if not path.endswith(("/events", "/socket"))
            ]
            assert found.count(200) > 20
            assert not {401, 403, 500} & set(found)
            assert len(api.node.changes) > 10

    asyncio.run(scene())


@pytest.mark.parametrize(
    "twice", ["Host: localhost", "Authorization: Bearer token-of-main", "Origin: x"]
)
def test_t14_a_header_given_twice_is_refused(tmp_path, twice):
    async def scene():
        async with served(tmp_path) as api:
            answer = await request(
                api.agent_socket,
                "POST",
                "/v1/messages",
                BODY,
                token="token-of-main",
                headers={"X": f"y\r\n{twice}\r\n{twice}"},
            )
            assert answer.status in (400, 403)
            assert_nothing_happened(api)

    asyncio.run(scene())


def test_t14_a_preflight_gets_no_permission(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            answer = await request(
                api.agent_socket,
                "OPTIONS",
                "/v1/messages",
                headers={
                    "Origin": "https://example.org",
                    "Access-Control-Request-Method": "POST",
                },
            )
            assert answer.status == 403
            assert not [name for name in answer.headers if name.startswith("access-control")]

    asyncio.run(scene())


@pytest.mark.parametrize("surface", Surface)
def test_t14_loopback_tcp_answers_only_to_its_own_names_and_only_with_a_token(surface):
    async def scene():
        node = FakeNode()
        api = Api(node)
        port = await api.listen_tcp(surface, "127.0.0.1", 0)
        try:
            for host in ("evil.example", "127.0.0.1", f"127.0.0.1:{port + 1}", f"evil:{port}"):
                answer = await request(
                    port, "GET", "/v1/agents", token=RIGHT[surface], headers={"Host": host}
                )
                assert (answer.status, answer.code) == (403, "call.foreign")
            for token in ("", WRONG[surface], "nonsense"):
                answer = await request(port, "GET", "/v1/agents", token=token)
                assert (answer.status, answer.code) == (401, "auth.refused")
            assert node.operator.looks == []
            for host in (f"127.0.0.1:{port}", f"LOCALHOST:{port}", f"[::1]:{port}"):
                answer = await request(
                    port, "GET", "/v1/agents", token=RIGHT[surface], headers={"Host": host}
                )
                assert answer.status == 200
        finally:
            await api.stop()

    asyncio.run(scene())


@pytest.mark.requirement("T07")
def test_no_token_serves_both_surfaces(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            for surface, where in (
                (Surface.agent, api.agent_socket),
                (Surface.operator, api.operator_socket),
            ):
                good = await request(where, "GET", "/v1/agents", token=RIGHT[surface])
                bad = await request(where, "GET", "/v1/agents", token=WRONG[surface])
                assert (good.status, bad.status) == (200, 401)

    asyncio.run(scene())


# T15


@pytest.mark.requirement("T15")
def test_t15_another_user_is_hung_up_on_without_a_word(tmp_path):
    async def scene():
        asked: list[Any] = []

        def other_user(connection: Any) -> int:
            asked.append(connection)
            return os.getuid() + 1

        async with served(tmp_path, user_of=other_user) as api:
            for where in (api.agent_socket, api.operator_socket):
                try:
                    answer = await request(where, "GET", "/v1/agents", token="token-of-main")
                    heard = answer.raw
                except ConnectionError:
                    heard = b""
                assert heard == b""
            assert len(asked) == 2
            assert_nothing_happened(api)

    asyncio.run(scene())


@pytest.mark.requirement("T15")
def test_t15_a_squatter_on_the_socket_hears_no_byte_of_a_token(tmp_path, monkeypatch):
    async def scene():
        heard: asyncio.Queue[bytes] = asyncio.Queue()

        async def squat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.put_nowait(await reader.read(1000))
            writer.close()

        path = tmp_path / "agent.sock"
        mine = os.getuid()
        async with await asyncio.start_unix_server(squat, path):
            monkeypatch.setattr(os, "getuid", lambda: mine + 1000)
            monkeypatch.setattr("gatepost.sdk.finding.ROOT", mine + 1001)
            for client in (
                connect(socket=path, token="secret"),
                connect_operator(socket=path, token="secret"),
            ):
                with pytest.raises(GatepostError) as caught:
                    await calls(client)
                assert caught.value.code == "call.foreign"
            async with asyncio.timeout(5):
                assert [await heard.get(), await heard.get()] == [b"", b""]

    asyncio.run(scene())


async def calls(client: Client | OperatorClient) -> None:
    async with client as node:
        await (node.status() if isinstance(node, OperatorClient) else node.agents())


def test_t15_the_nodes_own_user_and_root_are_let_through(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            connection = reach(Place(api.agent_socket))
            connection.close()
        async with served(tmp_path, user_of=lambda _: 0) as api:
            assert (await api.operator("GET", "/v1/status")).status == 200

    asyncio.run(scene())


def test_t15_with_operator_auth_token_the_same_user_needs_the_token(tmp_path):
    async def scene():
        async with served(tmp_path, operator_token=True) as api:
            assert (await api.operator("GET", "/v1/status")).code == "auth.refused"
            answer = await request(
                api.operator_socket, "GET", "/v1/status", token="token-of-operator"
            )
            assert answer.status == 200

    asyncio.run(scene())


@pytest.mark.parametrize("mode", [0o755, 0o710, 0o701, 0o777])
def test_t15_a_socket_directory_others_can_enter_keeps_the_api_from_starting(tmp_path, mode):
    async def scene():
        tmp_path.chmod(mode)
        with pytest.raises(GatepostError) as caught:
            await Api(FakeNode()).listen_unix(Surface.operator, Path(tmp_path) / "operator.sock")
        assert caught.value.code == "home.exposed"
        assert not (tmp_path / "operator.sock").exists()

    asyncio.run(scene())
