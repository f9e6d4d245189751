"""A node in memory, small but honest in what matters to its surfaces.

Answers come in a later turn of the loop (as after a commit), runs go to one claim, outcomes
are final, and every call that changes something is recorded in `changes`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from gatepost.api.http.inside import Config
from gatepost.core.configured import ConfigChange, ConfigPatch, ConfigView
from gatepost.core.health import Checkup, Finding, Repair
from gatepost.core.holding import Answered, HoldRule, HoldView
from gatepost.core.lifecycle import OUTCOMES
from gatepost.core.message import (
    InboxQuery,
    MessageView,
    Receipt,
    Run,
    Submission,
    Text,
    UpdateIn,
)
from gatepost.core.views import (
    AgentSpec,
    AgentView,
    Event,
    Evidence,
    GrantIn,
    GrantView,
    Invitation,
    MessagesQuery,
    NodeStatus,
    Paired,
    PeerView,
    Ping,
    Proof,
    Pruned,
    Question,
    Renamed,
    RuleView,
    TokenView,
)
from gatepost.errors import GatepostError
from gatepost.policy.answers import Difference, Examined, May, Who, Whose
from gatepost.policy.explain import Explanation
from gatepost.ports import Client

ENDS = {"answer": "done", "done": "done", "declined": "rejected", "failed": "failed"}


class Changes(list[tuple[Any, ...]]):
    """What changed the node, in order; `until` waits for more."""

    def __init__(self) -> None:
        super().__init__()
        self._news = asyncio.Event()

    def append(self, change: tuple[Any, ...]) -> None:
        super().append(change)
        self._news.set()

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not holds():
                self._news.clear()
                await self._news.wait()


@dataclass
class Message:
    view: MessageView
    submission: Submission
    sender: str
    watchers: list[Callable[[MessageView], None]] = field(default_factory=list)


@dataclass
class Box:
    """One agent's mailbox."""

    waiting: list[str] = field(default_factory=list)
    open_runs: dict[str, Run] = field(default_factory=dict)
    claim: "FakeClaim | None" = None


class FakeNode:
    def __init__(self, *agents: str) -> None:
        self.boxes = {name: Box() for name in agents or ("main", "helper")}
        self.messages: dict[str, Message] = {}
        self.keys: dict[tuple[str, str], str] = {}
        self.changes = Changes()
        self.submissions: list[Submission] = []
        self.life = "1.1"
        self.mute = False  # takes calls and never answers
        self.lose_offers = False
        self.events = FakeEvents()
        self.tokens = FakeTokens({f"token-of-{name}": name for name in self.boxes})
        self.operator = FakeOperator(self)
        self.health = FakeHealth()
        self.config: Config = FakeConfig(self)

    def desk(self, agent: str) -> "FakeDesk":
        if agent not in self.boxes:
            raise GatepostError("agent.unknown")
        return FakeDesk(self, agent)

    def mailbox(self, agent: str) -> "FakeMailbox":
        return FakeMailbox(self.desk(agent))

    def restart(self) -> None:
        """What a restart forgets: claims and watches. Runs stay open."""
        era, boot = self.life.split(".")
        self.life = f"{era}.{int(boot) + 1}"
        for box in self.boxes.values():
            box.claim = None
        for message in self.messages.values():
            message.watchers.clear()

    def submit(self, agent: str, submission: Submission) -> Receipt:
        self.submissions.append(submission)
        key = (agent, submission.request_key)
        if submission.request_key and key in self.keys and not submission.fresh:
            view = self.messages[self.keys[key]].view
            return Receipt(view.id, view.state, view.conversation, view.created, attached=True)
        if submission.to not in self.boxes:
            raise GatepostError("agent.unknown", what=f"there is no `{submission.to}`")
        id = f"m{len(self.messages) + 1}"
        view = MessageView(
            id=id,
            direction="local",
            verb=submission.verb,
            sender=agent,
            to=submission.to,
            conversation=submission.conversation or f"c-{id}",
            state="accepted",
            since=1,
            created=1,
            expires=2,
        )
        self.messages[id] = Message(view, submission, agent)
        if submission.request_key:
            self.keys[key] = id
        self.changes.append(("submit", agent, submission.to))
        self.boxes[submission.to].waiting.append(id)
        self.pump(submission.to)
        return Receipt(id, "accepted", view.conversation, 1)

    def pump(self, agent: str) -> None:
        box = self.boxes[agent]
        claim = box.claim
        if claim is None or claim.unsettled:
            return
        while box.waiting and len(box.open_runs) < claim.limit:
            run = self.begin(agent, box.waiting.pop(0))
            if self.lose_offers:
                continue
            asyncio.get_running_loop().call_soon(claim.client.offer, run)

    def run_of(self, agent: str, id: str, attempt: int) -> Run:
        message = self.messages[id]
        return Run(
            run=f"r-{id}.{attempt}",
            id=id,
            agent=agent,
            sender=message.sender,
            verb=message.submission.verb,
            parts=message.submission.parts,
            conversation=message.view.conversation,
            created=1,
            received=1,
            expires=2,
            attempt=attempt,
        )

    def begin(self, agent: str, id: str, attempt: int = 1) -> Run:
        run = self.run_of(agent, id, attempt)
        self.boxes[agent].open_runs[run.run] = run
        self.change(id, "working")
        return run

    def change(self, id: str, state: str, **more: object) -> None:
        message = self.messages[id]
        message.view = msgspec.structs.replace(message.view, state=state, **more)
        loop = asyncio.get_running_loop()
        for seen in tuple(message.watchers):
            loop.call_soon(seen, message.view)

    def own(self, agent: str, id: str) -> Message:
        message = self.messages.get(id)
        if message is None or agent not in (message.sender, message.submission.to):
            raise GatepostError("message.unknown", what=f"no message `{id}`")
        return message

    def update(self, agent: str, update: UpdateIn) -> None:
        message = self.own(agent, update.id)
        box = self.boxes[message.submission.to]
        run = next((run for run in box.open_runs.values() if run.id == update.id), None)
        if message.view.state in OUTCOMES or run is None:
            raise GatepostError("message.ended", id=update.id)
        self.changes.append(("update", agent, update.id, update.kind))
        if agent == message.sender and message.view.state == "needs_input":
            assert box.claim is not None
            box.claim.client.supply(run.run, update.parts)
            self.change(update.id, "working")
        elif update.kind in ENDS:
            del box.open_runs[run.run]
            self.change(update.id, ENDS[update.kind], parts=update.parts, reason=update.reason)
            self.pump(agent)
        elif update.kind == "needs_input":
            self.change(update.id, "needs_input", parts=update.parts)

    def cancel(self, agent: str, id: str) -> MessageView:
        message = self.own(agent, id)
        self.changes.append(("cancel", agent, id))
        box = self.boxes[message.submission.to]
        run = next((run for run in box.open_runs.values() if run.id == id), None)
        if run is not None and box.claim is not None:
            box.claim.client.cancel(run.run, "the sender withdrew it")
        elif message.view.state not in OUTCOMES:
            box.waiting.remove(id)
            self.change(id, "cancelled")
        return message.view


class FakeDesk:
    def __init__(self, node: FakeNode, agent: str) -> None:
        self.node = node
        self.agent = agent

    def late(self, message: str, session: str) -> bool:
        return False

    def _later(self, done: Callable[..., None], fn: Callable[..., object], *args: object) -> None:
        try:
            answer = fn(self.agent, *args)
        except GatepostError as error:
            answer = error
        if not self.node.mute:
            asyncio.get_running_loop().call_soon(done, answer)

    def submit(self, submission, done):
        self._later(done, self.node.submit, submission)

    def update(self, update, done):
        self._later(done, self.node.update, update)

    def cancel(self, message, done):
        self._later(done, self.node.cancel, message)

    def watch(self, message, seen):
        record = self.node.own(self.agent, message)
        record.watchers.append(seen)
        seen(record.view)

        def stop() -> None:
            if seen in record.watchers:
                record.watchers.remove(seen)

        return stop

    def follow(self, message, seen):
        self.node.own(self.agent, message).watchers.append(seen)
        return lambda: None

    def claim(self, client, capacity, kind):
        box = self.node.boxes[self.agent]
        if box.claim is not None:
            raise GatepostError("mailbox.taken")
        self.node.changes.append(("claim", self.agent, kind))
        box.claim = FakeClaim(self.node, self.agent, client, capacity)
        self.node.pump(self.agent)
        return box.claim


class FakeClaim:
    def __init__(self, node: FakeNode, agent: str, client: Client, capacity: int) -> None:
        self.node = node
        self.agent = agent
        self.client = client
        self.limit = capacity
        self.open_runs = tuple(node.boxes[agent].open_runs.values())
        self.unsettled = {run.run for run in self.open_runs}

    def evidence(self, run, found):
        if run not in self.unsettled:
            raise GatepostError("run.not_yours")
        self.node.changes.append(("evidence", run, found))
        self.unsettled.discard(run)
        if found != "running":
            box = self.node.boxes[self.agent]
            old = box.open_runs.pop(run)
            if found == "not_run":
                again = self.node.begin(self.agent, old.id, old.attempt + 1)
                asyncio.get_running_loop().call_soon(self.client.offer, again)
            else:
                self.node.change(old.id, "unknown")
        self.node.pump(self.agent)

    def capacity(self, n):
        self.limit = n
        self.node.pump(self.agent)

    def release(self):
        box = self.node.boxes[self.agent]
        if box.claim is self:
            box.claim = None
            self.node.changes.append(("release", self.agent))


class FakeMailbox:
    def __init__(self, desk: FakeDesk) -> None:
        self.desk = desk
        self.agent = desk.agent

    async def _call(self, fn: Callable[..., None], *args: object) -> Any:
        done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        fn(*args, done.set_result)
        answer = await done
        if isinstance(answer, GatepostError):
            raise answer
        return answer

    async def submit(self, submission: Submission) -> Receipt:
        return await self._call(self.desk.submit, submission)

    async def cancel(self, message: str) -> MessageView:
        return await self._call(self.desk.cancel, message)

    async def update(self, update: UpdateIn) -> None:
        await self._call(self.desk.update, update)

    async def check(self, message: str, wait: float = 0.0) -> MessageView:
        record = self.desk.node.own(self.agent, message)
        news = asyncio.Event()

        def changed(view: MessageView) -> None:
            news.set()

        record.watchers.append(changed)
        try:
            async with asyncio.timeout(wait):
                while record.view.state not in OUTCOMES | {"needs_input"}:
                    await news.wait()
                    news.clear()
        except TimeoutError:
            pass
        finally:
            record.watchers.remove(changed)
        return record.view

    async def claim(self, client: Client, capacity: int, kind: str) -> Any:
        return self.desk.claim(client, capacity, kind)

    async def inbox(self, query: InboxQuery) -> tuple[Run, ...]:
        node = self.desk.node
        box = node.boxes[self.agent]
        if query.peek:
            return tuple(node.run_of(self.agent, id, 0) for id in box.waiting)
        if box.claim is not None:
            raise GatepostError("mailbox.taken")
        node.changes.append(("inbox", self.agent))
        new = [node.begin(self.agent, id) for id in box.waiting[: query.limit]]
        box.waiting.clear()
        return tuple(new)


class FakeEvents:
    def __init__(self) -> None:
        self.subscribers: list[Callable[[Event], None]] = []
        self.past: list[Event] = []

    def subscribe(self, fn):
        self.subscribers.append(fn)
        return lambda: self.subscribers.remove(fn)

    def recent(self, n):
        return self.past[-n:]

    def emit(self, kind: str, *, agent: str = "", message: str = "") -> None:
        event = Event(len(self.past) + 1, 5, kind, message, "", agent)
        self.past.append(event)
        for fn in tuple(self.subscribers):
            fn(event)


class FakeTokens:
    def __init__(self, agents: dict[str, str]) -> None:
        self.agents = agents
        self.operators = {"token-of-operator"}

    def agent_of(self, token):
        return self.agents.get(token)

    def is_operator(self, token):
        return token in self.operators


HOLD = HoldView(
    id="m1",
    direction="in",
    verb="ask",
    sender="carol@work",
    to="bob",
    conversation="c-m1",
    since=1,
    created=1,
    expires=2,
    digest="d" * 64,
    size=5,
    rules=(HoldRule("look", "0123456789abcdef", "policy.toml:9", "rule `look` says so"),),
)


class FakeOperator:
    """Every call is recorded; those that only look are recorded in `looks`."""

    def __init__(self, node: FakeNode) -> None:
        self.node = node
        self.looks: list[tuple[Any, ...]] = []

    def _did(self, *what: object) -> None:
        self.node.changes.append(what)

    def status(self):
        self.looks.append(("status",))
        return NodeStatus(
            name="home",
            node="n" * 52,
            state="running",
            version="0",
            pid=1,
            started=1,
            home="/home",
            listen="",
            life=self.node.life,
            peers=0,
            agents=len(self.node.boxes),
            waiting=0,
            open_runs=0,
        )

    def holds(self):
        self.looks.append(("holds",))
        return [HOLD]

    def hold(self, id):
        self.looks.append(("hold", id))
        return msgspec.structs.replace(HOLD, parts=(Text("hello"),))

    async def approve(self, id, given):
        self._did("approve", id, given)
        return Answered(id=id, answer="approved", state="received", digest=given.digest)

    async def refuse(self, id, reason=""):
        self._did("refuse", id, reason)
        return Answered(id=id, answer="refused", state="rejected", digest=HOLD.digest)

    def approvals(self):
        self.looks.append(("approvals",))
        return []

    async def revoke_approval(self, id):
        self._did("revoke_approval", id)
        return ""

    async def add_agent(self, spec: AgentSpec):
        self._did("add_agent", spec)
        return AgentView(address=spec.name)

    async def remove_agent(self, name):
        self._did("remove_agent", name)
        if name not in self.node.boxes:
            raise GatepostError("agent.unknown")
        self.node.tokens.agents.pop(f"token-of-{name}", None)

    def agents(self, asking="", query="", can="", limit=50):
        self.looks.append(("agents", asking, query, can, limit))
        return [AgentView(address=name) for name in self.node.boxes]

    async def remote_agents(self, alias, asking=""):
        self.looks.append(("remote_agents", alias, asking))
        return [AgentView(address=f"helper@{alias}")]

    async def invite(self, alias, minutes=15, reuse=False):
        self._did("invite", alias, minutes)
        return Invitation("gp1-text", alias, 9)

    async def paired(self, alias, wait):
        self.looks.append(("paired", alias, wait))
        return None

    async def accept(self, text, alias="", reuse=False):
        self._did("accept", text, alias)
        return Paired(alias or "lab", "n" * 52, "127.0.0.1:1", "six words", 1.5)

    def peers(self):
        self.looks.append(("peers",))
        return [
            PeerView(
                alias="lab", node="n" * 52, state="connected", endpoint="", since=1, queued=0,
                in_flight=0,
            )
        ]  # fmt: skip

    async def ping(self, alias, wire=False):
        self._did("ping", alias, wire)
        return Ping(alias, "n" * 52, 1.5, wire)

    async def _undo(self, *what: object) -> str:
        self._did(*what)
        return f"undo {what[0]}"

    async def block(self, alias):
        return await self._undo("block", alias)

    async def unblock(self, alias):
        return await self._undo("unblock", alias)

    async def trust(self, alias):
        return await self._undo("trust", alias)

    async def remove_peer(self, alias):
        return await self._undo("remove_peer", alias)

    async def set_endpoint(self, alias, endpoint):
        return await self._undo("set_endpoint", alias, endpoint)

    async def rename_peer(self, alias, new, reuse=False):
        return Renamed(alias=new, undo=await self._undo("rename_peer", alias, new))

    async def grant(self, grant: GrantIn):
        self._did("grant", grant)
        return GrantView(id="g1", text="allow", origin="grants.toml:1", undo="undo grant")

    async def revoke(self, rule_id):
        return await self._undo("revoke", rule_id)

    def rules(self):
        self.looks.append(("rules",))
        return [RuleView(id="g1", word="allow", verbs=("ask",), sender="a", to="b", origin="x:1")]

    def can(self, sender, verb, to):
        self.looks.append(("can", sender, verb, to))
        return May(verb == "ask", "allow" if verb == "ask" else "deny", "a rule says so")

    def who_can(self, verb, to):
        self.looks.append(("who_can", verb, to))
        return Whose(verb, to, (Who("a", "allow", "g1", "x:1"),))

    def tested(self):
        self.looks.append(("tested",))
        return Examined(0, 0, ())

    def drafted(self, draft):
        self.looks.append(("drafted", draft))
        return Examined(0, 0, ())

    async def difference(self, asked):
        self.looks.append(("difference", asked))
        return Difference(asked.since, 0, 0, ())

    async def explain(self, question: Question):
        self.looks.append(("explain", question))
        return Explanation("allow", (), "allowed")

    def messages(self, query: MessagesQuery):
        self.looks.append(("messages", query))
        return [message.view for message in self.node.messages.values()]

    def message(self, id):
        self.looks.append(("message", id))
        if id not in self.node.messages:
            raise GatepostError("message.unknown")
        return self.node.messages[id].view

    async def cancel(self, id):
        self._did("operator cancel", id)
        return self.message(id)

    async def retry(self, id):
        self._did("retry", id)
        return self.message(id)

    async def replay(self, id, reason):
        self._did("replay", id, reason)
        return Receipt(id="m9", state="accepted", conversation="m1", at=1)

    async def drop(self, id, reason):
        self._did("drop", id, reason)
        return self.message(id)

    def evidence(self, id):
        self.looks.append(("evidence", id))
        proof = Proof(shows="received", at=1, signed=b"signed", item=b"item")
        return Evidence(id=id, state="done", peer="lab", proofs=(proof,))

    async def prune(self, older=0, counting=False):
        self._did("prune", older, counting)
        return Pruned(3, 2, 1)

    async def create_token(self, agent, note=""):
        self._did("create_token", agent, note)
        return TokenView(id="t1", agent=agent, note=note, created=1, secret="secret")

    def tokens(self):
        self.looks.append(("tokens",))
        return [TokenView(id="t1", agent="main", note="", created=1)]

    async def revoke_token(self, id):
        self._did("revoke_token", id)
        self.node.tokens.agents.pop(id, None)

    async def pause(self, what=""):
        return await self._undo("pause", what)

    async def resume(self, what=""):
        return await self._undo("resume", what)


class FakeConfig:
    """A file of settings whose text nobody reads; changes are recorded."""

    def __init__(self, node: FakeNode) -> None:
        self.node = node

    def config(self) -> ConfigView:
        return ConfigView(file="gatepost.toml", hash="0" * 64, settings=())

    def patch(self, wish: ConfigPatch) -> ConfigChange:
        self.node.changes.append(("patch", wish))
        return ConfigChange(file="gatepost.toml", hash="1" * 64, settings=())

    def undo(self) -> ConfigChange:
        self.node.changes.append(("undo config",))
        return ConfigChange(file="gatepost.toml", hash="0" * 64, settings=())


class FakeHealth:
    def checkup(self) -> Checkup:
        found = Finding(
            code="home.exposed",
            severity="error",
            title="others can reach the node's files",
            what="others can reach /srv/gatepost",
            subject="/srv/gatepost",
            repairs=(Repair("close", "/srv/gatepost"),),
        )
        return Checkup(at=1, findings=(found,), looked=("home.exposed",))
