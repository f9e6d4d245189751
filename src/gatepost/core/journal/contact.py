"""Judging a peer's word about lives and positions, before anything it sends is taken.

The order matters (rule 10 before rule 11): a node first asks whether the peer knows more of it than
it knows of itself. A restored node that judged its peers first would stop healthy ones.
"""

from enum import Enum

from gatepost.core.control import Control, Life
from gatepost.core.journal.incoming import Incoming
from gatepost.core.journal.outgoing import Outgoing


class Standing(Enum):
    """What a frame's life means to its receiver."""

    current = "current"
    first = "first"
    newer = "newer"
    older = "older"
    refused = "refused"
    twin = "twin"
    other_era = "other_era"


def doubt(mine: Life, control: Control, outgoing: Outgoing, incoming: Incoming) -> str:
    """Why this node must stop towards this peer, or "" when it need not.

    `superseded`: the peer has seen a newer life of this node. `fork`: the peer refuses this life.
    `behind`: the peer holds more of this node's journal, or was acked more, than this node knows
    of.
    """
    if control.seen is not None and control.seen > mine:
        return "superseded"
    if control.fork is not None and control.fork == mine:
        return "fork"
    if control.seen is None or control.seen.era != mine.era:
        return ""
    if incoming.life is not None and control.life.era != incoming.life.era:
        return ""
    ack = control.ack
    if ack.era == mine.era and not outgoing.fits(ack.cursor, bytes.fromhex(ack.h)):
        return "behind"
    if control.have.out > incoming.cursor:
        return "behind"
    return ""


def standing(control: Control, incoming: Incoming, out: int) -> Standing:
    """How the life of a frame relates to the one last accepted.

    `out` is how far this peer has acked this node's journal.
    """
    life, known = control.life, incoming.life
    if incoming.fork is not None and life == incoming.fork:
        return Standing.refused
    if known is None:
        return Standing.first
    if life == known:
        return Standing.current
    if life.era != known.era:
        return Standing.older if life.era < known.era else Standing.other_era
    if life.boot < known.boot:
        return Standing.older
    if life.boot == known.boot:
        return Standing.twin
    if control.committed < incoming.committed or control.ack.cursor < out:
        return Standing.twin
    return Standing.newer


def takes_entries(mine: Life, control: Control) -> bool:
    """Whether entries may be taken from this frame.

    Live frames must quote this exact life, carried ones its era.
    """
    if control.seen is None:
        return False
    return control.seen.era == mine.era if control.carried else control.seen == mine
