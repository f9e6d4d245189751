"""Peers that are away, or are not who they were, and invitations that cannot be used."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from gatepost.core.pairing import parse_invitation, show_invitation
from tests.catalogue.place import Place, copy_of, provokes
from tests.catalogue.typed import Said
from tests.process.nodes import RealNode, connected, free_port, peer, until


@provokes("peer.unreachable")
def _(place: Place) -> Said:
    place.quietly("peers endpoint lab 127.0.0.1:1")
    try:
        return place.type("peers ping lab")
    finally:
        place.quietly("peers endpoint lab ''")
        connected(place.home, "lab")


@provokes("peer.wrong_node")
def _(place: Place) -> Said:
    own = place.quietly("peers invite own")
    return place.type(f"peers accept {own}")


@provokes("peer.refused")
def _(place: Place) -> Said:
    place.quietly("peers block home", place.lab)
    try:
        with place.home.operator as operator:
            until(operator, lambda: "peer.refused" in peer(operator, "lab").error)
        message = place.quietly("send bob@lab hello")
        return place.type(f"check {message}")
    finally:
        place.quietly("peers unblock home", place.lab)
        place.quietly("peers endpoint lab ''")  # it dials at once
        connected(place.home, "lab")


@provokes("peer.blocked")
def _(place: Place) -> Said:
    place.quietly("peers block lab")
    try:
        return place.type("send bob@lab hello")
    finally:
        place.quietly("peers unblock lab")
        connected(place.home, "lab")


@provokes("peer.ping_denied")
def _(place: Place) -> Said:
    place.quietly("policy grant '*@home' ping '*' --deny --id silence", place.lab)
    try:
        return place.type("peers ping lab")
    finally:
        place.quietly("policy revoke silence", place.lab)


@provokes("peer.stopped")
def _(place: Place) -> Said:
    """A copy of a node from before it said something, started as if nothing had happened."""
    node = place.guest("copied")
    database = node.places.database
    node.stop()
    copy_of(database, place.root / "old.db")
    node.start()
    connected(node, "lab")
    place.quietly("send bob@lab hello", node)
    with node.operator as operator:
        until(operator, lambda: peer(operator, "lab").in_flight == 0)
    node.stop()
    copy_of(place.root / "old.db", database)
    node.start()
    with node.operator as operator:
        until(operator, lambda: peer(operator, "lab").state in ("stopped", "frozen"))
    return place.type("peers ping lab", node)


@provokes("peer.frozen")
def _(place: Place) -> Said:
    """Two copies of one node that give themselves different addresses."""
    node = place.guest("twin")
    node.stop()
    twin = RealNode(copy_of(node.home, place.root / "other-twin"), "twin")
    place.quietly(f"config set listen {twin.endpoint}", twin)
    twin.start()
    connected(twin, "lab")
    twin.stop()
    place.quietly(f"config set listen 127.0.0.1:{free_port()}", node)
    node.start()
    with place.lab.operator as operator:
        until(operator, lambda: peer(operator, "twin").state in ("stopped", "frozen"))
    return place.type("peers ping twin", place.lab)


@provokes("peer.declared")
def _(place: Place) -> Said:
    with _declared(place, "listed"):
        return place.type("peers remove listed", place.lab)


@provokes("peer.undeclared")
def _(place: Place) -> Said:
    with _declared(place, "delisted"):
        pass
    with place.lab.operator as operator:
        until(operator, lambda: peer(operator, "delisted").state == "undeclared")
    return place.type("peers ping delisted", place.lab)


@contextmanager
def _declared(place: Place, name: str) -> Iterator[None]:
    """A peer that stands in lab's configuration meanwhile."""
    place.guest(name)
    config = place.lab.places.config
    before = config.read_text()
    with place.lab.operator as operator:
        node = peer(operator, name).node
        config.write_text(f'{before}\n[peers.{name}]\nnode = "{node}"\n')
        operator.config()  # which reads the file again
        yield
        config.write_text(before)
        operator.config()


@provokes("peer.alias_kept")
def _(place: Place) -> Said:
    _renamed(place)
    return place.type("peers alias home mill", place.lab)


@provokes("invitation.alias_kept")
def _(place: Place) -> Said:
    _renamed(place)
    made = place.quietly("peers invite lab --no-wait", place.attic)
    return place.type(f"peers accept {made} --name mill", place.lab)


@provokes("invitation.goes_on")
def _(place: Place) -> Said:
    node = _forgetful(place)
    made = place.quietly("peers invite again --no-wait", place.lab)
    return place.type(f"peers accept {made} --name lab", node)


@provokes("invitation.begins_anew")
def _(place: Place) -> Said:
    node = _forgetful(place)
    made = place.quietly("peers invite lab --no-wait", node)
    return place.type(f"peers accept {made} --name forgetful", place.lab)


@provokes("invitation.invalid")
def _(place: Place) -> Said:
    return place.type("peers accept gp1-cut")


@provokes("invitation.expired")
def _(place: Place) -> Said:
    made = parse_invitation(place.quietly("peers invite cellar", place.lab))
    late = show_invitation(msgspec.structs.replace(made, expires=1_700_000_000_000))
    return place.type(f"peers accept {late} --name cellar")


@provokes("invitation.used")
def _(place: Place) -> Said:
    made = place.quietly("peers invite attic")
    place.quietly(f"peers accept {made} --name home", place.attic)
    return place.type(f"peers accept {made}", place.lab)


def _renamed(place: Place) -> None:
    """Lab's peer `mill` is called `smithy` now, so that the old name is kept for it."""
    place.guest("mill")
    if "smithy" not in place.quietly("peers list", place.lab):
        place.quietly("peers alias mill smithy", place.lab)


def _forgetful(place: Place) -> RealNode:
    """A node that lab has spoken with, and that has lost its database since."""
    if "forgetful" in place.guests:
        return place.guests["forgetful"]
    node = place.guest("forgetful", talks=True)
    place.lose_database(node)
    return node
