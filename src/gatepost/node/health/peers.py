"""Checks of the peers: whether the way to each is open, both ways, and what waits for it."""

from collections.abc import Iterator

from gatepost.core import stops
from gatepost.core.machine import PeerFacts
from gatepost.node.health.check import Check, Hit
from gatepost.node.health.facts import Facts, known
from gatepost.node.health.words import age, count

OLD = 3_600_000
SKEW = 30_000


def _away(facts: Facts, code: str) -> Iterator[tuple[PeerFacts, str]]:
    """The peers whose last dial failed with a code, each with since when."""
    for peer in known(facts.links):
        if not (peer.linked or peer.blocked or peer.stopped) and peer.error[0] == code:
            yield peer, f"no link for {age(facts.now - peer.since)}{_queue(peer)}"


def _queue(peer: PeerFacts) -> str:
    return f"; {count(peer.waiting, 'message')} waiting" if peer.waiting else ""


def _unreachable(facts: Facts) -> Iterator[Hit]:
    for peer, since in _away(facts, "peer.unreachable"):
        wait = max(0, peer.next_dial - facts.now)
        yield Hit(
            f"{since}; dialled again in {age(wait)}",
            peer.alias,
            why=peer.error[1],
            where=", ".join(peer.endpoints),
        )


def _wrong(facts: Facts) -> Iterator[Hit]:
    for peer, since in _away(facts, "peer.wrong_node"):
        yield Hit(since, peer.alias, why=peer.error[1], where=", ".join(peer.endpoints))


def _refused(facts: Facts) -> Iterator[Hit]:
    for peer, since in _away(facts, "peer.refused"):
        yield Hit(since, peer.alias, why=peer.error[1], where=", ".join(peer.endpoints))


def _no_way(facts: Facts) -> Iterator[Hit]:
    listens = bool(facts.setting("listen"))
    for peer in known(facts.known_peers):
        if peer.endpoints or peer.linked or peer.blocked or peer.stopped:
            continue
        what = "this node has no address of it" + _queue(peer)
        why = "it can still dial this node" if listens else "and this node listens nowhere"
        yield Hit(what, peer.alias, why=why)


def _stopped(facts: Facts) -> Iterator[Hit]:
    for peer in known(facts.known_peers):
        if not peer.stopped:
            continue
        yield Hit(
            f"{stops.why(peer.stopped)}{_queue(peer)}",
            peer.alias,
            fix=stops.fix(peer.stopped, peer.alias),
        )


def _blocked(facts: Facts) -> Iterator[Hit]:
    for peer in known(facts.known_peers):
        if peer.blocked and peer.waiting:
            yield Hit(f"{count(peer.waiting, 'message')} wait for a blocked peer", peer.alias)


def _old(facts: Facts) -> Iterator[Hit]:
    for peer in known(facts.known_peers):
        if peer.waiting and facts.now - peer.oldest > OLD:
            what = f"{count(peer.waiting, 'message')} waiting, the oldest for"
            yield Hit(f"{what} {age(facts.now - peer.oldest)}", peer.alias)


def _credit(facts: Facts) -> Iterator[Hit]:
    for peer in known(facts.links):
        if peer.linked and peer.credit == 0 and peer.waiting:
            yield Hit(
                f"{peer.alias} takes no more for now{_queue(peer)}",
                peer.alias,
                why="as many messages of this node are open there as it takes",
            )


def _skewed(facts: Facts) -> Iterator[Hit]:
    off = [
        (peer, peer.skew)
        for peer in known(facts.links)
        if peer.skew is not None and abs(peer.skew) - peer.unsure > SKEW
    ]
    measured = sum(1 for peer in known(facts.links) if peer.skew is not None)
    alone = measured > 1 and len(off) == measured and len({skew > 0 for _, skew in off}) == 1
    for peer, skew in off:
        yield Hit(
            f"its clock is {age(abs(skew))} {'ahead of' if skew > 0 else 'behind'} this one",
            peer.alias,
            why="all peers are off alike, so it is this machine's clock" if alone else "",
        )


CHECKS = (
    Check(
        code="peer.stopped",
        title="a pair stopped itself",
        severity="error",
        group="Peers",
        per="peer",
        needs=("known_peers",),
        probe=_stopped,
        explain="What the peer says of keys, lives or positions does not fit what this node knows."
        " Nothing goes either way until a person has looked: its key changed, or one of the two"
        " was restored or copied.",
        fix="gatepost peers trust {subject}",
    ),
    Check(
        code="peer.unreachable",
        title="a peer cannot be reached",
        severity="error",
        group="Peers",
        per="peer",
        needs=("links",),
        probe=_unreachable,
        after=60,
        depends_on=("node.paused",),
        explain="Nobody answers at its address, or no node of ours does. Messages wait and go when"
        " it is back; it is dialled again by itself, at most every five minutes.",
        fix="gatepost peers endpoint {subject} HOST:PORT",
    ),
    Check(
        code="peer.wrong_node",
        title="another node answers at a peer's address",
        severity="error",
        group="Peers",
        per="peer",
        needs=("links",),
        probe=_wrong,
        explain="Something answers there that does not have the peer's key. Nothing was told to"
        " it.",
        fix="gatepost peers endpoint {subject} HOST:PORT",
    ),
    Check(
        code="peer.refused",
        title="a peer takes no link from this node",
        severity="error",
        group="Peers",
        per="peer",
        needs=("links",),
        probe=_refused,
        after=60,
        explain="It answers and closes without a word, as to any stranger: this node is paired"
        " here and not there any more, or blocked, stopped or paused there. Only its operator"
        " can tell.",
        fix="ask its operator whether `gatepost peers list` shows this node there",
    ),
    Check(
        code="peer.no_address",
        title="a peer has no address",
        severity="warning",
        group="Peers",
        per="peer",
        needs=("known_peers", "config"),
        probe=_no_way,
        after=60,
        explain="Neither its record nor the operator says where it is, and it has not dialled"
        " this node.",
        fix="gatepost peers endpoint {subject} HOST:PORT",
    ),
    Check(
        code="peer.blocked",
        title="messages wait for a blocked peer",
        severity="hint",
        group="Peers",
        per="peer",
        needs=("known_peers",),
        probe=_blocked,
        explain="They were accepted before it was blocked, and expire there.",
        fix="gatepost peers unblock {subject}",
    ),
    Check(
        code="peer.credit",
        title="a peer takes no more messages for now",
        severity="warning",
        group="Peers",
        per="peer",
        needs=("links",),
        probe=_credit,
        after=60,
        explain="Every node says how many open messages it takes from each peer. They are used"
        " up there: its agents are slow, or do not read.",
        fix="ask its operator to look at the agents there; or nothing: it goes on by itself",
    ),
    Check(
        code="peer.queue",
        title="messages wait long",
        severity="warning",
        group="Peers",
        per="peer",
        needs=("known_peers",),
        probe=_old,
        depends_on=(
            "peer.stopped",
            "peer.unreachable",
            "peer.wrong_node",
            "peer.refused",
            "peer.no_address",
            "peer.blocked",
            "peer.credit",
            "node.paused",
            "node.down",
            "node.stuck",
            "node.broken",
        ),
        explain="The oldest message to this peer has been waiting for more than an hour.",
        fix="gatepost messages list --peer {subject}",
    ),
    Check(
        code="clock.skew",
        title="the clocks of this node and a peer differ",
        severity="warning",
        group="Peers",
        per="peer",
        needs=("links",),
        probe=_skewed,
        explain=f"Measured by a signed ping, after taking its way off: more than {age(SKEW)}."
        " Expiry, hours in rules and times on screens are judged by each node's own clock.",
        fix="set the clock that is wrong: date -u on both machines shows which",
    ),
)
