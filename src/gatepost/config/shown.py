"""Settings as they are told to the operator: rows with their places, and what a change did.

The node tells of what counts in it, a command of what the files say while the node is down; both
use these functions, so the two tell alike. A secret leaves here as dots.
"""

from collections.abc import Mapping

from gatepost.config.change import FileChange, hash_of
from gatepost.config.schema import Value
from gatepost.config.sources import HIDDEN, Configuration, Found, Row
from gatepost.core.configured import (
    ChangedSetting,
    ConfigChange,
    ConfigView,
    Place,
    Plain,
    SettingView,
)
from gatepost.core.origin import Document
from gatepost.errors import GatepostError

UNDO = "gatepost config undo"


def view(
    document: Document,
    counts: Configuration,
    waits: Mapping[str, Found],
    fault: GatepostError | None = None,
) -> ConfigView:
    """All settings. `counts` is what is in force, `waits` what replaces it after a restart."""
    return ConfigView(
        file=document.name,
        hash=hash_of(document),
        settings=tuple(_setting(row, waits.get(key)) for key, row in counts.rows.items()),
        fault=fault.what if fault is not None else "",
        fault_where=fault.where if fault is not None else "",
        restart=tuple(waits),
        stray=counts.stray,
    )


def told(change: FileChange, wanted: Mapping[str, Row]) -> ConfigChange:
    """What a change did. `wanted` are the rows that count once everything was taken up."""
    settings = tuple(
        ChangedSetting(
            key=key,
            before=_plain(change.before[key], change.before[key].found.value),
            after=_plain(change.after[key], change.after[key].found.value),
            line=change.after[key].found.origin.line,
            takes=_takes(wanted[key]),
        )
        for key in change.keys
    )
    return ConfigChange(
        file=change.document.name,
        hash=hash_of(change.document),
        settings=settings,
        undo=UNDO if settings and change.undoable else "",
    )


def _takes(row: Row) -> str:
    """When a change of the file counts: live, after a restart, or not while another place says."""
    stronger = row.found.source in ("environment", "flag")
    return str(row.found.origin) if stronger else row.setting.about.applies


def _setting(row: Row, waits: Found | None) -> SettingView:
    about = row.setting.about
    return SettingView(
        key=row.setting.key,
        value=_plain(row, row.found.value),
        origin=f"{row.found.origin} at the start" if waits else str(row.found.origin),
        source=row.found.source,
        default=_plain(row, row.setting.default),
        changed=row.changed,
        applies=about.applies,
        secret=about.secret,
        help=about.help,
        variable=row.setting.variable,
        hides=tuple(_place(row, one) for one in row.shadowed if one.source != "default"),
        after_restart=_place(row, waits) if waits is not None else None,
    )


def _place(row: Row, found: Found) -> Place:
    return Place(_plain(row, found.value), str(found.origin))


def _plain(row: Row, value: Value) -> Plain:
    return HIDDEN if row.setting.about.secret and value else row.setting.plain(value)
