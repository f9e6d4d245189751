"""A node that is not there: canned answers, and a record of what it was asked."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from gatepost.core.configured import ConfigChange, ConfigPatch, ConfigView
from gatepost.core.health import Checkup, Finding
from gatepost.core.message import (
    InboxQuery,
    MessageView,
    Moment,
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
    GrantIn,
    GrantView,
    Invitation,
    MessagesQuery,
    NodeStatus,
    Paired,
    PeerView,
    Ping,
    Pruned,
    Question,
    Renamed,
    RuleView,
    TokenView,
)
from gatepost.errors import GatepostError
from gatepost.node.configbook import ConfigBook
from gatepost.node.health.catalogue import BY_CODE
from gatepost.policy.answers import Change, Difference, DiffIn, May, Skipped, Who, Whose
from gatepost.policy.explain import Explanation, Past, StageLine, There

NOW = 1_795_183_200_000  # 2026-11-20 14:00:00 UTC
ID = "01a3c2d1-7b1c-7a42-9c55-3f0e8a1b2c3d"
TASK = "01a3c2d1-9e00-7b10-8d21-6a5b4c3d2e1f"
TALK = "01a3c2d1-7b1c-7fff-8000-000000000001"
HOME = "k7wq4mzzaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
LAB = "6qd4wn2bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
INVITATION = "gp1-k7wq4mzz-aaaa-9dzt"
WORDS = "amber otter violin moss lantern reed"


def view(state: str, text: str = "", message: str = ID, **more: object) -> MessageView:
    """A question of main's to specialist@lab in `state`, answered with `text`."""
    return MessageView(
        **{
            "id": message,
            "direction": "out",
            "verb": "ask",
            "sender": "main",
            "to": "specialist@lab",
            "conversation": TALK,
            "state": state,
            "since": NOW - 2_000,
            "created": NOW - 5_000,
            "expires": NOW + 3_600_000,
            "parts": (Text(text),) if text else (),
            **more,
        }
    )


def run(text: str, **more: object) -> Run:
    """A question from main@home that waits for specialist."""
    return Run(
        **{
            "run": "run-1",
            "id": ID,
            "agent": "specialist",
            "sender": "main@home",
            "verb": "ask",
            "parts": (Text(text),),
            "conversation": TALK,
            "created": NOW - 5_000,
            "received": NOW - 4_000,
            "expires": NOW + 3_600_000,
            "node": HOME,
            **more,
        }
    )


@dataclass
class FakeNode:
    """Both clients of the SDK in one. `views` are what `check` gives, one after the other."""

    asked: list[object] = field(default_factory=list[object])
    views: list[MessageView] = field(default_factory=list[MessageView])
    runs: tuple[Run, ...] = ()
    refuse: GatepostError | None = None
    receipt: str = "accepted"
    joined: list[Paired | None] = field(default_factory=list[Paired | None])
    allowed: bool = True
    stop: Callable[[str], None] = lambda what: None
    book: ConfigBook | None = None
    pruned: list[Pruned] = field(default_factory=list[Pruned])

    def _asked(self, what: str, *about: object) -> None:
        self.asked.append((what, *about))
        self.stop(what)
        if self.refuse is not None:
            raise self.refuse

    # the agent's side

    async def submit(self, submission: Submission) -> Receipt:
        self._asked("submit", submission)
        return Receipt(id=ID, state=self.receipt, conversation=TALK, at=NOW)

    async def check(self, message: str, wait: float = 0.0) -> MessageView:
        self._asked("check", message, wait)
        return self.views.pop(0) if len(self.views) > 1 else self.views[0]

    async def cancel(self, message: str) -> MessageView:
        self._asked("cancel", message)
        return self.views[0]

    async def update(self, update: UpdateIn) -> None:
        self._asked("update", update)

    async def inbox(self, query: InboxQuery) -> tuple[Run, ...]:
        self._asked("inbox", query)
        return self.runs

    # the operator's side

    async def status(self) -> NodeStatus:
        self._asked("status")
        return NodeStatus(
            name="home",
            node=HOME,
            state="running",
            version="0.1.0",
            pid=811,
            started=NOW - 273_600_000,
            home="/srv/gatepost",
            listen="127.0.0.1:7443",
            life="01",
            peers=1,
            agents=2,
            waiting=14,
            open_runs=1,
            needs_you=("lab unreachable since 22:01, 14 waiting   gatepost peers list",),
        )

    async def health(self) -> Checkup:
        self._asked("health")
        found = Finding(
            code="peer.unreachable",
            severity="error",
            title="a peer cannot be reached",
            subject="lab",
            what="no link for 2 h; 14 messages waiting; dialled again in 31 s",
            why="connection refused by lab.example:7443",
            where="lab.example:7443",
            fix="gatepost peers endpoint lab HOST:PORT   (or nothing, when it is only away)",
            since=NOW - 7_200_000,
        )
        return Checkup(at=NOW, findings=(found,), looked=tuple(BY_CODE))

    async def add_agent(self, spec: AgentSpec) -> AgentView:
        self._asked("add_agent", spec)
        return AgentView(address=spec.name, adapter=spec.adapter)

    async def remove_agent(self, name: str) -> None:
        self._asked("remove_agent", name)

    async def agents(
        self, asking: str = "", query: str = "", can: str = "", limit: int = 50
    ) -> list[AgentView]:
        self._asked("agents", query, can, limit)
        verbs = ("send", "ask", "delegate")
        return [
            AgentView(address="main", attached="polls", waiting=1, can=verbs, about="the front"),
            AgentView(address="specialist@lab", can=("ask",)),
        ]

    async def remote_agents(self, alias: str, asking: str = "") -> list[AgentView]:
        self._asked("remote_agents", alias)
        return [AgentView(address=f"specialist@{alias}", can=("ask",), about="reads log files")]

    async def invite(self, alias: str, minutes: int = 15, reuse: bool = False) -> Invitation:
        self._asked("invite", alias, minutes)
        return Invitation(INVITATION, alias, NOW + minutes * 60_000)

    async def paired(  # the wait is the node's, not the loop's
        self,
        alias: str,
        timeout: float,  # noqa: ASYNC109
    ) -> Paired | None:
        self._asked("paired", alias)
        return self.joined.pop(0)

    async def accept(self, text: str, alias: str = "", reuse: bool = False) -> Paired:
        self._asked("accept", text, alias)
        return paired(alias or "home", HOME)

    async def peers(self) -> list[PeerView]:
        self._asked("peers")
        return [
            PeerView(
                alias="lab",
                node=LAB,
                state="waiting",
                endpoint="lab.example:7443",
                since=NOW - 7_200_000,
                queued=14,
                in_flight=0,
                oldest=NOW - 7_000_000,
                next_attempt=NOW + 31_000,
                error="connection refused by lab.example:7443",
                words=WORDS,
                may=("ping", "ask"),
            )
        ]

    async def ping(self, alias: str, wire: bool = False) -> Ping:
        self._asked("ping", alias, wire)
        return Ping(alias, LAB, 38.25, wire, self.allowed, "" if self.allowed else "no link")

    async def block(self, alias: str) -> str:
        self._asked("block", alias)
        return f"gatepost peers unblock {alias}"

    async def unblock(self, alias: str) -> str:
        self._asked("unblock", alias)
        return f"gatepost peers block {alias}"

    async def trust(self, alias: str) -> str:
        self._asked("trust", alias)
        return f"gatepost peers block {alias}"

    async def remove_peer(self, alias: str) -> str:
        self._asked("remove_peer", alias)
        return f"gatepost peers invite {alias}"

    async def set_endpoint(self, alias: str, endpoint: str) -> str:
        self._asked("set_endpoint", alias, endpoint)
        return f"gatepost peers endpoint {alias} lab.example:7443"

    async def rename_peer(self, alias: str, new: str, reuse: bool = False) -> Renamed:
        self._asked("rename_peer", alias, new)
        warnings = (f"rules that say `{alias}` still mean it: family, g3",)
        return Renamed(alias=new, undo=f"gatepost peers alias {new} {alias}", warnings=warnings)

    async def grant(self, grant: GrantIn) -> GrantView:
        self._asked("grant", grant)
        text = f"{grant.sender} may {', '.join(grant.verbs)} {grant.to}"
        return GrantView(
            id="g3", text=text, origin="grants.toml:12", undo="gatepost policy revoke g3"
        )

    async def revoke(self, rule_id: str) -> str:
        self._asked("revoke", rule_id)
        return "gatepost policy grant main@home ask specialist"

    async def rules(self) -> list[RuleView]:
        self._asked("rules")
        verbs = ("see", "send", "ask", "delegate")
        return [
            RuleView(
                id="outbound", word="allow", verbs=verbs, sender="*", to="*@*",
                origin="policy.toml:9",
            ),
            RuleView(
                id="g3", word="allow", verbs=("ask",), sender="main@home", to="specialist",
                origin="grants.toml:12",
            ),
        ]  # fmt: skip

    async def can(self, sender: str, verb: str, to: str) -> May:
        self._asked("can", sender, verb, to)
        if self.allowed:
            return May(True, "allow", f"rule `g3` lets {sender} {verb} {to}")
        missing = ("this node has no agent `specialist` yet",)
        return May(False, "deny", f"no rule lets {sender} {verb} {to}", missing)

    async def who_can(self, verb: str, to: str) -> Whose:
        self._asked("who_can", verb, to)
        anybody = Who("*@home", "allow", "g3", "grants.toml:12", "until 2026-12-01 00:00 UTC")
        eve = Who("eve@home", "deny", "no-eve", "policy.toml:30")
        return Whose(verb, to, (anybody, eve) if self.allowed else ())

    async def difference(self, asked: DiffIn) -> Difference:
        self._asked("difference", asked)
        change = Change(
            message=ID,
            at=NOW - 5_000,
            sender="main@home",
            verb="ask",
            to="specialist",
            direction="inbound",
            then="allow",
            now="deny",
            rule="",
            origin="no rule",
            because="no rule lets main@home ask specialist",
        )
        gone = Skipped("its text is pruned", 3)
        return Difference(asked.since, 312, 1, (change,), (gone,))

    async def explain(self, question: Question) -> Explanation:
        self._asked("explain", question)
        if question.message:
            return self._explained_message()
        if self.allowed:
            ok = StageLine("allowed", "allow", "outbound", "policy.toml:9", "a rule allows it", "")
            return Explanation("allow", (ok,), "allowed: main ask specialist@lab")
        grant = "gatepost policy grant main@home ask specialist"
        return Explanation(
            verdict="deny",
            headline="denied: main@home ask specialist: no rule allows it (and 1 more)",
            stages=(
                StageLine("paused", "allow", "", "", "nothing is paused", ""),
                StageLine("allowed", "deny", "", "policy.toml", "no rule allows it", grant),
                StageLine(
                    "ready", "wait", "", "", "its adapter is down", "gatepost agents list"
                ),
            ),
            fixes=(grant, "gatepost agents list"),
        )  # fmt: skip

    def _explained_message(self) -> Explanation:
        says = "rule `outbound` lets it"
        ok = StageLine("allowed", "allow", "outbound", "policy.toml:9", says, "")
        there = "gatepost policy grant main@home ask specialist"
        return Explanation(
            verdict="allow",
            stages=(ok,),
            headline=f"{ID} is rejected by a rule at lab (denied). It was let through here",
            remote_node="lab",
            then=Past(NOW - 5_000, "allow", says, (ok,), "41"),
            there=There("lab", "deny", "`lab` refuses it", "denied", NOW - 4_000, (there,)),
        )

    async def messages(self, query: MessagesQuery) -> list[MessageView]:
        self._asked("messages", query)
        return [view("working", message=TASK, verb="delegate"), view("done", "It ran out of disk.")]

    async def message(self, id: str) -> MessageView:
        self._asked("message", id)
        return view(
            "done",
            "It ran out of disk at 02:14.",
            question=(Text("Why did the nightly job fail?"),),
            timeline=(
                Moment(NOW - 5_000, "accepted", "durable here"),
                Moment(NOW - 4_960, "received", "durable at lab"),
                Moment(NOW - 4_000, "working", "process, attempt 1"),
                Moment(NOW - 2_000, "done", "answered by specialist@lab"),
            ),
        )

    async def config(self) -> ConfigView:
        return self._book().config()

    async def set_config(
        self, changes: dict[str, str | int | None], base: str = ""
    ) -> ConfigChange:
        self._asked("set_config", changes, base)
        return self._book().patch(ConfigPatch(changes, base))

    async def undo_config(self) -> ConfigChange:
        return self._book().undo()

    def _book(self) -> ConfigBook:
        """The settings of this node; without any it is down."""
        if self.book is None:
            raise GatepostError("node.not_running")
        return self.book

    async def prune(self, older: int = 0, *, counting: bool = False) -> Pruned:
        self._asked("prune", older, counting)
        return self.pruned.pop(0)

    async def create_token(self, agent: str, note: str = "") -> TokenView:
        self._asked("create_token", agent, note)
        return TokenView(id="t2", agent=agent, note=note, created=NOW, secret="gpt-secret")

    async def tokens(self) -> list[TokenView]:
        self._asked("tokens")
        return [TokenView(id="t2", agent="main", note="the nightly job", created=NOW)]

    async def revoke_token(self, id: str) -> None:
        self._asked("revoke_token", id)

    async def pause(self, what: str = "") -> str:
        self._asked("pause", what)
        return f"gatepost resume {what}".strip()

    async def resume(self, what: str = "") -> str:
        self._asked("resume", what)
        return f"gatepost pause {what}".strip()

    async def events(self, recent: int = 50, follow: bool = False) -> AsyncIterator[Event]:
        self._asked("events", recent, follow)
        yield Event(1, NOW - 5_000, "message.accepted", message=ID, peer="lab", agent="main")
        yield Event(2, NOW - 1_000, "link.up", peer="lab", text="127.0.0.1:7443 (dialled)")

    # the SDK

    @contextlib.asynccontextmanager
    async def connect(
        self, *, home: str | None = None, agent: str | None = None
    ) -> AsyncIterator["FakeNode"]:
        self.asked.append(("connect", home, agent))
        yield self

    @contextlib.asynccontextmanager
    async def connect_operator(
        self, *, home: str | None = None, token: str | None = None, patience: float = 30.0
    ) -> AsyncIterator["FakeNode"]:
        self.asked.append(("connect_operator", home))
        yield self


def paired(alias: str, node: str) -> Paired:
    """The ending of a pairing."""
    steps = (
        f"gatepost policy grant '*@{alias}' ask NAME",
        "gatepost agents list --can ask",
    )
    return Paired(alias, node, "127.0.0.1:7443", WORDS, 38.2, steps)
