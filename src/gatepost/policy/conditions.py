"""When a rule steps aside: `unless` and the hours it may name.

A rule with `unless` does not apply while any of the named conditions holds. `tainted = false`
reads "unless the speaker is untainted", so that rule applies to tainted speakers only. Time is
handed in.
"""

import re
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

if TYPE_CHECKING:
    from gatepost.policy.request import Request

UNLESS_KEYS = ("hours", "tainted", "conversation")
_HOURS = re.compile(r"(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)\s+(\S+)")


class Hours(msgspec.Struct, frozen=True):
    """A part of every day: minute `start` up to `end`, over midnight when `end` is smaller."""

    start: int
    end: int
    zone: tzinfo
    text: str

    def covers(self, at: int) -> bool:
        """True when the moment `at` (ms) lies within."""
        local = datetime.fromtimestamp(at / 1000, self.zone)
        minute = local.hour * 60 + local.minute
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end

    def clock(self, at: int) -> str:
        """The moment `at` (ms) as a clock there shows it."""
        return f"{datetime.fromtimestamp(at / 1000, self.zone):%H:%M}"


class Unless(msgspec.Struct, frozen=True):
    """The conditions of one rule; any that holds sets the rule aside."""

    hours: Hours | None = None
    tainted: bool | None = None
    conversation: tuple[str, ...] = ()

    def holds(self, request: "Request") -> bool:
        """True when the rule does not apply to `request`."""
        if self.tainted is not None and request.tainted == self.tainted:
            return True
        if self.conversation and request.conversation in self.conversation:
            return True
        return self.hours is not None and self.hours.covers(request.at)

    def says(self, request: "Request") -> str:
        """Which conditions there are and how they stand, in words."""
        words: list[str] = []
        if self.hours is not None:
            inside = "inside" if self.hours.covers(request.at) else "outside"
            words.append(f"{self.hours.clock(request.at)} is {inside} {self.hours.text}")
        if self.tainted is not None:
            tainted = "has" if request.tainted else "has not"
            words.append(f"the speaker {tainted} read text of another owner")
        if self.conversation:
            within = "is" if request.conversation in self.conversation else "is not"
            words.append(f"the conversation {within} one the rule names")
        return ", ".join(words)


def parse_hours(text: str) -> Hours:
    """Read `18:00-08:00 Europe/Berlin`. Raises ValueError."""
    match = _HOURS.fullmatch(text.strip())
    if match is None:
        raise ValueError("hours read like 18:00-08:00 Europe/Berlin")
    h1, m1, h2, m2 = (int(match[i]) for i in range(1, 5))
    if h1 > 23 or h2 > 24 or m1 > 59 or m2 > 59 or h2 * 60 + m2 > 1440:
        raise ValueError("a day has the hours 00:00 to 24:00")
    start, end = h1 * 60 + m1, h2 * 60 + m2
    if start == end:
        raise ValueError("hours that begin and end at one moment are none")
    return Hours(start, end, _zone(match[5]), text.strip())


def _zone(name: str) -> tzinfo:
    if name.upper() in ("UTC", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as missing:
        raise ValueError(f"this machine knows no time zone `{name}`") from missing
