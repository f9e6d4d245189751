"""Both journals with a peer as the store has them, or at their beginning.

Nothing is sent here; what stands in the slots is taken up by `resume`.
"""

from gatepost.core.entry import chain_start
from gatepost.core.frame import Sender
from gatepost.core.journal.incoming import Incoming
from gatepost.core.journal.outgoing import Outgoing
from gatepost.core.records import JournalRow, PeerRow
from gatepost.node.exchange import Exchange
from gatepost.node.ground import Ground
from gatepost.node.handler import Handler
from gatepost.node.marks import read_life, read_tail


def exchange_with(row: PeerRow, sender: Sender, ground: Ground, handler: Handler) -> Exchange:
    """The exchange with the peer of `row`, where it was."""
    journal = ground.store.peers.journal(row.number) or JournalRow(peer=row.number)
    exchange = Exchange(
        row.number,
        row.node,
        sender,
        _outgoing(ground, row, journal),
        _incoming(ground, row, journal),
        ground=ground,
        handler=handler,
    )
    exchange.stopped = row.stopped
    exchange.low, exchange.tries, exchange.heard = journal.low, journal.tries, journal.heard
    return exchange


def _outgoing(ground: Ground, row: PeerRow, journal: JournalRow) -> Outgoing:
    start = chain_start(ground.node, row.node, ground.life.era)
    return Outgoing(
        next=journal.next,
        h_next=journal.h_next or start,
        out=journal.out,
        h_out=journal.h_out or start,
        limit=journal.credit,
    )


def _incoming(ground: Ground, row: PeerRow, journal: JournalRow) -> Incoming:
    life = read_life(journal.life)
    start = chain_start(row.node, ground.node, life.era if life else 0)
    incoming = Incoming(
        journal.cursor,
        journal.h or start,
        journal.committed,
        journal.h_committed or start,
        life=life,
        fork=read_life(journal.fork),
        said=journal.committed,
        tail=read_tail(journal.tail),
    )
    incoming.became_durable(incoming.cursor, incoming.h)
    return incoming
