"""Checks of the disk and the database."""

from collections.abc import Iterator

from gatepost.config.schema import Settings, settings_of
from gatepost.core.machine import DatabaseFacts
from gatepost.node.health.check import Check, Hit
from gatepost.node.health.facts import Facts, known

ROOM = 1024 * 1024 * 1024
FULL = 128 * 1024 * 1024
KEEP_FREE = "store.keep_free"
SLOW_FSYNC = 100.0
_MIB = 1024 * 1024


def _full(facts: Facts) -> Iterator[Hit]:
    if known(facts.disk).free < _keep_free(facts):
        yield Hit(f"{known(facts.disk).free // _MIB} MiB are free below the home directory")


def _keep_free(facts: Facts) -> int:
    """Below this the node takes nothing in, by its settings."""
    text = facts.setting(KEEP_FREE)
    try:
        return int(settings_of(Settings)[KEEP_FREE].parse(text))
    except ValueError:
        return FULL


def _low(facts: Facts) -> Iterator[Hit]:
    if known(facts.disk).free < ROOM:
        yield Hit(f"{known(facts.disk).free // _MIB} MiB are free below the home directory")


def _slow(facts: Facts) -> Iterator[Hit]:
    if known(facts.disk).fsync > SLOW_FSYNC:
        yield Hit(f"an fsync takes {known(facts.disk).fsync:.0f} ms here (the median of five)")


def _fault(facts: Facts, code: str) -> Iterator[Hit]:
    database = known(facts.database)
    if database.fault is not None and database.fault.code == code:
        yield Hit(database.fault.why or database.fault.what, where=database.fault.where)


def _damaged(facts: Facts) -> Iterator[Hit]:
    yield from _fault(facts, "store.damaged")
    if known(facts.database).quick not in ("", "ok"):
        yield Hit(f"the integrity check says: {known(facts.database).quick}", where="node.db")


def _unreadable(facts: Facts) -> Iterator[Hit]:
    for code in ("store.failed", "store.full", "home.unwritable"):
        yield from _fault(facts, code)


def _newer(facts: Facts) -> Iterator[Hit]:
    yield from _fault(facts, "store.newer")


def _network(facts: Facts) -> Iterator[Hit]:
    yield from _fault(facts, "store.network_filesystem")


def _affected(facts: Facts) -> Iterator[Hit]:
    yield from _fault(facts, "store.affected_sqlite")


def _unbalanced(facts: Facts) -> Iterator[Hit]:
    database = known(facts.database)
    if database.unbalanced:
        yield Hit("; ".join(database.unbalanced), where="node.db", why=_sum(database))


def _sum(database: DatabaseFacts) -> str:
    total = sum(database.counts.values())
    return f"{total} messages are kept" if total else ""


CHECKS = (
    Check(
        code="disk.full",
        title="the disk is full",
        severity="error",
        group="Disk",
        needs=("disk",),
        probe=_full,
        explain="Less is free than `store.keep_free`. The node takes in nothing more and hands"
        " nothing over until there is more; nothing accepted is lost.",
        fix="free space on the disk of the home directory, or `gatepost messages prune`",
    ),
    Check(
        code="disk.low",
        title="the disk is almost full",
        severity="warning",
        group="Disk",
        needs=("disk",),
        probe=_low,
        depends_on=("disk.full",),
        explain=f"Less than {ROOM // _MIB} MiB are free below the home directory.",
        fix="free space on the disk of the home directory",
    ),
    Check(
        code="disk.slow",
        title="the disk is slow to make things durable",
        severity="warning",
        group="Disk",
        needs=("disk",),
        probe=_slow,
        deep=True,
        explain="Five pages were written next to the database, each with a real fsync. Everything"
        " a node accepts waits for one of these, together with whatever else comes at the time.",
        fix="move the home directory to a faster disk",
    ),
    Check(
        code="store.network_filesystem",
        title="the database lies on a network file system",
        severity="error",
        group="Disk",
        needs=("database",),
        probe=_network,
        explain="Locks and fsync do not hold there what they promise; the node does not start.",
        fix="move the home directory to a local disk",
    ),
    Check(
        code="store.affected_sqlite",
        title="this SQLite can corrupt databases",
        severity="error",
        group="Disk",
        needs=("database",),
        probe=_affected,
        explain="Versions before 3.51.3 have a fault in their write-ahead log. The one that counts"
        " comes with the package apsw, not with the system.",
        fix="install gatepost from its lock file",
    ),
    Check(
        code="store.newer",
        title="the database was written by a newer version",
        severity="error",
        group="Disk",
        needs=("database",),
        probe=_newer,
        explain="Databases go forward only. An older program leaves a newer one alone.",
        fix="install the newer gatepost",
    ),
    Check(
        code="store.damaged",
        title="the database is damaged",
        severity="error",
        group="Disk",
        needs=("database",),
        probe=_damaged,
        depends_on=("home.missing",),
        explain="The file is gone, empty, or SQLite's quick check finds a fault in it. A whole"
        " check is made on demand: about a second for each gigabyte.",
        fix="set node.db aside and restore a backup",
    ),
    Check(
        code="store.unreadable",
        title="the database cannot be read",
        severity="error",
        group="Disk",
        needs=("database",),
        probe=_unreadable,
        depends_on=("home.foreign", "home.unwritable", "disk.full"),
        explain="The disk or the rights of the file keep it from being read.",
        fix="look at the disk and at the rights of node.db",
    ),
    Check(
        code="store.unbalanced",
        title="the books of the database do not close",
        severity="error",
        group="Disk",
        needs=("database",),
        probe=_unbalanced,
        deep=True,
        depends_on=("store.damaged",),
        explain="Every message that was accepted has ended in exactly one outcome or is open; an"
        " open one has its text; no journal stands beyond itself. Rows that contradict this were"
        " lost or changed by something else than the node.",
        fix="set node.db aside and restore a backup",
    ),
)
