"""Looks into a database as a second reader, with its node up or down. Changes and migrates nothing.

What it tells without reading much: schema, size, peers, agents, what waits. `deep` reads all of it:
SQLite's own check, and whether the books close: each message that was accepted has ended in
exactly one outcome or is open, an open one still has its text, and no journal stands beyond itself.
"""

from collections.abc import Iterator
from pathlib import Path

import apsw
import msgspec

from gatepost.core.identity import BadRecord, verify_record
from gatepost.core.lifecycle import OUTCOMES
from gatepost.core.machine import AgentFacts, DatabaseFacts, Fault, PeerFacts
from gatepost.core.records import PeerRow
from gatepost.core.views import AgentSpec
from gatepost.errors import GatepostError
from gatepost.store.database import check_disk, check_library, classify, known_schema, open_reader
from gatepost.store.rows import numbers, rows

_ENDED = ", ".join(f"'{state}'" for state in sorted(OUTCOMES))
_BOOKS = {
    f"SELECT count(*) FROM message WHERE (ended <> 0) <> (state IN ({_ENDED}))": (
        "messages whose state and end disagree"
    ),
    "SELECT count(*) FROM message WHERE ended = 0 AND seq NOT IN (SELECT message FROM body)": (
        "open messages without their text"
    ),
    "SELECT count(*) FROM body WHERE message NOT IN (SELECT seq FROM message)": (
        "texts of messages that are not there"
    ),
    "SELECT count(*) FROM journal WHERE out > next OR committed > cursor": (
        "journals that stand beyond themselves"
    ),
    "SELECT count(*) FROM message m JOIN journal j ON j.peer = m.peer"
    " WHERE m.direction = 'out' AND m.slot > j.next": "messages in slots that were never given",
}


def survey(path: Path, deep: bool = False) -> DatabaseFacts:
    """What the database at `path` says; a fault in place of everything when it cannot be read."""
    try:
        check_library()
        check_disk(path.parent)
        if not path.exists() or path.stat().st_size == 0:
            raise GatepostError("store.damaged", why="it is gone or empty")
        connection = open_reader(path)
    except apsw.Error as error:
        return _fault(classify(error, str(path)), path)
    except GatepostError as error:
        return _fault(error, path)
    try:
        return _look(connection, deep)
    except apsw.Error as error:
        return _fault(classify(error, str(path)), path)
    except GatepostError as error:
        return _fault(error, path)
    finally:
        connection.close()


def _fault(error: GatepostError, path: Path) -> DatabaseFacts:
    return DatabaseFacts(fault=Fault(error.code, error.what, error.why, str(path)))


def _look(connection: apsw.Connection, deep: bool) -> DatabaseFacts:
    schema = numbers(connection, "PRAGMA user_version")[0]
    if schema > known_schema():
        why = f"schema {schema}, this program knows {known_schema()}"
        raise GatepostError("store.newer", why=why)
    quick = ""
    if deep:
        quick = str(connection.execute("PRAGMA quick_check(1)").get)
    held, oldest = numbers(
        connection, "SELECT count(*), min(since) FROM message WHERE ended = 0 AND state = 'held'"
    )
    doubt = "SELECT count(*) FROM message WHERE ended = 0 AND attempt > 0 AND direction <> 'out'"
    pages = numbers(connection, "PRAGMA page_count")[0]
    return DatabaseFacts(
        size=pages * numbers(connection, "PRAGMA page_size")[0],
        schema=schema,
        quick=quick,
        unbalanced=tuple(_unbalanced(connection)) if deep and quick == "ok" else (),
        paused=_paused(connection),
        held=held,
        held_oldest=oldest,
        in_doubt=numbers(connection, doubt)[0],
        counts=_counts(connection) if deep else {},
        peers=tuple(_peers(connection)),
        agents=tuple(_agents(connection)),
    )


def _unbalanced(connection: apsw.Connection) -> Iterator[str]:
    for sql, says in _BOOKS.items():
        count = numbers(connection, sql)[0]
        if count:
            yield f"{count} {says}"


def _counts(connection: apsw.Connection) -> dict[str, int]:
    sql = "SELECT direction || '.' || state, count(*) FROM message GROUP BY 1"
    return {str(name): count for name, count in connection.execute(sql) if isinstance(count, int)}


def _paused(connection: apsw.Connection) -> tuple[str, ...]:
    found = connection.execute("SELECT value FROM meta WHERE key = 'paused'").get
    return tuple(msgspec.json.decode(str(found), type=list[str])) if found else ()


def _peers(connection: apsw.Connection) -> Iterator[PeerFacts]:
    fields = PeerRow.__struct_fields__
    waiting = _waiting(
        connection,
        "SELECT peer, count(*), min(accepted) FROM message"
        " WHERE ended = 0 AND direction = 'out' AND slot = 0 AND state <> 'held' GROUP BY peer",
    )
    heard = dict(connection.execute("SELECT peer, heard FROM journal"))
    former: dict[object, list[str]] = {}
    for node, alias in connection.execute("SELECT node, alias FROM alias"):
        former.setdefault(node, []).append(str(alias))
    known = f"SELECT {', '.join(fields)} FROM peer WHERE removed = 0 ORDER BY alias"
    for row in rows(connection, PeerRow, known):
        count, oldest = waiting.get(row.number, (0, 0))
        last = heard.get(row.number, 0)
        yield PeerFacts(
            alias=row.alias,
            node=row.node,
            owner=row.owner,
            former=tuple(former.get(row.node, ())),
            blocked=bool(row.blocked),
            stopped=row.stopped,
            paired=row.paired,
            endpoints=(row.endpoint,) if row.endpoint else _told(row),
            waiting=count,
            oldest=oldest,
            heard=last if isinstance(last, int) else 0,
        )


def _told(row: PeerRow) -> tuple[str, ...]:
    """Where the peer's own record says it is."""
    try:
        return verify_record(row.record).endpoints
    except BadRecord:
        return ()


def _agents(connection: apsw.Connection) -> Iterator[AgentFacts]:
    waiting = _waiting(
        connection,
        "SELECT recipient, count(*), min(accepted) FROM message WHERE ended = 0"
        " AND direction <> 'out' AND attempt = 0 AND state <> 'held' GROUP BY recipient",
    )
    for (spec,) in connection.execute("SELECT spec FROM agent ORDER BY added, name"):
        if isinstance(spec, bytes):
            one = msgspec.json.decode(spec, type=AgentSpec)
            count, oldest = waiting.get(one.name, (0, 0))
            yield AgentFacts(spec=one, waiting=count, oldest=oldest)


def _waiting(connection: apsw.Connection, sql: str) -> dict[object, tuple[int, int]]:
    return {
        whose: (count, oldest)
        for whose, count, oldest in connection.execute(sql)
        if isinstance(count, int) and isinstance(oldest, int)
    }
