"""Live questions between two nodes: ping and agents.

Never durable, judged by the same evaluator, answered only on a live link.

`ping` passes policy; a ping of the wire asks only whether the other node answers at all, and is
answered to every paired peer. It tells the time here, so that clocks can be compared.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from gatepost.core import canonical, stops
from gatepost.core.control import Answer, Query
from gatepost.errors import GatepostError
from gatepost.node.agents import Agent
from gatepost.node.exchange import Exchange
from gatepost.node.guard import Guard, party
from gatepost.node.peers import Peer, Peers
from gatepost.policy.evaluate import Request
from gatepost.ports import Clock, Timer

Heard = Callable[[Answer | GatepostError], None]
Op = Literal["ping", "agents"]
MOST_AGENTS = 200
ABOUT_BYTES = 32 * 1024
"""What is said about agents in one answer: it goes with the control part, which holds 64 KiB."""


@dataclass(slots=True)
class Asked:
    """A question under way."""

    peer: int
    heard: Heard
    timer: Timer


class Talk:
    """Questions asked and answered by this node."""

    def __init__(
        self, clock: Clock, guard: Guard, peers: Peers, agents: dict[str, Agent], wait: float
    ) -> None:
        self._clock = clock
        self._guard = guard
        self._peers = peers
        self._agents = agents
        self._wait = wait
        self._asked: dict[int, Asked] = {}
        self._n = 0

    def ask(self, peer: Peer, op: Op, args: dict[str, str], heard: Heard) -> None:
        """Ask a peer; `heard` gets its answer, or why there is none, `peer.unreachable` at last."""
        closed = self.closed(peer)
        if closed is not None:
            heard(closed)
            return
        self._n += 1
        n = self._n
        query = Query(n=n, op=op, args=args)
        timer = self._clock.call_later(self._wait, lambda: self._silent(n, peer))
        self._asked[n] = Asked(peer.row.number, heard, timer)
        if not peer.exchange.ask(query):
            timer.cancel()
            self._silent(n, peer)

    def closed(self, peer: Peer) -> GatepostError | None:
        """Why this node itself wants no link with a peer now."""
        alias = peer.row.alias
        if peer.row.blocked:
            return GatepostError("peer.blocked", what=f"`{alias}` is blocked here", peer=alias)
        if peer.undeclared:
            return GatepostError("peer.undeclared", what=f"`{alias}` is not declared", peer=alias)
        if peer.row.stopped:
            code, why = stops.code(peer.row.stopped), stops.why(peer.row.stopped)
            return GatepostError(code, what=f"`{alias}` is stopped", why=why, peer=alias)
        if self._guard.is_paused(alias):
            return GatepostError("node.paused", what=f"`{alias}` is paused here")
        return None

    def _silent(self, n: int, peer: Peer) -> None:
        asked = self._asked.pop(n, None)
        if asked is None:
            return
        code, why = peer.error if peer.error[0] else ("peer.unreachable", "no link")
        if peer.exchange.line is not None:
            code, why = "peer.unreachable", f"no answer within {self._wait:g} s"
        asked.heard(
            GatepostError(
                code,
                what=f"`{peer.row.alias}` does not answer",
                why=why,
                peer=peer.row.alias,
            )
        )

    def answered(self, exchange: Exchange, answer: Answer) -> None:
        """An answer came; one nobody asked for is dropped."""
        asked = self._asked.get(answer.n)
        if asked is None or asked.peer != exchange.number:
            return
        del self._asked[answer.n]
        asked.timer.cancel()
        asked.heard(answer)

    def asked(self, exchange: Exchange, query: Query) -> Answer:
        """Answer a peer's question."""
        if query.op == "ping":
            return self._ping(exchange, query)
        if query.op == "agents":
            return self._seen(exchange, query)
        return Answer(n=query.n, ok=False, code="unsupported")

    def _ping(self, exchange: Exchange, query: Query) -> Answer:
        if query.args.get("wire") == "yes":
            return Answer(n=query.n, ok=True, data={"at": self._clock.now()})
        decision = self._guard.ask(self._request(exchange, "ping", ""), self._guard.facts())
        return Answer(n=query.n, ok=decision.verdict == "allow", code=decision.word)

    def _seen(self, exchange: Exchange, query: Query) -> Answer:
        seen: list[dict[str, str]] = []
        left = ABOUT_BYTES
        for agent in list(self._agents.values())[:MOST_AGENTS]:
            request = self._request(exchange, "see", agent.name)
            if self._guard.ask(request, self._guard.facts()).verdict == "allow":
                about = agent.spec.about[:200]
                left -= len(canonical.encode(about))
                seen.append({"name": agent.name, "about": about if left >= 0 else ""})
        return Answer(n=query.n, ok=True, data={"agents": seen})

    def _request(self, exchange: Exchange, verb: str, agent: str) -> Request:
        peer = self._peers.by_number[exchange.number]
        return Request(
            direction="inbound",
            verb=verb,
            sender=peer.party(""),
            to=party(agent),
            at=self._clock.now(),
        )
