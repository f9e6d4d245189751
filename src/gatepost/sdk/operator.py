"""The operator's client: every call of the node's operator, over its own socket.

Each method is one request; the names, arguments and results are those of the node's operator.
"""

from collections.abc import AsyncGenerator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import quote

import msgspec

from gatepost.core.calls import (
    MAX_WAIT,
    AcceptIn,
    AliasIn,
    EndpointIn,
    InviteIn,
    Nothing,
    PingIn,
    Reason,
    TokenIn,
    Undo,
    What,
)
from gatepost.core.configured import ConfigChange, ConfigPatch, ConfigView
from gatepost.core.health import Checkup
from gatepost.core.holding import Answered, ApprovalView, ApproveIn, HoldView, RefuseIn
from gatepost.core.message import MessageView, Receipt
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
    Pruned,
    PruneIn,
    Question,
    Renamed,
    RuleView,
    TokenView,
)
from gatepost.sdk.finding import Place, find_operator
from gatepost.sdk.http import Http, with_query

if TYPE_CHECKING:
    from gatepost.policy.answers import Difference, DiffIn, Examined, May, Whose
    from gatepost.policy.explain import Explanation

_NOTHING = Nothing()
_EVENT = msgspec.json.Decoder(Event)


class OperatorClient:
    """The operator of one node. An async context manager; see `connect_operator`."""

    def __init__(self, place: Place, patience: float = 30.0) -> None:
        self._http = Http(place, patience)

    async def __aenter__(self) -> Self:
        """Nothing is opened: each call connects by itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        fault: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is open."""

    async def status(self) -> NodeStatus:
        """One look at the node."""
        return await self._http.get("/v1/status", NodeStatus)

    async def health(self) -> Checkup:
        """What the node finds wrong with itself, now."""
        return await self._http.get("/v1/health", Checkup)

    async def add_agent(self, spec: AgentSpec) -> AgentView:
        """Add an agent."""
        return await self._http.call("POST", "/v1/agents", spec, AgentView)

    async def remove_agent(self, name: str) -> None:
        """Remove an agent."""
        await self._http.call("DELETE", f"/v1/agents/{_name(name)}", None, Nothing)

    async def agents(
        self, asking: str = "", query: str = "", can: str = "", limit: int = 50
    ) -> list[AgentView]:
        """Agents of this node; `asking` names the agent that looks."""
        return await self._http.get(
            "/v1/agents", list[AgentView], asking=asking, query=query, can=can, limit=limit
        )

    async def remote_agents(self, alias: str, asking: str = "") -> list[AgentView]:
        """Agents of a peer that it lets this node see."""
        return await self._http.get(_peer(alias, "agents"), list[AgentView], asking=asking)

    async def invite(self, alias: str, minutes: int = 15, reuse: bool = False) -> Invitation:
        """Make an invitation; `reuse` lets the alias go to a node that did not have it before."""
        body = InviteIn(alias, minutes, reuse)
        return await self._http.call("POST", "/v1/peers/invite", body, Invitation)

    async def paired(self, alias: str, wait: float) -> Paired | None:
        """Wait up to `wait` seconds (at most 60) for the other side; None when it has not come."""
        wait = min(wait, MAX_WAIT)
        return await self._http.maybe(_peer(alias, "paired"), Paired, wait, timeout=wait)

    async def accept(self, text: str, alias: str = "", reuse: bool = False) -> Paired:
        """Accept an invitation."""
        body = AcceptIn(text, alias, reuse)
        return await self._http.call("POST", "/v1/peers/accept", body, Paired, MAX_WAIT)

    async def peers(self) -> list[PeerView]:
        """Every peer."""
        return await self._http.get("/v1/peers", list[PeerView])

    async def ping(self, alias: str, wire: bool = False) -> Ping:
        """A signed ping."""
        return await self._http.call("POST", _peer(alias, "ping"), PingIn(wire), Ping, MAX_WAIT)

    async def block(self, alias: str) -> str:
        """Block a peer; returns the undo command, as all below do."""
        return await self._change("POST", _peer(alias, "block"))

    async def unblock(self, alias: str) -> str:
        """Take a block back."""
        return await self._change("POST", _peer(alias, "unblock"))

    async def trust(self, alias: str) -> str:
        """Trust what a frozen peer shows now."""
        return await self._change("POST", _peer(alias, "trust"))

    async def remove_peer(self, alias: str) -> str:
        """Forget a peer."""
        return await self._change("DELETE", f"/v1/peers/{_name(alias)}", None)

    async def set_endpoint(self, alias: str, endpoint: str) -> str:
        """Say where a peer is dialled."""
        return await self._change("PUT", _peer(alias, "endpoint"), EndpointIn(endpoint))

    async def rename_peer(self, alias: str, new: str, reuse: bool = False) -> Renamed:
        """Give a peer another alias."""
        body = AliasIn(new, reuse)
        return await self._http.call("PUT", _peer(alias, "alias"), body, Renamed)

    async def grant(self, grant: GrantIn) -> GrantView:
        """Make a rule by command."""
        return await self._http.call("POST", "/v1/policy/grants", grant, GrantView)

    async def revoke(self, rule_id: str) -> str:
        """Take a rule made by command back."""
        return await self._change("DELETE", f"/v1/policy/grants/{_name(rule_id)}", None)

    async def rules(self) -> list[RuleView]:
        """The law as it stands."""
        return await self._http.get("/v1/policy/rules", list[RuleView])

    async def can(self, sender: str, verb: str, to: str) -> "May":
        """Whether this node's rules let `sender` do `verb` to `to`: true, or false with the why."""
        from gatepost.policy.answers import May

        return await self._http.get("/v1/policy/can", May, sender=sender, verb=verb, to=to)

    async def who_can(self, verb: str, to: str) -> "Whose":
        """Everybody who may do `verb` to `to`, by this node's rules."""
        from gatepost.policy.answers import Whose

        return await self._http.get("/v1/policy/who", Whose, verb=verb, to=to)

    async def tested(self) -> "Examined":
        """The expectations beside the rules, tried."""
        from gatepost.policy.answers import Examined

        return await self._http.get("/v1/policy/tests", Examined)

    async def drafted(self, draft: "DiffIn") -> "Examined":
        """The expectations of a draft, tried as the node stands."""
        from gatepost.policy.answers import Examined

        return await self._http.call("POST", "/v1/policy/tests", draft, Examined)

    async def difference(self, asked: "DiffIn") -> "Difference":
        """What the law of now, or a draft, would have decided otherwise."""
        from gatepost.policy.answers import Difference

        return await self._http.call("POST", "/v1/policy/diff", asked, Difference, MAX_WAIT)

    async def explain(self, question: Question) -> "Explanation":
        """Why: a message, a wish, or an error code."""
        from gatepost.policy.explain import Explanation  # the whole evaluator, for one call's sake

        return await self._http.call("POST", "/v1/explain", question, Explanation)

    async def messages(self, query: MessagesQuery) -> list[MessageView]:
        """Messages, newest first."""
        target = with_query("/v1/messages", msgspec.structs.asdict(query))
        return await self._http.get(target, list[MessageView])

    async def message(self, id: str) -> MessageView:
        """One message with its timeline; the id may be shortened."""
        return await self._http.get(f"/v1/messages/{_name(id)}", MessageView)

    async def cancel(self, id: str) -> MessageView:
        """Withdraw a message."""
        target = f"/v1/messages/{_name(id)}/cancel"
        return await self._http.call("POST", target, Nothing(), MessageView)

    async def prune(self, older: int = 0, counting: bool = False) -> Pruned:
        """Delete messages that ended `older` ms ago (0: what the settings say), or count them."""
        body = PruneIn(older, counting)
        return await self._http.call("POST", "/v1/messages/prune", body, Pruned, MAX_WAIT)

    async def config(self) -> ConfigView:
        """All settings as they count in the node, each with its place."""
        return await self._http.get("/v1/config", ConfigView)

    async def set_config(
        self, changes: dict[str, str | int | None], base: str = ""
    ) -> ConfigChange:
        """Change settings in the node's file; None takes one out. `base` is a hash of the file."""
        body = ConfigPatch(changes, base)
        return await self._http.call("POST", "/v1/config", body, ConfigChange)

    async def undo_config(self) -> ConfigChange:
        """Take the last change of settings back."""
        return await self._http.call("POST", "/v1/config/undo", _NOTHING, ConfigChange)

    async def holds(self) -> list[HoldView]:
        """What waits for a person here."""
        return await self._http.get("/v1/holds", list[HoldView])

    async def hold(self, id: str) -> HoldView:
        """One message that waits, with its exact content; the id may be shortened."""
        return await self._http.get(f"/v1/holds/{_name(id)}", HoldView)

    async def approve(self, id: str, given: ApproveIn) -> Answered:
        """Say yes to exactly what was shown; `HoldView.yes` says what that is."""
        target = f"/v1/holds/{_name(id)}/approve"
        return await self._http.call("POST", target, given, Answered)

    async def refuse(self, id: str, reason: str = "") -> Answered:
        """Say no; the sender reads the reason."""
        target = f"/v1/holds/{_name(id)}/refuse"
        return await self._http.call("POST", target, RefuseIn(reason), Answered)

    async def approvals(self) -> list[ApprovalView]:
        """Approvals that stand for more than one message."""
        return await self._http.get("/v1/approvals", list[ApprovalView])

    async def revoke_approval(self, id: str) -> str:
        """Take one of them back; what it let go has gone."""
        return await self._change("DELETE", f"/v1/approvals/{_name(id)}", None)

    async def retry(self, id: str) -> MessageView:
        """Hand an open message on at once, instead of at the next back-off."""
        return await self._http.call("POST", _message(id, "retry"), _NOTHING, MessageView, MAX_WAIT)

    async def replay(self, id: str, reason: str) -> Receipt:
        """Send a message that has ended anew, under a new id."""
        return await self._http.call("POST", _message(id, "replay"), Reason(reason), Receipt)

    async def drop(self, id: str, reason: str) -> MessageView:
        """End an open message: for certain when nobody has it, else as a wish."""
        return await self._http.call("POST", _message(id, "drop"), Reason(reason), MessageView)

    async def evidence(self, id: str) -> Evidence:
        """What a peer signed about a message."""
        return await self._http.get(_message(id, "evidence"), Evidence)

    async def create_token(self, agent: str, note: str = "") -> TokenView:
        """Make a token for an agent; its secret is shown once."""
        return await self._http.call("POST", "/v1/tokens", TokenIn(agent, note), TokenView)

    async def tokens(self) -> list[TokenView]:
        """Every token, without secrets."""
        return await self._http.get("/v1/tokens", list[TokenView])

    async def revoke_token(self, id: str) -> None:
        """Take a token back."""
        await self._http.call("DELETE", f"/v1/tokens/{_name(id)}", None, Nothing)

    async def pause(self, what: str = "") -> str:
        """Hand nothing over: the node, a peer, or an agent."""
        return await self._change("POST", "/v1/pause", What(what))

    async def resume(self, what: str = "") -> str:
        """Go on after a pause."""
        return await self._change("POST", "/v1/resume", What(what))

    async def events(self, recent: int = 50, follow: bool = False) -> AsyncGenerator[Event, None]:
        """The latest events, oldest first; with `follow` also what happens from now on."""
        query: dict[str, object] = {"recent": recent, "follow": "true" if follow else "false"}
        rest = b""
        async for piece in self._http.pieces("GET", with_query("/v1/events", query), None):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                if line.startswith(b"data: "):
                    yield _EVENT.decode(line[6:])

    async def _change(self, method: str, target: str, body: object = _NOTHING) -> str:
        return (await self._http.call(method, target, body, Undo)).undo


def connect_operator(
    home: str | Path | None = None,
    socket: str | Path | None = None,
    token: str | None = None,
    *,
    patience: float = 30.0,
) -> OperatorClient:
    """The operator of the node in `home`. `token` is needed only with `operator.auth = "token"`."""
    return OperatorClient(find_operator(home, socket, token), patience)


def _name(text: str) -> str:
    return quote(text, safe="")


def _message(id: str, what: str) -> str:
    return f"/v1/messages/{_name(id)}/{what}"


def _peer(alias: str, what: str) -> str:
    return f"/v1/peers/{_name(alias)}/{what}"
