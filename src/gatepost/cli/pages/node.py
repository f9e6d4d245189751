"""The node for people: its status, its agents, tokens and events."""

from collections.abc import Sequence

from gatepost.cli.pages.messages import labelled
from gatepost.cli.render import Item, Table
from gatepost.cli.times import clock, span
from gatepost.core.views import AgentView, Event, Made, NodeStatus, TokenView

FIRST_STEPS = (
    "gatepost start",
    "gatepost agents add NAME",
    "gatepost peers invite NAME",
)


def made(new: Made) -> list[Item]:
    """A new node, with what is shown once and never again."""
    from gatepost.core.identity import show

    return [
        f"made  {new.name}",
        labelled("node", show(new.node)),
        labelled("listen", new.listen or "nowhere; it dials only"),
        labelled("home", new.home),
        "",
        "recovery kit, shown once and kept nowhere: write it down, keep it off this machine",
        "",
        f"  {new.kit}",
        "",
    ]


def status(found: NodeStatus, now: int) -> list[Item]:
    """One look: is all well, and what needs somebody."""
    lines: list[Item] = [
        f"{found.state}  {found.name}  {found.node[:7]}",
        labelled("since", f"{span(max(0, now - found.started))}, pid {found.pid}, {found.version}"),
        labelled("listen", found.listen),
        labelled("home", found.home),
        labelled("has", f"{_count(found.peers, 'peer')}, {_count(found.agents, 'agent')}"),
        labelled(
            "waiting", f"{_count(found.waiting, 'message')}; {_count(found.open_runs, 'run')} open"
        ),
    ]
    if found.needs_you:
        lines += ["", "needs you", *(f"  {line}" for line in found.needs_you)]
    return lines


def agents(views: Sequence[AgentView], peer: str = "") -> list[Item]:
    """Agents in one table; `peer` says whose, "" for this node's."""
    if not views:
        return [f"{peer} lets us see no agents" if peer else "no agents"]
    if peer:
        theirs = [(view.address, ", ".join(view.can) or "–", view.about) for view in views]
        return [Table(("agent", "we may", "about"), theirs)]
    rows = [
        (
            view.address,
            view.attached or view.adapter or "–",
            str(view.open_runs),
            str(view.waiting),
            view.about,
        )
        for view in views
    ]
    return [Table(("agent", "woken by", "runs", "waiting", "about"), rows)]


def agent(view: AgentView) -> list[Item]:
    """One agent, as it was added."""
    return [f"added  {view.address}  {view.adapter or 'polls'}"]


def tokens(views: Sequence[TokenView], now: int) -> list[Item]:
    """Tokens in one table."""
    if not views:
        return ["no tokens"]
    rows = [(view.id, view.agent, clock(view.created, now), view.note) for view in views]
    return [Table(("token", "agent", "made", "note"), rows)]


def event(one: Event, now: int) -> str:
    """One line of the log."""
    about = "  ".join(part for part in (one.message[:18], one.peer, one.agent, one.text) if part)
    return f"{clock(one.at, now)}  {one.kind:<22}{about}"


def _count(n: int, word: str) -> str:
    return f"{n} {word}" if n == 1 else f"{n} {word}s"


def ready(found: NodeStatus) -> list[Item]:
    """The one line of a node that is up."""
    where = f"listens on {found.listen}" if found.listen else "dials only"
    return [f"ready  {found.name}  {found.node[:7]}  {where}  sockets in {found.home}"]
