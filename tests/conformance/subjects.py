"""What the suite is run over: adapters, each with an agent behind it that follows `steps`.

A third party brings its own: a callable `factory(ground) -> Subject`, named on the command line as
`--subject package.module:factory`.
"""

import asyncio
import contextlib
import hashlib
import hmac
import json
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec
from aiohttp import web

from gatepost.adapters.webhook.signing import SIGNATURE, TIMESTAMP
from gatepost.core.message import Content, Text, UpdateIn, UpdateKind
from gatepost.core.views import AgentSpec

from .mailbox import FakeMailbox
from .steps import Gates, Ledger, artifact, parse, wait_at

KINDS: dict[str, UpdateKind] = {
    "progress": "progress",
    "done": "done",
    "decline": "declined",
    "fail": "failed",
}
COMMAND = Path(__file__).with_name("command.py")
SECRET = "a secret of the suite's own"


@dataclass(frozen=True)
class Ground:
    """A directory of the test's own, with gates and the agents' ledger in it, and the mailbox."""

    directory: Path
    mailbox: FakeMailbox
    gates: Gates
    ledger: Ledger
    afterwards: contextlib.ExitStack
    """What is undone after the test."""


class Subject(Protocol):
    """An adapter with an agent behind it."""

    spec: AgentSpec
    """How the agent is woken. The suite changes its limits with `msgspec.structs.replace`."""
    build: str
    """`package.module:function` that makes the adapter of (spec, desk, site), in any process."""

    async def open(self) -> None:
        """Make ready what the agent needs besides the adapter. It outlives the adapter."""
        ...

    async def close(self) -> None:
        """Undo `open`."""
        ...


class Factory(Protocol):
    """Makes a subject.

    `cannot` names the steps its agent has no way of doing; tests that need them are left out.
    """

    @property
    def cannot(self) -> frozenset[str]:
        """Steps of `steps`, and of COMMAND_ONLY."""
        ...

    def __call__(self, ground: Ground) -> Subject:
        """A subject for one test."""
        ...


NEEDED = "needed"
BUILD = "gatepost.adapters.registry:build"


def needs(*steps: str) -> Callable[[Callable], Callable]:
    """Mark a test that is for agents that can do these steps."""

    def mark(test: Callable) -> Callable:
        setattr(test, NEEDED, frozenset(steps))
        return test

    return mark


SAYING = frozenset({"progress", "artifact", "ask", "gate", "decline", "fail", "done"})
COMMAND_ONLY = frozenset({"crash", "alone", "stays"})
"""crash: it is a command and misbehaves. alone: one process a run. stays: all runs share one."""


@dataclass
class Plain:
    """An agent that needs nothing but its adapter."""

    spec: AgentSpec
    build: str = BUILD

    async def open(self) -> None:
        """Nothing to make ready."""

    async def close(self) -> None:
        """Nothing to undo."""


class Echo:
    """The echo answers; it does no other step."""

    cannot = SAYING | COMMAND_ONLY

    def __call__(self, ground: Ground) -> Subject:
        """An echo."""
        return Plain(AgentSpec(name=ground.mailbox.agent, adapter="echo"))


class Command:
    """The suite's agent as a command."""

    def __init__(self, mode: str) -> None:
        self.cannot = frozenset({"stays" if mode == "once" else "alone"})
        self._mode = mode

    def __call__(self, ground: Ground) -> Subject:
        """A command with its ledger and gates."""
        places = (str(ground.gates.directory), str(ground.directory / "ledger"))
        python = (sys.executable, "-S", "-E", str(COMMAND))
        return Plain(
            AgentSpec(
                name=ground.mailbox.agent,
                adapter="process",
                command=(*python, self._mode, *places),
                mode=self._mode,
            )
        )


class WebhookAgent:
    """An agent behind HTTP.

    It takes signed posts, and speaks through the mailbox as it would through the node's API.
    """

    build = BUILD

    def __init__(self, ground: Ground) -> None:
        self.statuses: list[int] = []
        """Answers to the next requests, before they are looked at."""
        self.seen: list[tuple[str, dict]] = []
        """Event type and body of everything posted and taken."""
        self.headers: list[Mapping[str, str]] = []
        """Their headers."""
        self._ground = ground
        self._mailbox = ground.mailbox
        self._tasks: set[asyncio.Task] = set()
        self._replies: dict[str, asyncio.Queue[str]] = {}
        self._runs: set[str] = set()
        listener = ground.afterwards.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._listener = listener
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        self.spec = AgentSpec(
            name=ground.mailbox.agent, adapter="webhook", url=url, secret=SECRET, concurrent=4
        )

    async def open(self) -> None:
        """Start to listen."""
        app = web.Application(client_max_size=4 << 20)
        app.router.add_post("/hook", self._posted)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()

    async def close(self) -> None:
        """Stop, with all that is at work."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._runner.cleanup()

    async def _posted(self, request: web.Request) -> web.Response:
        body = await request.read()
        signed = request.headers[TIMESTAMP].encode() + b"." + body
        right = "v1=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right, request.headers[SIGNATURE]):
            return web.Response(status=401)
        if self.statuses and (status := self.statuses.pop(0)):
            location = {"Location": str(request.url)} if 300 <= status < 400 else {}
            return web.Response(status=status, headers=location)
        event = json.loads(body)
        self.seen.append((event["type"], event))
        self.headers.append(request.headers)
        self._take(event)
        self._mailbox.moved()
        return web.Response(status=202)

    def _take(self, event: dict) -> None:
        run = event["run"]
        if event["type"] == "message" and run not in self._runs:
            self._runs.add(run)
            self._replies[run] = asyncio.Queue()
            task = asyncio.get_running_loop().create_task(self._work(event))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif event["type"] == "input":
            self._replies[run].put_nowait(event["text"])
        elif event["type"] == "cancel":
            self._say(event_id(self._mailbox, run), "failed", (Text("cancelled"),))

    async def _work(self, event: dict) -> None:
        self._ground.ledger.write("start", event["run"], event["id"])
        reply = ""
        for word, rest in parse(event["text"]):
            rest = rest.replace("$", reply)
            if word == "ask":
                self._say(event["id"], "needs_input", (Text(rest),))
                reply = await self._replies[event["run"]].get()
            elif word == "gate":
                self._say(event["id"], "progress", (Text(f"at {rest}"),))
                await asyncio.get_running_loop().run_in_executor(
                    None, wait_at, str(self._ground.gates.directory), rest
                )
            elif word == "artifact":
                self._say(event["id"], "artifact", _content(artifact(rest)))
            elif word == "echo":
                self._say(event["id"], "done", _content(event["parts"]))
            else:
                self._say(event["id"], KINDS[word], (Text(rest),))
        self._ground.ledger.write("end", event["run"], event["id"])

    def _say(self, id: str, kind: UpdateKind, parts: tuple[Content, ...]) -> None:
        self._mailbox.update(UpdateIn(id=id, kind=kind, parts=parts), lambda refusal: None)


def event_id(mailbox: FakeMailbox, run: str) -> str:
    """The message a run is of."""
    return next(id for id, held in mailbox.messages.items() if held.run.run == run)


def _content(parts: list[dict]) -> tuple[Content, ...]:
    return msgspec.json.decode(json.dumps(parts), type=tuple[Content, ...])


class Webhook:
    """The suite's agent behind HTTP."""

    cannot = COMMAND_ONLY

    def __call__(self, ground: Ground) -> Subject:
        """An agent with a server of its own."""
        return WebhookAgent(ground)


OURS: dict[str, Factory] = {
    "echo": Echo(),
    "process-once": Command("once"),
    "process-stay": Command("stay"),
    "webhook": Webhook(),
}
