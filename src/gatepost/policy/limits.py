"""How much: the limits a rule may carry, their defaults, and how several combine.

Limits only narrow. Of all that apply to a request the smallest of each kind holds; a limit that
is absent limits nothing. Sizes are bytes, periods milliseconds. Counting is `usage`.
"""

import re
from collections.abc import Iterable

import msgspec

RATE_KEYS = ("rate", "tokens")
RULE_KEYS = ("rate", "bytes", "concurrent", "turns", "open", "tokens", "holds")
DEFAULT_KEYS = (*RULE_KEYS, "hops")
NEVER_NONE = ("turns", "hops", "bytes")

_PERIODS = {"s": 1_000, "min": 60_000, "h": 3_600_000, "day": 86_400_000}
_PERIOD_NAMES = {
    "s": "s",
    "sec": "s",
    "second": "s",
    "m": "min",
    "min": "min",
    "minute": "min",
    "h": "h",
    "hour": "h",
    "d": "day",
    "day": "day",
}
_THOUSANDS = {"": 1, "k": 1_000, "m": 1_000_000}
_UNITS = {"": 1, "b": 1, "kb": 1_000, "kib": 1_024, "mb": 1_000_000, "mib": 1_048_576}
_RATE = re.compile(r"(\d{1,12})([km]?)\s*/\s*([a-z]+)", re.IGNORECASE)
_SIZE = re.compile(r"(\d{1,12})\s*([a-z]*)", re.IGNORECASE)


class Rate(msgspec.Struct, frozen=True):
    """At most `count` in any period of `per` milliseconds, more or less: a bucket of that size."""

    count: int
    per: int

    def __str__(self) -> str:
        for name, period in _PERIODS.items():
            if period == self.per:
                return f"{self.count}/{name}"
        return f"{self.count}/{self.per}ms"

    def less(self, other: "Rate") -> bool:
        """True when this allows less over time than `other`; of equals, the smaller burst."""
        mine, theirs = self.count * other.per, other.count * self.per
        return (mine, self.count) < (theirs, other.count)


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """Each kind of limit, None where there is none.

    `rate`: messages. `tokens`: model tokens the runs may use. `bytes`: one message. `concurrent`:
    runs of one agent at a time. `turns`: automatic turns of one conversation. `hops`: messages
    that caused one another. `open`: conversations of one peer that have not ended. `holds`:
    messages of one sender that wait for a person here.
    """

    rate: Rate | None = None
    tokens: Rate | None = None
    bytes: int | None = None
    concurrent: int | None = None
    turns: int | None = None
    hops: int | None = None
    open: int | None = None
    holds: int | None = None


WIRE_BYTES = 256 * 1024  # no frame carries more, so no rule can allow more
DEFAULT_LIMITS = Limits(
    rate=Rate(120, 60_000), bytes=WIRE_BYTES, concurrent=4, turns=12, hops=8, holds=5
)
NO_LIMITS = Limits()


def combine(several: Iterable[Limits]) -> Limits:
    """The smallest of each kind."""
    rate = tokens = None
    numbers: dict[str, int] = {}
    for limits in several:
        rate = _smaller(rate, limits.rate)
        tokens = _smaller(tokens, limits.tokens)
        for key in ("bytes", "concurrent", "turns", "hops", "open", "holds"):
            value: int | None = getattr(limits, key)
            if value is not None:
                numbers[key] = min(value, numbers.get(key, value))
    return Limits(rate=rate, tokens=tokens, **numbers)


def _smaller(one: Rate | None, other: Rate | None) -> Rate | None:
    if one is None or other is None:
        return one or other
    return one if one.less(other) else other


def parse_rate(text: str) -> Rate:
    """Read `30/min`, `200k/day`. Raises ValueError."""
    match = _RATE.fullmatch(text.strip())
    period = _PERIOD_NAMES.get(match[3].lower()) if match else None
    if match is None or period is None:
        raise ValueError("a rate is a number and a period: 5/s, 30/min, 100/h or 200k/day")
    count = int(match[1]) * _THOUSANDS[match[2].lower()]
    if count == 0:
        raise ValueError("a rate of 0 is a deny; write the rule with `deny`")
    return Rate(count, _PERIODS[period])


def parse_size(value: str | int) -> int:
    """Read a number of bytes: `65536`, `"256 KiB"`. Raises ValueError."""
    if isinstance(value, int):
        number, unit = value, ""
    else:
        match = _SIZE.fullmatch(value.strip())
        number, unit = (int(match[1]), match[2].lower()) if match else (-1, "")
    if number < 0 or unit not in _UNITS:
        raise ValueError("a size is a number of bytes, or of kB, KiB, MB or MiB: 65536, 256 KiB")
    return number * _UNITS[unit]


def show(key: str, value: Rate | int) -> str:
    """A limit as people read it: `30/min`, `256 KiB`, `12`."""
    if key == "bytes" and isinstance(value, int) and value >= 1024 and value % 1024 == 0:
        return f"{value // 1024} KiB"
    return str(value)
