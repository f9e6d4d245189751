"""Peers that are away, or are not who they were, and invitations that cannot be used."""

import msgspec

from gatepost.core.pairing import parse_invitation, show_invitation
from tests.catalogue.place import Place, copy_of, provokes
from tests.catalogue.typed import Said
from tests.process.nodes import connected, pair, peer, until


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


@provokes("peer.frozen")
def _(place: Place) -> Said:
    _restored(place)
    return place.type("peers ping lab", place.attic)


@provokes("node.stopped")
def _(place: Place) -> Said:
    _restored(place)
    return place.type("peers trust lab", place.attic, stdin="lab\n")


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


def _restored(place: Place) -> None:
    """Attic as it was before it said something to lab: a restored copy that nobody adopted."""
    listed = place.quietly("peers list", place.attic)
    if "stopped" in listed or "frozen" in listed:
        return
    attic, database = place.attic, place.attic.places.database
    pair(attic, place.lab)
    connected(attic, "lab")
    attic.stop()
    copy_of(database, place.root / "old.db")
    attic.start()
    connected(attic, "lab")
    place.quietly("send bob@lab hello", attic)
    with attic.operator as operator:
        until(operator, lambda: peer(operator, "lab").in_flight == 0)
    attic.stop()
    copy_of(place.root / "old.db", database)
    attic.start()
    with attic.operator as operator:
        until(operator, lambda: peer(operator, "lab").state in ("stopped", "frozen"))
