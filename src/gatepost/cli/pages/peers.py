"""Peers for people: an invitation, the ending of a pairing, how each peer is."""

from collections.abc import Sequence

from gatepost.cli.pages.messages import labelled
from gatepost.cli.render import Item, Table
from gatepost.cli.times import clock, span
from gatepost.core.views import Invitation, Paired, PeerView, Ping

ANYBODY = " *, *@*"  # what a rule for everybody ends in
SHORT = 7  # of a node id: enough to tell peers apart


def invited(made: Invitation, now: int) -> list[Item]:
    """What stands before the string."""
    return [f"invitation for {made.alias}, valid until {clock(made.expires, now)}, usable once", ""]


def hand_over(made: Invitation) -> list[Item]:
    """What stands after it."""
    return ["", "on the other machine   gatepost peers accept STRING"]


def paired(made: Paired, did: str = "paired") -> list[Item]:
    """The ending, the same on both sides."""
    return [
        f"{did}  {made.alias}",
        labelled("node", _shown(made.node)),
        labelled("at", made.endpoint or "it dials us"),
        labelled("ping", f"both ways, {made.ms:.0f} ms"),
        labelled("words", f"{made.words}   (the other screen shows the same six)"),
        labelled("may", "ping, nothing more" if (may := _may(made.may)) == "ping" else may),
    ]


def ping(found: Ping) -> list[Item]:
    """One round trip; of a try of the way, and of a refusal, every step."""
    way = "on the wire" if found.wire else "through policy"
    took = f"{found.ms:.1f} ms" if found.ok else "failed"
    head = f"{found.alias}  {found.node[:SHORT]}  {took}  {way}"
    if found.ok and not found.wire:
        return [head]
    rows = [
        (
            step.name,
            step.state if step.state != "skipped" else "–",
            f"{step.ms:.1f} ms" if step.ms else "",
            step.text,
        )
        for step in found.steps
    ]
    return [head, "", Table(("step", "", "took", ""), rows)] if rows else [head]


def listed(views: Sequence[PeerView], now: int) -> list[Item]:
    """All peers in one table, then what is wrong with whom."""
    if not views:
        return ["no peers"]
    rows = [
        (
            view.alias,
            view.state,
            view.node[:SHORT],
            view.endpoint or "it dials us",
            span(max(0, now - view.since)) if view.since else "",
            _waiting(view, now),
            _may(view.may),
        )
        for view in views
    ]
    table = Table(("peer", "state", "node", "endpoint", "for", "waiting", "may"), rows)
    return [table, *_troubles(views, now)]


def _may(rules: Sequence[str]) -> str:
    """What a peer may do, by the rules that name it; old rules may name a new peer."""
    return "; ".join(one.removesuffix(ANYBODY) for one in rules) or "nothing"


def _waiting(view: PeerView, now: int) -> str:
    if not view.queued:
        return "–"
    return (
        f"{view.queued}, oldest {span(max(0, now - view.oldest))}"
        if view.oldest
        else str(view.queued)
    )


def _troubles(views: Sequence[PeerView], now: int) -> list[Item]:
    lines: list[Item] = []
    for view in views:
        if not view.error:
            continue
        again = (
            f"; tried again in {span(view.next_attempt - now)}" if view.next_attempt > now else ""
        )
        lines += ["", f"{view.alias}  {view.error}{again}"]
    return lines


def changed(view: PeerView, now: int) -> list[Item]:
    """What somebody should know before trusting a change."""
    return [
        f"{view.alias} is {view.state} since {clock(view.since, now)}",
        labelled("node", _shown(view.node)),
        *([labelled("why", view.error)] if view.error else []),
        *([labelled("words", view.words)] if view.words else []),
    ]


def _shown(node: str) -> str:
    from gatepost.core.identity import show

    return show(node)
