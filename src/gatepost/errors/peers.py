"""Peers that cannot be reached, or do not fit."""

from gatepost.errors.entry import Entry, Family

ENTRIES = (
    Entry(
        "peer.unreachable",
        Family.peer,
        "the peer cannot be reached",
        "gatepost peers endpoint {peer} HOST:PORT",
        retryable=True,
    ),
    Entry(
        "peer.wrong_node",
        Family.peer,
        "another node answers at that address",
        "gatepost peers endpoint {peer} HOST:PORT",
    ),
    Entry(
        "peer.refused",
        Family.peer,
        "the peer takes no links from this node",
        "gatepost peers unblock NAME",
        who="the other operator",
        retryable=True,
    ),
    Entry(
        "peer.ping_denied",
        Family.refused,
        "the way is open: a rule of the other node refuses the ping",
        "gatepost policy grant '*@NAME' ping '*'",
        who="the other operator",
    ),
    Entry("peer.blocked", Family.refused, "the peer is blocked", "gatepost peers unblock {peer}"),
    Entry(
        "peer.frozen",
        Family.peer,
        "the peer shows another key, or words this node cannot bear",
        "gatepost peers trust {peer}",
    ),
    Entry(
        "peer.declared",
        Family.usage,
        "what is said of that peer stands in the configuration",
        "change it in gatepost.toml; that counts at once",
        status=409,
    ),
    Entry(
        "peer.undeclared",
        Family.peer,
        "the peer stood in the configuration and does no more: nothing is exchanged with it",
        "gatepost peers remove {peer}",
    ),
    Entry(
        "peer.stopped",
        Family.peer,
        "the pair stopped: the two nodes' databases contradict each other",
        "gatepost peers remove {peer}",
        who="you and the other operator",
    ),
    Entry(
        "peer.alias_kept",
        Family.usage,
        "that name meant another node, and rules may still name it",
        "gatepost peers alias {peer} {alias} --reuse",
        status=409,
    ),
    Entry(
        "invitation.alias_kept",
        Family.usage,
        "that name meant another node, and rules may still name it",
        "gatepost peers accept STRING --name {alias} --reuse",
        status=409,
    ),
)
