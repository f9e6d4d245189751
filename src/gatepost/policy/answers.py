"""Answers about the law, as plain data for the API, the SDK and the command line.

Shapes only: who makes them is `node.explaining` and `node.replaying`.
"""

import msgspec


class May(msgspec.Struct, frozen=True):
    """Yes (true) or no (false), with the verdict ("allow", "hold", "deny") and the first reason.

    It speaks of rules alone: whoever is named counts as there, nothing as paused or used up.
    `notes` name what does not exist yet and what the answer was read from.
    """

    can: bool
    verdict: str
    because: str
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether it may."""
        return self.can


class Who(msgspec.Struct, frozen=True):
    """Somebody who may: an address, or a pattern for all that no other line names.

    `verdict` is "allow" or "hold"; `rule` and `origin` are what says so, `when` how it is bound.
    """

    who: str
    verdict: str
    rule: str
    origin: str
    when: str = ""


class Whose(msgspec.Struct, frozen=True):
    """Everybody who may do `verb` to `to`, and what the answer was read from."""

    verb: str
    to: str
    who: tuple[Who, ...]
    notes: tuple[str, ...] = ()


class Expected(msgspec.Struct, frozen=True):
    """One expectation as it came out. `says` is one sentence with the rule that decides."""

    who: str
    verb: str
    want: str
    got: str
    passed: bool
    origin: str
    says: str


class Examined(msgspec.Struct, frozen=True):
    """All expectations of a law."""

    passed: int
    failed: int
    cases: tuple[Expected, ...]
    revision: str = ""
    notes: tuple[str, ...] = ()


class Change(msgspec.Struct, frozen=True):
    """A decision that would come out otherwise. `at` is when it was taken, in ms.

    `then` and `now` are verdicts; `rule`, `origin` and `because` are what decides now.
    """

    message: str
    at: int
    sender: str
    verb: str
    to: str
    direction: str
    then: str
    now: str
    rule: str
    origin: str
    because: str


class Skipped(msgspec.Struct, frozen=True):
    """Decisions that cannot be taken again: how many, and why."""

    why: str
    count: int


class Difference(msgspec.Struct, frozen=True):
    """What a law would have decided otherwise since `since` (ms). Newest first, at most 200."""

    since: int
    replayed: int
    changed: int
    changes: tuple[Change, ...]
    skipped: tuple[Skipped, ...] = ()
    revision: str = ""
    notes: tuple[str, ...] = ()


class DiffIn(msgspec.Struct, frozen=True, omit_defaults=True):
    """Replay what was decided since `since` (ms) by the law of now, or by these texts."""

    since: int
    policy: str | None = None
    grants: str | None = None
