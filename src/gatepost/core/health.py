"""What an examination of a node finds: plain data, the same on every face.

A finding is one failed check about one thing. What follows from another finding names it as its
cause, so that a screen can fold it.
"""

from typing import Literal

import msgspec

Severity = Literal["error", "warning", "hint"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "hint")


class Repair(msgspec.Struct, frozen=True):
    """One safe step on the machine: take the rights of others away, make or remove a path."""

    do: Literal["close", "make", "remove"]
    path: str

    def __str__(self) -> str:
        verb = {"close": "chmod go-rwx", "make": "mkdir -m 700", "remove": "rm"}
        return f"{verb[self.do]} {self.path}"


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One failed check about one `subject` (a peer, an agent, a path; "" for the whole node).

    `error`: something does not work, or is unsafe. `warning`: it will bite. `hint`: advice.
    `repairs` are what `doctor --fix` would do, empty when a person must act. `since` is when the
    node first saw it (ms), 0 when nobody watched. `cause` is the key of the finding it follows
    from.
    """

    code: str
    severity: Severity
    title: str
    what: str
    subject: str = ""
    why: str = ""
    where: str = ""
    fix: str = ""
    repairs: tuple[Repair, ...] = ()
    since: int = 0
    cause: str = ""

    @property
    def key(self) -> str:
        """Names this finding among all of one examination."""
        return f"{self.code} {self.subject}".rstrip()


class Checkup(msgspec.Struct, frozen=True, kw_only=True):
    """One examination: when (ms), what was found, and the codes of what could be looked at."""

    at: int
    findings: tuple[Finding, ...]
    looked: tuple[str, ...]
