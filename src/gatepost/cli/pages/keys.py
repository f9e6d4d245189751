"""Keys for people: who the node is, the kit, what changed."""

from gatepost.cli.pages.messages import labelled
from gatepost.cli.render import Item
from gatepost.cli.times import clock
from gatepost.core.views import KeysView

ENOUGH = 16  # hex characters of a key that tell it from another


def shown(found: KeysView, now: int) -> list[Item]:
    """Who the node is."""
    generation = f"{found.generation + 1}, since {clock(found.issued, now)}"
    return [
        labelled("node", _node(found)),
        labelled("key", f"{found.key[:ENOUGH]}…  number {generation}"),
        labelled("next", f"{found.promised[:ENOUGH]}…  its hash; the key is in the recovery kit"),
        labelled("tls", f"{found.tls[:ENOUGH]}…  what diallers pin"),
        labelled("at", ", ".join(found.endpoints) or "nowhere; it dials only"),
        labelled("record", f"{found.record}  number {found.seq}, no secret: keep a copy"),
    ]


def kit(text: str) -> list[Item]:
    """The next recovery kit, before anything changes."""
    return [
        "the next recovery kit, shown once and kept nowhere:",
        "write it down, keep it off this machine",
        "",
        f"  {text}",
        "",
    ]


def changed(before: KeysView, after: KeysView) -> list[Item]:
    """What a succession changed, and what it did not."""
    return [
        f"the key is now {after.key[:ENOUGH]}…, number {after.generation + 1}",
        labelled("node", f"{_node(after)}  as before"),
        labelled("tls", "as before" if after.tls == before.tls else f"new, {after.tls[:ENOUGH]}…"),
        labelled("peers", "follow by themselves at their next contact; the old key is void there"),
    ]


def _node(found: KeysView) -> str:
    from gatepost.core.identity import show

    return show(found.node)
