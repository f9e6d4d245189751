"""The HTTP routes, the OpenAPI document and the events, over real sockets and a node in memory."""

import asyncio
import json
import re

import msgspec
import pytest

from gatepost.api.http import Api, Surface, agent_routes, operator_routes
from gatepost.errors import GatepostError
from tests.unit.api.fake_node import FakeNode
from tests.unit.api.served import PATIENCE, raw, request, routes_of, served

ASK = {"verb": "ask", "to": "helper", "parts": [{"type": "text", "text": "why?"}]}


UPGRADE = (
    b"Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDAwMDAwMDAwMDAwMDAwMA==\r\n"
)


def run(scene) -> None:
    asyncio.run(scene())


def test_a_message_goes_through_its_life_by_plain_requests(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            helper = {"token": "token-of-helper"}
            receipt = (await api.agent("POST", "/v1/messages", ASK)).body
            assert receipt["state"] == "accepted"
            at = f"/v1/messages/{receipt['id']}"
            assert len((await api.agent("GET", "/v1/mailbox", **helper)).body) == 1
            assert (await api.agent("GET", at)).body["state"] == "accepted"
            runs = (await api.agent("POST", "/v1/mailbox/claim", {"limit": 5}, **helper)).body
            assert [run["id"] for run in runs] == [receipt["id"]]
            assert (await api.agent("GET", at)).body["state"] == "working"
            update = {"kind": "answer", "parts": [{"type": "text", "text": "because"}]}
            waiting = asyncio.ensure_future(api.agent("GET", f"{at}?wait=5"))
            assert (await api.agent("POST", f"{at}/updates", update, **helper)).status == 200
            view = (await waiting).body
            assert (view["state"], view["parts"][0]["text"]) == ("done", "because")
            again = await api.agent("POST", f"{at}/updates", update, **helper)
            assert (again.status, again.code) == (409, "message.ended")

    run(scene)


def test_a_withdrawn_message_is_cancelled(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            id = (await api.agent("POST", "/v1/messages", ASK)).body["id"]
            answer = await api.agent("POST", f"/v1/messages/{id}/cancel", {})
            assert answer.body["state"] == "cancelled"

    run(scene)


def test_agents_and_explain_are_asked_in_the_callers_name(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            await api.agent("GET", "/v1/agents?query=h&can=ask&limit=3")
            await api.agent("POST", "/v1/explain", {"sender": "helper", "verb": "ask", "to": "x"})
            agents, explain = api.node.operator.looks
            assert agents == ("agents", "main", "h", "ask", 3)
            assert (explain[1].sender, explain[1].to) == ("main", "x")

    run(scene)


@pytest.mark.parametrize(
    ("method", "target", "body", "status", "code"),
    [
        ("POST", "/v1/messages", b"", 400, "usage.invalid"),
        ("POST", "/v1/messages", b'{"verb": "ask"', 400, "usage.invalid"),
        ("POST", "/v1/messages", b"[]", 400, "usage.invalid"),
        ("POST", "/v1/messages", {**ASK, "verb": "shout"}, 400, "usage.invalid"),
        ("POST", "/v1/messages", {**ASK, "parts": "why?"}, 400, "usage.invalid"),
        ("POST", "/v1/messages", {**ASK, "to": "nobody"}, 404, "agent.unknown"),
        ("POST", "/v1/messages", {**ASK, "done_when": "x" * 1_100_000}, 413, "message.too_large"),
        ("GET", "/v1/messages/none", None, 404, "message.unknown"),
        ("GET", "/v1/messages/none?wait=soon", None, 400, "usage.invalid"),
        ("GET", "/v1/messages/none?wait=1&token=x", None, 400, "usage.invalid"),
        ("POST", "/v1/messages/none/updates", {"kind": "shout"}, 400, "usage.invalid"),
        ("GET", "/v1/events?recent=many", None, 400, "usage.invalid"),
        ("GET", "/v1/nothing", None, 404, "call.unknown"),
        ("GET", "/", None, 404, "call.unknown"),
        ("GET", "/v1/messages/", None, 404, "call.unknown"),
        ("DELETE", "/v1/messages", None, 405, "call.unknown"),
        ("PUT", "/v1/mailbox", {}, 405, "call.unknown"),
        ("OPTIONS", "/v1/messages", None, 405, "call.unknown"),
    ],
)
def test_what_cannot_be_done_is_said_as_an_error_of_the_catalogue(
    tmp_path, method, target, body, status, code
):
    async def scene():
        async with served(tmp_path) as api:
            answer = await api.agent(method, target, body)
            assert (answer.status, answer.code) == (status, code)
            assert answer.body["fix"]
            assert answer.headers["content-type"] == "application/json"
            assert api.node.changes == []

    run(scene)


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"GET /v1/status HTTP/9.9\r\n\r\n",
        b"GET /v1/agents HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 40_000 + b"\r\n\r\n",
        b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"POST /v1/socket HTTP/1.1\r\n" + UPGRADE + b"\r\n",
        b"GET /v1/socket HTTP/1.1\r\n" + UPGRADE + b"Content-Length: 2\r\n\r\n{}",
        b"GET /v1/socket HTTP/1.0\r\n" + UPGRADE + b"\r\n",
    ],
)
def test_bytes_that_are_no_request_are_answered_with_usage_invalid(tmp_path, data):
    async def scene():
        async with served(tmp_path) as api:
            answer = await raw(api.agent_socket, data)
            assert (answer.status, answer.code) == (400, "usage.invalid")

    run(scene)


def test_a_fault_of_ours_is_said_as_such_and_logged(tmp_path, caplog):
    async def scene():
        async with served(tmp_path) as api:
            api.node.operator.peers = lambda: 1 / 0
            answer = await api.operator("GET", "/v1/peers")
            assert (answer.status, answer.code) == (500, "bug.internal")
            assert "ZeroDivisionError" in answer.body["why"]

    run(scene)
    assert "division by zero" in caplog.text


def test_a_wait_ends_with_its_client_and_with_the_node(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            id = (await api.agent("POST", "/v1/messages", ASK)).body["id"]
            head = f"GET /v1/messages/{id}?wait=50 HTTP/1.1\r\nHost: localhost\r\n"
            head += "Authorization: Bearer token-of-main\r\n\r\n"
            _, writer = await asyncio.open_unix_connection(api.agent_socket)
            writer.write(head.encode())
            watchers = api.node.messages[id].watchers
            async with asyncio.timeout(PATIENCE):
                while not watchers:
                    await api.operator("GET", "/v1/status")
            writer.close()
            async with asyncio.timeout(PATIENCE):
                while watchers:
                    await api.operator("GET", "/v1/status")
            waiting = asyncio.ensure_future(api.agent("GET", f"/v1/messages/{id}?wait=50"))
            async with asyncio.timeout(PATIENCE):
                while not watchers:
                    await api.operator("GET", "/v1/status")
                await api.api.stop()
                answer = await waiting
            assert (answer.status, answer.code) == (503, "node.not_running")

    run(scene)


def test_a_kept_connection_serves_many_requests(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            reader, writer = await asyncio.open_unix_connection(api.operator_socket)
            for _ in range(3):
                writer.write(b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"content-length: (\d+)", head)
                assert length is not None
                body = json.loads(await reader.readexactly(int(length[1])))
                assert body["name"] == "home"
            writer.close()

    run(scene)


# events


async def events(api, target: str, token: str, headers: dict[str, str], n: int) -> list[dict]:
    where = api.agent_socket if token else api.operator_socket
    reader, writer = await asyncio.open_unix_connection(where)
    lines = [f"GET {target} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    writer.write("\r\n".join([*lines, "", ""]).encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"text/event-stream" in head
    await reader.readuntil(b": gatepost\n\n")
    api.node.events.emit("message.done", agent="main", message="m1")
    api.node.events.emit("message.done", agent="helper", message="m2")
    api.node.events.emit("policy.changed")
    api.node.events.emit("link.up", agent="main")
    api.node.events.emit("message.working", agent="main", message="m3")
    found = []
    async with asyncio.timeout(PATIENCE):
        while len(found) < n:
            line = await reader.readline()
            if line.startswith(b"data: "):
                found.append(json.loads(line[6:]))
    writer.close()
    return found


def test_an_agent_hears_only_of_its_own_messages_and_the_operator_of_all(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            heard = await events(api, "/v1/events", "token-of-main", {}, 2)
            assert [event["message"] for event in heard] == ["m1", "m3"]
            heard = await events(api, "/v1/events", "", {}, 5)
            assert [event["n"] for event in heard] == [6, 7, 8, 9, 10]

    run(scene)


def test_who_comes_back_with_its_last_id_hears_what_it_missed(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            for n in range(4):
                api.node.events.emit(f"early.{n}")
            heard = await events(api, "/v1/events", "", {"Last-Event-ID": "3"}, 6)
            assert [event["n"] for event in heard] == [4, 5, 6, 7, 8, 9]

    run(scene)


def test_who_falls_behind_the_events_is_cut_off(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            reader, writer = await asyncio.open_unix_connection(api.operator_socket)
            writer.write(b"GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await reader.readuntil(b": gatepost\n\n")
            for _ in range(1001):
                api.node.events.emit("message.done")
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                async with asyncio.timeout(PATIENCE):
                    await reader.readexactly(10_000_000)
            assert api.node.events.subscribers == []
            writer.close()

    run(scene)


# the document


@pytest.mark.parametrize("surface", Surface)
def test_the_document_covers_every_route_and_names_only_routes(tmp_path, surface):
    async def scene():
        async with served(tmp_path) as api:
            call = api.agent if surface is Surface.agent else api.operator
            document = (await call("GET", "/v1/openapi.json")).body
        assert document["openapi"] == "3.1.0"
        described = {
            (path, method.upper())
            for path, operations in document["paths"].items()
            for method in operations
        }
        served_routes = {
            (route.path, method)
            for route in routes_of(surface)
            for method in getattr(route, "methods", {"GET"}) - {"HEAD"}
        }
        assert described == served_routes

    run(scene)


@pytest.mark.parametrize("surface", Surface)
def test_every_reference_of_the_document_resolves_and_every_name_in_a_path_is_described(surface):
    route = next(r for r in routes_of(surface) if r.path == "/v1/openapi.json")
    document = route.endpoint.document
    schemas = document["components"]["schemas"]
    for reference in re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)):
        assert reference in schemas
    ids = []
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            names = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            assert names == set(re.findall(r"{(\w+)}", path))
            assert operation["summary"]
            ids.append(operation.get("operationId", (method, path)))
    assert len(ids) == len(set(ids))


# listening


def test_sockets_are_for_this_user_alone(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            for path in (api.agent_socket, api.operator_socket):
                assert path.stat().st_mode & 0o777 == 0o600
            assert api.directory.stat().st_mode & 0o777 == 0o700
        assert not api.agent_socket.exists()

    run(scene)


def test_a_socket_left_by_a_killed_node_is_replaced(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            again = Api(FakeNode())
            await again.listen_unix(Surface.agent, api.agent_socket)
            assert (await api.agent("GET", "/v1/agents")).status == 200
            await again.stop()

    run(scene)


def test_a_directory_others_can_enter_is_refused(tmp_path):
    async def scene():
        tmp_path.chmod(0o755)
        with pytest.raises(GatepostError) as caught:
            await Api(FakeNode()).listen_unix(Surface.agent, tmp_path / "agent.sock")
        assert caught.value.code == "home.exposed"

    run(scene)


def test_a_socket_that_cannot_be_made_is_refused(tmp_path):
    async def scene():
        tmp_path.chmod(0o700)
        with pytest.raises(GatepostError) as caught:
            await Api(FakeNode()).listen_unix(Surface.agent, tmp_path / ("x" * 120))
        assert caught.value.code == "home.unwritable"

    run(scene)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.org"])
def test_tcp_is_loopback_only(host):
    async def scene():
        with pytest.raises(GatepostError) as caught:
            await Api(FakeNode()).listen_tcp(Surface.agent, host, 0)
        assert caught.value.code == "config.invalid"

    run(scene)


def test_a_port_in_use_is_said_so():
    async def scene():
        api = Api(FakeNode())
        port = await api.listen_tcp(Surface.agent, "127.0.0.1", 0)
        with pytest.raises(GatepostError) as caught:
            await Api(FakeNode()).listen_tcp(Surface.agent, "127.0.0.1", port)
        assert caught.value.code == "listen.taken"
        await api.stop()

    run(scene)


def test_tcp_serves_its_surface_to_who_has_its_token():
    async def scene():
        api = Api(FakeNode())
        agents = await api.listen_tcp(Surface.agent, "127.0.0.1", 0)
        operators = await api.listen_tcp(Surface.operator, "127.0.0.1", 0)
        try:
            answer = await request(agents, "GET", "/v1/agents", token="token-of-main")
            assert answer.status == 200
            answer = await request(operators, "GET", "/v1/status", token="token-of-operator")
            assert answer.status == 200
            answer = await request(operators, "GET", "/v1/status")
            assert (answer.status, answer.code) == (401, "auth.refused")
        finally:
            await api.stop()

    run(scene)


class BrokenNode:
    """A node that cannot run now: every look says why."""

    def __getattr__(self, name: str) -> object:
        raise GatepostError("store.full")


def test_a_node_that_cannot_run_says_why_on_every_route(tmp_path):
    async def scene():
        async with served(tmp_path, BrokenNode(), operator_token=False) as api:
            for surface in Surface:
                where = api.agent_socket if surface is Surface.agent else api.operator_socket
                for route in routes_of(surface):
                    method = sorted(getattr(route, "methods", {"GET"}) - {"HEAD"})[0]
                    token = "any" if surface is Surface.agent else ""
                    answer = await request(where, method, route.path, {}, token=token)
                    if route.path != "/v1/openapi.json" or token:
                        assert answer.status in (400, 507), route.path

    run(scene)


NUMBERS = [
    (surface, row, field.encode_name)
    for surface, rows in (
        (Surface.agent, agent_routes.OPERATIONS),
        (Surface.operator, operator_routes.OPERATIONS),
    )
    for row in rows
    for field in msgspec.structs.fields(row.takes)
    if field.type in (int, float)
]


@pytest.mark.parametrize("value", [10**30, -(10**30), 2**54])
def test_a_number_no_reader_agrees_on_is_refused_before_anything_is_done(tmp_path, value):
    async def scene():
        async with served(tmp_path) as api:
            for surface, row, name in NUMBERS:
                needed = {
                    field.encode_name: [] if "tuple" in str(field.type) else "main"
                    for field in msgspec.structs.fields(row.takes)
                    if field.required
                }
                given = {**needed, "verb": "send", name: value}
                known = {field.encode_name for field in msgspec.structs.fields(row.takes)}
                given = {key: one for key, one in given.items() if key in known}
                agents = surface is Surface.agent
                where = api.agent_socket if agents else api.operator_socket
                target, body = re.sub(r"{\w+}", "main", row.path), None
                if row.has_body:
                    body = given
                else:
                    target += "?" + "&".join(f"{key}={one}" for key, one in given.items())
                token = "token-of-main" if agents else ""
                answer = await request(where, row.method, target, body, token=token)
                assert answer.code == "usage.invalid", (row.path, name)
            assert api.node.changes == []

    asyncio.run(scene())
