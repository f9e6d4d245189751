"""Two paired nodes with nothing to do: how soon they are ready, what they hold, what they burn."""

from __future__ import annotations

from pathlib import Path
from time import monotonic, sleep

from bench import usage
from bench.product.node import GatepostNode
from bench.product.pair import two_nodes
from bench.results import NodeFacts

_SETTLE_S = 2.0
_IDLE_S = 3.0


def measure(work: Path) -> list[NodeFacts]:
    """Start both again (so that they find keys, store and each other), let them settle, watch."""
    with two_nodes(work) as (home, lab):
        lab.command("agents", "add", "echo", "--adapter", "echo")
        nodes = (home, lab)
        for node in nodes:
            node.stop()
        ready = [node.start() for node in nodes]
        sleep(_SETTLE_S)
        before = [usage.cpu_seconds([node.pid]) for node in nodes]
        began = monotonic()
        sleep(_IDLE_S)
        watched = monotonic() - began
        return [
            _facts(node, ready_s, spent, watched)
            for node, ready_s, spent in zip(nodes, ready, before, strict=True)
        ]


def _facts(node: GatepostNode, ready_s: float, spent_before: float, watched: float) -> NodeFacts:
    return NodeFacts(
        node=node.name,
        ready_s=ready_s,
        idle_rss_mb=usage.rss_mb([node.pid]),
        idle_cpu_ms=1e3 * (usage.cpu_seconds([node.pid]) - spent_before),
        idle_s=watched,
    )
