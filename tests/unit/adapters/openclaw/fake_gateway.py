"""A gateway small enough to read: what a real one answers to the five calls of the adapter.

It keeps sessions and a memory of keys as a real one does: `restart` forgets the keys and gets a new
life, `resume` goes on with a turn under another name. What a turn does is a script by its text.
"""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

TOKEN = "token-of-the-fake-gateway"
Payload = dict[str, Any]


@dataclass
class Given:
    """One turn that was given."""

    key: str
    session: str
    message: str
    connection: ServerConnection
    call: str
    over: bool = False


@dataclass
class FakeGateway:
    """Speaks protocol 4 on a port of its own. What `silent` names is heard and not answered."""

    boot: str = "boot-1"
    calls: list[tuple[str, Payload]] = field(default_factory=list)
    hellos: list[Payload] = field(default_factory=list)
    turns: list[Given] = field(default_factory=list)
    rows: dict[str, list[Payload]] = field(default_factory=dict)
    pending: list[Payload] = field(default_factory=list)
    known: dict[str, Payload | None] = field(default_factory=dict)
    refuse: dict[str, list[Payload]] = field(default_factory=dict)
    workspace: str = ""
    port: int = 0
    deaf: bool = False
    _server: Server | None = None
    _open: set[ServerConnection] = field(default_factory=set)
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    async def start(self) -> "FakeGateway":
        self._server = await serve(self._serve, "127.0.0.1", self.port or None)
        self.port = next(iter(self._server.sockets)).getsockname()[1]
        return self

    async def stop(self) -> None:
        """It dies: nothing more is said."""
        assert self._server is not None
        for connection in tuple(self._open):
            connection.transport.abort()
        self._server.close()
        await self._server.wait_closed()

    async def restart(self) -> None:
        """It dies and comes back, with its disk and without its memory."""
        await self.stop()
        self.boot = f"{self.boot}+"
        self.known.clear()
        await self.start()

    def drop(self) -> None:
        """The connections break; the gateway lives on."""
        for connection in tuple(self._open):
            connection.transport.abort()

    async def until(self, true: Any) -> None:
        async with asyncio.timeout(10):
            while not true():
                self._moved.clear()
                await self._moved.wait()

    # what a test has a turn do

    def begin(self, given: Given) -> None:
        """Its input stands in the transcript now."""
        self.pending = [one for one in self.pending if one["runId"] != given.key]
        row = {"role": "user", "content": given.message, "idempotencyKey": f"{given.key}:user"}
        self.rows.setdefault(given.session, []).append(row)

    async def answer(self, given: Given, text: str) -> None:
        """It ends with an answer."""
        self.begin(given)
        self.say(given, text)
        await self.finish(given, {"status": "ok", "result": {"payloads": [{"text": text}]}})

    def say(self, given: Given, text: str, run: str = "") -> None:
        """An answer stands in the transcript."""
        self.rows[given.session].append(
            {
                "role": "assistant",
                "content": [{"type": "text", "text": text}],
                "stopReason": "stop",
                "__openclaw": {"runId": run or given.key},
            }
        )

    def resume(self, given: Given, text: str) -> None:
        """What a restarted gateway does with a turn that had begun."""
        own = {"kind": "internal_system"}
        row = {"role": "user", "content": "go on", "idempotencyKey": "r1:user", "provenance": own}
        self.rows[given.session].append(row)
        self.say(given, text, "r1")

    async def finish(self, given: Given, payload: Payload, ok: bool = True) -> None:
        """The last answer to the call."""
        given.over = True
        whole = {"runId": given.key, **payload}
        self.known[given.key] = whole if ok else None
        body = {"payload": whole} if ok else {"error": payload}
        await self._send(given.connection, {"type": "res", "id": given.call, "ok": ok, **body})

    async def event(self, given: Given, text: str) -> None:
        """It has come so far."""
        payload = {"runId": given.key, "stream": "assistant", "data": {"text": text}}
        frame = {"type": "event", "event": "agent", "payload": payload}
        await self._send(given.connection, frame)

    # inside

    async def _serve(self, connection: ServerConnection) -> None:
        self._open.add(connection)
        try:
            challenge = {"nonce": "n-1", "ts": 1}
            first = {"type": "event", "event": "connect.challenge", "payload": challenge}
            await self._send(connection, first)
            async for text in connection:
                asked = json.loads(text)
                await self._asked(connection, asked["id"], asked["method"], asked["params"])
                self._moved.set()
        except ConnectionClosed:
            pass
        finally:
            self._open.discard(connection)

    async def _asked(self, connection: Any, id: str, method: str, params: Payload) -> None:
        self.calls.append((method, params))
        if self.refuse.get(method):
            error = self.refuse[method].pop(0)
            await self._send(connection, {"type": "res", "id": id, "ok": False, "error": error})
            return
        if self.deaf and method != "connect":
            return
        match method:
            case "connect":
                self.hellos.append(params)
                right = params["auth"]["token"] == TOKEN
                server = {"version": "2026.9.6", "bootId": self.boot, "connId": "c"}
                said = {"payload": {"type": "hello-ok", "server": server}}
                wrong = {"error": {"code": "UNAUTHORIZED", "message": "gateway token mismatch"}}
                whole = {"type": "res", "id": id, "ok": right, **(said if right else wrong)}
                await self._send(connection, whole)
            case "agent":
                await self._agent(connection, id, params)
            case "chat.history":
                rows = self.rows.get(params["sessionKey"], [])
                found = {"messages": rows, "pendingInputs": {"items": self.pending}}
                await self._ok(connection, id, {**found, "sessionInfo": {"hasActiveRun": False}})
            case "agent.wait":
                done = self.known.get(params["runId"])
                said = done and {"status": "ok", "terminalReply": done["result"]["payloads"][0]}
                await self._ok(connection, id, said or {"status": "timeout"})
            case "sessions.abort":
                await self._ok(connection, id, {"ok": True, "status": "aborted"})
            case "agents.list":
                agents = [{"id": "worker", "workspace": self.workspace}]
                await self._ok(connection, id, {"defaultId": "worker", "agents": agents})
            case _:
                raise AssertionError(f"the adapter never calls {method}")

    async def _agent(self, connection: Any, id: str, params: Payload) -> None:
        key = params["idempotencyKey"]
        if key in self.known:  # a known key is never a second turn
            await self._ok(connection, id, self.known[key] or {"runId": key, "status": "accepted"})
            return
        self.known[key] = None
        self.pending.append({"runId": key, "state": "queued"})
        self.turns.append(Given(key, params["sessionKey"], params["message"], connection, id))
        await self._ok(connection, id, {"runId": key, "status": "accepted"})

    async def _ok(self, connection: Any, id: str, payload: Payload) -> None:
        await self._send(connection, {"type": "res", "id": id, "ok": True, "payload": payload})

    async def _send(self, connection: Any, frame: Payload) -> None:
        await connection.send(json.dumps(frame))
