"""The catalogue: every error Gatepost shows, with who can act and the command that fixes it.

One entry per code; prose about errors appears nowhere else. An entry names its family, and the
family fixes the exit code and the HTTP status. A `GatepostError` is an entry plus the particulars:
what happened, why, where it comes from, and a fix filled in from the particulars. Only `code` and
safe text ever travel to a peer; `where` never leaves the machine. The entries stand in one module
per subject.
"""

import msgspec

from gatepost.errors import (
    adapters,
    bugs,
    calls,
    holds,
    invitations,
    machine,
    openclaw,
    peers,
    refusals,
)
from gatepost.errors.entry import Entry, Family

__all__ = ["CATALOGUE", "Entry", "Family", "GatepostError", "Report"]


class GatepostError(Exception):
    """An error of the catalogue with its particulars.

    `details` fills the fix template; unknown placeholders stay visible as upper-case words, so a
    fix is never wrong silently.
    """

    def __init__(
        self, code: str, *, what: str = "", why: str = "", where: str = "", **details: str
    ) -> None:
        self.entry = CATALOGUE[code]
        self.code = code
        self.what = what or self.entry.title
        self.why = why
        self.where = where
        self.details = details
        super().__init__(f"{code}: {self.what}" + (f": {why}" if why else ""))

    @property
    def fix(self) -> str:
        """The command (or plain sentence) that makes it right."""
        return " ".join(self.entry.fix.format_map(_Filled(self.details)).split())

    @property
    def exit_code(self) -> int:
        """Exit code of the CLI for this error."""
        return self.entry.family.value[0]

    @property
    def http_status(self) -> int:
        """Status the local API answers with."""
        return self.entry.status or self.entry.family.value[1]

    def report(self) -> "Report":
        """The error as data, for the API, `--json` and the log."""
        return Report(
            code=self.code,
            what=self.what,
            why=self.why,
            where=self.where,
            fix=self.fix,
            who=self.entry.who,
            retryable=self.entry.retryable,
            details=self.details,
        )


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error as it travels over the local API."""

    code: str
    what: str
    why: str = ""
    where: str = ""
    fix: str = ""
    who: str = ""
    retryable: bool = False
    details: dict[str, str] = {}

    def error(self) -> GatepostError:
        """The exception again, on the client's side.

        A code this version does not know becomes `bug.unknown_error`.
        """
        if self.code not in CATALOGUE:
            return GatepostError(
                "bug.unknown_error", what=f"{self.code}: {self.what}", why=self.why
            )
        return GatepostError(
            self.code, what=self.what, why=self.why, where=self.where, **self.details
        )


class _Filled(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return key.upper()


CATALOGUE: dict[str, Entry] = {
    entry.code: entry
    for subject in (calls, refusals, holds, peers, invitations, adapters, machine, openclaw, bugs)
    for entry in subject.ENTRIES
}
