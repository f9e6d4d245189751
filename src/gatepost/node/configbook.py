"""The settings a node runs by: those it started with, and what has changed in their file since.

`refresh` is called when something asks, and twice a second; while the file is as it was, that
costs one `stat`. A good change counts at once where a setting applies live; where it needs a
restart, the value the node runs by stays, and the new one is told as waiting. A broken file changes
nothing: what was read last stays in force, and `fault` says what is wrong until it is mended. The
environment and the flags are those the node was started with.
"""

from collections.abc import Callable, Mapping

import msgspec

from gatepost.config.change import FileChange, change, hash_of, undo
from gatepost.config.declared import Declaration
from gatepost.config.paths import Layout
from gatepost.config.schema import Settings
from gatepost.config.shown import told, view
from gatepost.config.sources import Configuration, Found, Row, combined, load, read_document
from gatepost.config.watch import mark
from gatepost.core.configured import ConfigChange, ConfigPatch, ConfigView
from gatepost.core.origin import Document
from gatepost.errors import GatepostError

READ_KEPT = 16
"""Texts of the file that were read, kept to say what has changed since a base hash."""
_AGAIN = (0, 0, 0)


class ConfigBook:
    """The settings of one home. Raises what is wrong with them when it is made."""

    def __init__(
        self, places: Layout, environ: Mapping[str, str], flags: Mapping[str, str] | None = None
    ) -> None:
        self._places = places
        self._environ = environ
        self._flags = flags
        self._mark = mark(places.config)
        self._document = read_document(places.config)
        self._wanted = self._counts = self._load(self._document)
        self._read = {hash_of(self._document): self._document}
        self._fault: GatepostError | None = None
        self.changed: Callable[[Settings], None] = _nobody
        """Called with all settings in force when one of them became another."""
        self.peers: Callable[[], None] = _silent
        """Called when other peers are declared than before."""
        self.event: Callable[[str, str], None] = _silence
        """Called with kind and text of what happened; no value is in it."""

    @property
    def settings(self) -> Settings:
        """The settings in force."""
        return self._counts.settings

    @property
    def declared(self) -> tuple[Declaration, ...]:
        """The peers the file declares."""
        return self._counts.peers

    @property
    def fault(self) -> GatepostError | None:
        """What is wrong with the file as it is now; None when it could be read."""
        return self._fault

    @property
    def waiting(self) -> dict[str, Found]:
        """The settings that wait for a restart, with the value that will count then."""
        wanted = self._wanted.rows
        return {
            key: wanted[key].found
            for key, row in self._counts.rows.items()
            if row.found.value != wanted[key].found.value
        }

    def refresh(self) -> None:
        """Take up the file if it changed; never raises for what stands in it."""
        found = mark(self._places.config)
        if found != self._mark:
            self._mark = found  # before reading: a change while we read is seen the next time
            self._take()

    def alerts(self) -> tuple[str, ...]:
        """What of the settings needs somebody, in a line each."""
        self.refresh()
        waiting, found = self.waiting, list[str]()
        if self._fault is not None:
            found.append(f"{self._fault.what}; until it is mended, what was read before counts")
        if waiting:
            values = (f"{key} ({one.origin})" for key, one in waiting.items())
            found.append(f"a restart is pending: {', '.join(values)}")
        return tuple(found)

    def config(self) -> ConfigView:
        """All settings as they count now, with their places."""
        self.refresh()
        return view(self._document, self._counts, self.waiting, self._fault)

    def patch(self, wish: ConfigPatch) -> ConfigChange:
        """Change settings in the file, and take it up. Raises what `change` raises."""
        self.refresh()
        return self._changed(change(self._places, wish.changes, self._load, wish.base, self._read))

    def undo(self) -> ConfigChange:
        """Take the last change by command back."""
        return self._changed(undo(self._places, self._load))

    def _changed(self, done: FileChange) -> ConfigChange:
        self._mark = mark(self._places.config)
        self._take()
        return told(done, self._wanted.rows)

    def _load(self, document: Document) -> Configuration:
        return load(document, self._environ, self._flags)

    def _take(self) -> None:
        """Read the file, and take up what it says now; what is wrong with that is the fault."""
        try:
            if self._mark is None:
                raise GatepostError("config.invalid", what="gatepost.toml is gone")
            document = read_document(self._places.config)
            wanted = self._load(document)
            waited = {key: one.value for key, one in self.waiting.items()}
            counts = self._merged(wanted)
            changed = [key for key, row in counts.rows.items() if self._differs(key, row)]
            if changed:
                self.changed(counts.settings)
        except GatepostError as fault:
            self._broken(fault)
            return
        self._fault = None
        redeclared = wanted.peers != self._counts.peers
        self._document, self._wanted, self._counts = document, wanted, counts
        if redeclared:
            self.peers()
        self._remember(document)
        later = [key for key, one in self.waiting.items() if waited.get(key) != one.value]
        if changed or later:
            said = [*changed, *(f"{key} (after a restart)" for key in later)]
            self.event("config.changed", ", ".join(said))

    def _broken(self, fault: GatepostError) -> None:
        if self._fault is None or self._fault.what != fault.what:
            self.event("config.broken", fault.what)
        self._fault = fault
        if not fault.code.startswith("config."):
            self._mark = _AGAIN  # the file is good, the machine is not: try again

    def _merged(self, wanted: Configuration) -> Configuration:
        """What counts: the new, but for what needs a restart and means another value now."""
        rows = {
            key: row if _now(row, self._counts.rows[key]) else self._counts.rows[key]
            for key, row in wanted.rows.items()
        }
        return msgspec.structs.replace(wanted, rows=rows, settings=combined(rows))

    def _differs(self, key: str, row: Row) -> bool:
        return row.found.value != self._counts.rows[key].found.value

    def _remember(self, document: Document) -> None:
        self._read.pop(hash_of(document), None)
        self._read[hash_of(document)] = document
        while len(self._read) > READ_KEPT:
            del self._read[next(iter(self._read))]


def _now(row: Row, before: Row) -> bool:
    return row.setting.about.applies == "live" or row.found.value == before.found.value


def _nobody(settings: Settings) -> None:
    """Nobody listens yet."""


def _silent() -> None:
    """Nobody listens yet."""


def _silence(kind: str, text: str) -> None:
    """Nobody listens yet."""
