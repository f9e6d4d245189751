"""Times as people write and read them: `60s`, `15m`, `72h` in; `3 d 4 h` and `22:13:58` out.

The CLI reads the clock here and nowhere else, to show ages and to turn "for two hours" into an end.
Nothing is decided by it.
"""

import re
import time
from datetime import UTC, datetime

from gatepost.errors import GatepostError

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_LAST = 253_402_128_000_000
"""A day before the year 10000, so that no time zone is beyond it."""
_CLOCK = re.compile(r"\d\d:\d\d")
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)?")


def now() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def seconds(text: str, option: str) -> float:
    """Read a duration; a bare number is seconds. Raises `usage.invalid` naming `option`."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise GatepostError(
            "usage.invalid",
            what=f"{option} `{text}` is not a duration",
            why="write it as 60s, 15m, 72h or 2d",
        )
    return float(match[1]) * _UNITS[match[2] or "s"]


def moment(text: str, option: str) -> int:
    """Read a point in time as milliseconds: ISO 8601 or 18:30 of today, local without a zone."""
    if _CLOCK.fullmatch(text):
        text = f"{datetime.fromtimestamp(now() / 1000):%Y-%m-%d}T{text}"
    try:
        return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise GatepostError(
            "usage.invalid",
            what=f"{option} `{text}` is not a time",
            why="write it as 2027-01-31T18:00, or 18:00 for today",
        ) from error


def span(ms: float) -> str:
    """A length of time in its two largest units: `3 d 4 h`, `12 min 5 s`, `8 s`, `38 ms`."""
    if ms < 1000:
        return f"{max(0, round(ms))} ms"
    left = int(ms // 1000)
    words: list[str] = []
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min"), (1, "s")):
        count, left = divmod(left, size)
        if count or words:
            words.append(f"{count} {unit}" if count else "")
        if len(words) == 2:
            break
    return " ".join(word for word in words if word)


def clock(ms: int, today: int) -> str:
    """A moment in local time: `22:13:58` on the day of `today`, with the date on another day.

    A peer may have said any number: what lies beyond the calendar is shown as its end.
    """
    at = datetime.fromtimestamp(min(ms, _LAST) / 1000).astimezone()
    same = at.date() == datetime.fromtimestamp(today / 1000).astimezone().date()
    return f"{at:%H:%M:%S}" if same else f"{at:%Y-%m-%d %H:%M}"
