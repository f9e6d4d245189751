"""A hundred thousand messages for ten peers that are away: does the node still take more?

Ten peers are paired one after the other and stopped. Then another process fills home's journal
through the SDK. Memory is read at the end; then home is stopped and started again.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from bench import usage
from bench.child import Child, python
from bench.product.filled import Filled
from bench.product.node import GatepostNode
from bench.results import Backlog
from bench.settings import BACKLOG_PEERS

_SLOWEST_RATE = 500


def measure(work: Path, messages: int) -> Backlog:
    """Queue `messages` and report. ChildFailed below 500 accepted messages a second."""
    home = GatepostNode("home", work)
    try:
        home.start()
        home.command("agents", "add", "main")
        peers = [_paired_and_gone(home, number, work) for number in range(BACKLOG_PEERS)]
        filled = _fill(home, messages, peers, work)
        rss = usage.rss_mb([home.pid])
        home.stop()
        restart = home.start()
        return Backlog(
            messages=messages,
            peers=len(peers),
            rate_before=filled.rate_before,
            rate_after=filled.rate_after,
            rss_mb=rss,
            restart_ready_s=restart,
            restart_rss_mb=usage.rss_mb([home.pid]),
        )
    finally:
        home.stop()


def _paired_and_gone(home: GatepostNode, number: int, work: Path) -> str:
    peer = GatepostNode(f"peer{number}", work)
    try:
        peer.start()
        home.pair(peer)
    finally:
        peer.stop()
    return peer.name


def _fill(home: GatepostNode, messages: int, peers: list[str], work: Path) -> Filled:
    command = python("bench.product.fill", str(home.home), str(messages), *peers)
    filler = Child("fill", command, work)
    try:
        return msgspec.json.decode(filler.line(30 + messages / _SLOWEST_RATE), type=Filled)
    finally:
        filler.stop()
