"""The socket lane, over real Unix sockets and a node in memory."""

import asyncio
import contextlib

import pytest
from websockets.exceptions import ConnectionClosed

from tests.unit.api.fake_node import FakeNode
from tests.unit.api.served import served

ASK = {"verb": "ask", "to": "helper", "parts": [{"type": "text", "text": "why?"}]}


def text(*words: str) -> list[dict[str, str]]:
    return [{"type": "text", "text": word} for word in words]


def test_an_ask_gets_its_receipt_and_then_only_its_outcome(tmp_path):
    async def scene():
        async with (
            served(tmp_path) as api,
            await api.socket() as main,
            await api.socket("token-of-helper") as helper,
        ):
            assert (await helper.ask(1, "claim", {"capacity": 1}))[:2] == [1, "ok"]
            n, kind, receipt = await main.ask(7, "ask", ASK)
            assert (n, kind, receipt["state"]) == (7, "ok", "accepted")
            n, kind, offer = await helper.hear()
            assert (n, kind, offer["type"]) == (1, "event", "offer")
            assert offer["run"]["id"] == receipt["id"]
            done = {"id": receipt["id"], "kind": "answer", "parts": text("because")}
            assert (await helper.ask(2, "update", done))[1] == "ok"
            n, kind, view = await main.hear()
            assert (n, kind, view["state"]) == (7, "event", "done")
            assert view["parts"] == text("because")
            assert api.node.messages[receipt["id"]].watchers == []

    asyncio.run(scene())


AWAY = ASK | {"to": "helper@lab"}


def test_an_ask_that_leaves_the_node_gets_its_receipt_when_it_has_to_wait(tmp_path):
    async def scene():
        async with served(tmp_path, FakeNode("main", "helper@lab")) as api:
            async with await api.socket() as main:
                assert (await main.ask(1, "ask", AWAY))[1] == "ok"

    asyncio.run(scene())


def test_a_quick_end_goes_without_a_receipt_and_needs_input_after_it(tmp_path, monkeypatch):
    monkeypatch.setattr("gatepost.api.http.receipts._LATEST", 60.0)

    async def scene():
        async with (
            served(tmp_path, FakeNode("main", "helper@lab")) as api,
            await api.socket() as main,
            await api.socket("token-of-helper@lab") as helper,
        ):
            await helper.ask(1, "claim", {"capacity": 9})
            await main.say([1, "ask", AWAY])
            id = (await helper.hear())[2]["run"]["id"]
            done = {"id": id, "kind": "answer", "parts": text("because")}
            assert (await helper.ask(2, "update", done))[1] == "ok"
            n, kind, view = await main.hear()
            assert (n, kind, view["state"]) == (1, "event", "done")
            await main.say([2, "ask", AWAY])
            id = (await helper.hear())[2]["run"]["id"]
            await helper.say([3, "update", {"id": id, "kind": "needs_input"}])
            assert (await main.hear())[:2] == [2, "ok"]
            assert (await main.hear())[2]["state"] == "needs_input"

    asyncio.run(scene())


def test_answers_of_one_turn_leave_in_one_frame(tmp_path):
    async def scene():
        async with served(tmp_path) as api, await api.socket() as main:
            await main.say(*([n, "submit", ASK] for n in range(50)))
            heard = [await main.hear() for _ in range(50)]
            assert [n for n, _, _ in heard] == list(range(50))
            assert main.frames == 1

    asyncio.run(scene())


def test_a_watch_tells_every_change_and_unwatch_ends_it(tmp_path):
    async def scene():
        async with (
            served(tmp_path) as api,
            await api.socket() as main,
            await api.socket("token-of-helper") as helper,
        ):
            id = (await main.ask(1, "submit", ASK))[2]["id"]
            assert await main.ask(2, "watch", {"id": id}) == [2, "ok", {}]
            assert (await main.hear())[2]["state"] == "accepted"
            await helper.ask(1, "claim", {})
            assert (await main.hear())[2]["state"] == "working"
            assert await main.ask(3, "unwatch", {"n": 2}) == [3, "ok", {}]
            assert api.node.messages[id].watchers == []

    asyncio.run(scene())


def test_a_message_of_others_cannot_be_watched_checked_or_explained(tmp_path):
    async def scene():
        async with served(tmp_path, FakeNode("main", "helper", "stranger")) as api:
            async with await api.socket() as main, await api.socket("token-of-stranger") as other:
                id = (await main.ask(1, "submit", ASK))[2]["id"]
                for n, (op, body) in enumerate(
                    [("watch", {"id": id}), ("check", {"id": id}), ("explain", {"message": id})]
                ):
                    answer = await other.ask(n, op, body)
                    assert (answer[1], answer[2]["code"]) == ("error", "message.unknown")
                assert api.node.operator.looks == []

    asyncio.run(scene())


def test_an_agent_asks_of_agents_and_rules_only_in_its_own_name(tmp_path):
    async def scene():
        async with served(tmp_path) as api, await api.socket() as main:
            assert (await main.ask(1, "agents", {"asking": "helper", "query": "h"}))[1] == "ok"
            assert (await main.ask(2, "explain", {"sender": "helper", "to": "x"}))[1] == "ok"
            agents, explain = api.node.operator.looks
            assert agents == ("agents", "main", "h", "", 50)
            assert explain[1].sender == "main"

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("op", "body", "code"),
    [
        ("dance", {}, "call.unknown"),
        ("ask", {"verb": "ask"}, "usage.invalid"),
        ("ask", {"verb": "shout", "to": "helper", "parts": []}, "usage.invalid"),
        ("ask", [], "usage.invalid"),
        ("ask", ASK | {"to": "nobody"}, "agent.unknown"),
        ("submit", ASK | {"to": "nobody"}, "agent.unknown"),
        ("watch", {"id": "none"}, "message.unknown"),
        ("cancel", {"id": "none"}, "message.unknown"),
        ("check", {"id": "none"}, "message.unknown"),
        ("evidence", {"run": "r", "found": "none"}, "usage.invalid"),
        ("evidence", {"run": "r", "found": "maybe"}, "usage.invalid"),
        ("capacity", {"n": 1}, "usage.invalid"),
        ("update", {"id": "none", "kind": "answer"}, "message.unknown"),
    ],
)
def test_a_bad_call_is_answered_with_its_error_and_the_socket_lives_on(tmp_path, op, body, code):
    async def scene():
        async with served(tmp_path) as api, await api.socket() as main:
            n, kind, report = await main.ask(3, op, body)
            assert (n, kind, report["code"]) == (3, "error", code)
            assert api.node.changes == []
            assert (await main.ask(4, "submit", ASK))[1] == "ok"

    asyncio.run(scene())


@pytest.mark.parametrize(
    "frame",
    ['[[1,"ask"', "{}", '[["1","ask",{}]]', "[[1]]", "[7]", "null", b"[]", '[[1,"ask",{"a":]]'],
)
def test_a_frame_that_is_none_is_answered_with_n_0_and_the_socket_lives_on(tmp_path, frame):
    async def scene():
        async with served(tmp_path) as api, await api.socket() as main:
            await main.connection.send(frame)
            n, kind, report = await main.hear()
            assert (n, kind, report["code"]) == (0, "error", "usage.invalid")
            assert (await main.ask(4, "submit", ASK))[1] == "ok"

    asyncio.run(scene())


def test_a_bad_call_does_not_spoil_its_frame(tmp_path):
    async def scene():
        async with served(tmp_path) as api, await api.socket() as main:
            await main.say([1, "submit", {"verb": 3}], [2, "submit", ASK], [3, "nothing", None])
            heard = {n: kind for n, kind, _ in [await main.hear() for _ in range(3)]}
            assert heard == {1: "error", 2: "ok", 3: "error"}

    asyncio.run(scene())


def test_a_frame_beyond_the_limit_ends_its_socket_and_no_other(tmp_path):
    async def scene():
        async with served(tmp_path) as api, await api.socket() as main, await api.socket() as other:
            with contextlib.suppress(ConnectionClosed):
                await main.connection.send("[" + " " * 5_000_000 + "]")
            await main.connection.wait_closed()
            assert main.connection.close_code == 1009
            assert (await other.ask(1, "submit", ASK))[1] == "ok"

    asyncio.run(scene())


def test_a_number_still_in_use_is_refused(tmp_path):
    async def scene():
        async with served(tmp_path) as api, await api.socket() as main:
            assert (await main.ask(1, "ask", ASK))[1] == "ok"
            answer = await main.ask(1, "ask", ASK)
            assert (answer[1], answer[2]["code"]) == ("error", "usage.invalid")

    asyncio.run(scene())


def test_the_end_of_a_socket_stops_its_watches_and_releases_its_claim(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            async with await api.socket() as main:
                id = (await main.ask(1, "ask", ASK))[2]["id"]
                await main.ask(2, "claim", {})
                await main.say([3, "check", {"id": id, "wait": 50}])
                await main.ask(4, "agents", {})
                assert api.node.boxes["main"].claim is not None
            async with await api.socket() as again:
                assert (await again.ask(1, "claim", {}))[1] == "ok"
                assert api.node.messages[id].watchers == []

    asyncio.run(scene())


def test_a_second_client_is_told_that_the_mailbox_is_taken(tmp_path):
    async def scene():
        async with served(tmp_path) as api, await api.socket() as one, await api.socket() as two:
            assert (await one.ask(1, "claim", {"client": "one"}))[1] == "ok"
            answer = await two.ask(1, "claim", {"client": "two"})
            assert (answer[1], answer[2]["code"]) == ("error", "mailbox.taken")
            answer = await one.ask(2, "claim", {"client": "one"})
            assert (answer[1], answer[2]["code"]) == ("error", "usage.invalid")

    asyncio.run(scene())


def test_a_client_takes_the_mailbox_over_from_its_own_dead_socket(tmp_path):
    async def scene():
        async with served(tmp_path) as api, await api.socket() as old, await api.socket() as new:
            first = (await old.ask(1, "claim", {"client": "one"}))[2]
            assert "sole" not in first
            again = (await new.ask(1, "claim", {"client": "one"}))[2]
            assert again["sole"] is True

    asyncio.run(scene())


def test_polling_between_two_claims_means_a_client_was_not_alone(tmp_path):
    async def scene():
        async with served(tmp_path) as api, await api.socket() as lane:
            await lane.ask(1, "claim", {"client": "one"})
            await lane.ask(2, "release", {})
            assert (await api.agent("POST", "/v1/mailbox/claim", {})).status == 200
            again = (await lane.ask(3, "claim", {"client": "one"}))[2]
            assert "sole" not in again

    asyncio.run(scene())


def test_needs_input_is_told_to_an_ask_and_its_answer_reaches_the_run(tmp_path):
    async def scene():
        async with (
            served(tmp_path) as api,
            await api.socket() as main,
            await api.socket("token-of-helper") as helper,
        ):
            await helper.ask(1, "claim", {})
            id = (await main.ask(1, "ask", ASK))[2]["id"]
            await helper.hear()
            need = {"id": id, "kind": "needs_input", "parts": text("which?")}
            await helper.ask(2, "update", need)
            assert (await main.hear())[2]["state"] == "needs_input"
            await main.ask(2, "update", {"id": id, "kind": "answer", "parts": text("this")})
            supply = (await helper.hear())[2]
            assert (supply["type"], supply["parts"]) == ("supply", text("this"))
            await main.say([3, "cancel", {"id": id}])
            cancel = (await helper.hear())[2]
            assert (cancel["type"], cancel["run"]) == ("cancel", supply["run"])

    asyncio.run(scene())


def test_inbox_claims_and_peek_does_not(tmp_path):
    async def scene():
        async with served(tmp_path) as api, await api.socket("token-of-helper") as helper:
            await api.agent("POST", "/v1/messages", ASK)
            before = list(api.node.changes)
            assert len((await helper.ask(1, "inbox", {"peek": True}))[2]) == 1
            assert api.node.changes == before
            assert len((await helper.ask(2, "inbox", {}))[2]) == 1
            assert api.node.changes != before

    asyncio.run(scene())


def test_a_slow_client_is_cut_off_and_others_are_not(tmp_path, monkeypatch):
    monkeypatch.setattr("gatepost.api.http.outgoing.LIMIT", 200_000)
    monkeypatch.setattr("gatepost.api.http.outgoing.FULL", 10_000_000)
    large = ASK | {"parts": text("x" * 20_000)}

    async def scene():
        async with served(tmp_path) as api, await api.socket() as slow, await api.socket() as other:
            slow.connection.transport.pause_reading()
            id = (await other.ask(1, "submit", large))[2]["id"]
            api.node.change(id, "working", parts=api.node.messages[id].submission.parts)
            await slow.say(*([n, "watch", {"id": id}] for n in range(100)))
            async with asyncio.timeout(5):
                while api.api.app.open_sockets > 1:
                    await other.ask(1000, "agents", {})
            assert (await other.ask(1001, "submit", ASK))[1] == "ok"

    asyncio.run(scene())


def test_a_full_buffer_stops_reading_until_it_drains(tmp_path, monkeypatch):
    monkeypatch.setattr("gatepost.api.http.outgoing.FULL", 50_000)
    large = ASK | {"parts": text("x" * 20_000)}

    async def scene():
        async with served(tmp_path) as api, await api.socket() as main:
            id = (await main.ask(1, "submit", large))[2]["id"]
            api.node.change(id, "working", parts=api.node.messages[id].submission.parts)
            await main.say(*([n, "watch", {"id": id}] for n in range(2, 42)))
            heard = [await main.hear() for _ in range(80)]
            assert sum(kind == "event" for _, kind, _ in heard) == 40
            assert main.frames > 5

    asyncio.run(scene())


def test_a_revoked_token_ends_its_sockets(tmp_path):
    async def scene():
        async with served(tmp_path) as api, await api.socket() as main:
            await main.ask(1, "agents", {})
            assert (await api.operator("DELETE", "/v1/tokens/token-of-main")).status == 200
            await main.connection.wait_closed()
            answer = await api.agent("GET", "/v1/agents")
            assert (answer.status, answer.code) == (401, "auth.refused")

    asyncio.run(scene())


def test_stopping_ends_sockets_with_service_restart(tmp_path):
    async def scene():
        async with served(tmp_path) as api:
            lane = await api.socket()
            await lane.ask(1, "agents", {})
            await api.api.stop()
            await lane.connection.wait_closed()
            assert lane.connection.close_code == 1012

    asyncio.run(scene())


def test_a_fault_of_ours_is_said_as_such_and_logged(tmp_path, caplog):
    async def scene():
        async with served(tmp_path) as api, await api.socket() as main:
            api.node.submit = lambda *_: 1 / 0
            answer = await main.ask(1, "submit", ASK)
            assert (answer[1], answer[2]["code"]) == ("error", "bug.internal")

    asyncio.run(scene())
    assert "ZeroDivisionError" in caplog.text
