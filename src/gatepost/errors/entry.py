"""One error of the catalogue: its code, who can act, and the command that fixes it."""

from enum import Enum

import msgspec


class Family(Enum):
    """Who can act, with (exit code, HTTP status)."""

    usage = (2, 400)
    refused = (3, 403)
    held = (4, 202)
    peer = (5, 502)
    local = (6, 503)
    configuration = (7, 422)
    not_running = (8, 503)
    bug = (70, 500)


class Entry(msgspec.Struct, frozen=True):
    """One error of the catalogue.

    `fix` is a template over the particulars: `{suggestion}`, `{peer}` and so on.
    """

    code: str
    family: Family
    title: str
    fix: str
    who: str = "you"
    retryable: bool = False
    status: int | None = None
