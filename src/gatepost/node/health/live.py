"""The facts only a running node knows: its links and its agents, read from its rooms."""

from collections.abc import Mapping

from gatepost.core.machine import AgentFacts, PeerFacts
from gatepost.node.agents import Agent
from gatepost.node.health.facts import Holds
from gatepost.node.node import Node
from gatepost.node.peers import Peer

Skew = tuple[int, int]
"""How far a peer's clock is ahead, and by how much that may be wrong, in ms."""


def links(node: Node, skews: Mapping[str, Skew]) -> tuple[PeerFacts, ...]:
    """Every peer, as it stands now."""
    return tuple(_link(node, peer, skews.get(peer.row.node)) for peer in _peers(node))


def _peers(node: Node) -> list[Peer]:
    return [node.peers.by_alias[alias] for alias in sorted(node.peers.by_alias)]


def _link(node: Node, peer: Peer, skew: Skew | None) -> PeerFacts:
    row, exchange = peer.row, peer.exchange
    queue = node.outbox.queue(row.number)
    waiting, oldest = 0, 0
    if queue.head or queue.more:
        waiting, oldest, _ = node.store.messages.count_waiting(row.number)
    return PeerFacts(
        alias=row.alias,
        node=row.node,
        owner=row.owner,
        blocked=row.blocked,
        stopped=row.stopped,
        paired=row.paired,
        endpoints=node.peers.endpoints(peer),
        waiting=waiting,
        oldest=oldest,
        linked=exchange.line is not None,
        since=peer.since,
        heard=exchange.heard,
        error=peer.error,
        next_dial=peer.next_dial,
        credit=max(0, exchange.outgoing.limit - exchange.outgoing.next) if exchange.live else -1,
        skew=skew[0] if skew else None,
        unsure=skew[1] if skew else 0,
    )


def holds(node: Node) -> Holds:
    """What waits for a person here."""
    held = node.holds.all()
    return Holds(len(held), held[0].hold.at if held else 0)


def desks(node: Node, missing: Mapping[str, str]) -> tuple[AgentFacts, ...]:
    """Every agent, as it stands now. `missing` says whose command is not there."""
    return tuple(_desk(node.agents[name], missing.get(name, "")) for name in sorted(node.agents))


def _desk(agent: Agent, missing: str) -> AgentFacts:
    worker = agent.worker
    return AgentFacts(
        spec=agent.spec,
        missing=missing,
        attached=worker.kind if worker is not None else "",
        waiting=agent.waiting,
        oldest=agent.ready[0].row.accepted if agent.ready else 0,
        runs=len(agent.runs),
        doubtful=len(worker.doubtful) if worker is not None else len(agent.runs),
    )
