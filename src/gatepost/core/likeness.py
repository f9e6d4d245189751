"""Names that people take for each other: look-alike characters, one slip of the finger.

Names are lower-case ASCII (`core.address`), so what is left to confuse is small and known. Two
names that only count differently (`lab-1`, `lab-2`) are a series, not a likeness.
"""

import re
from collections.abc import Iterable

_SAME = str.maketrans({"0": "o", "1": "l", "i": "l", "5": "s", "8": "b", "2": "z"})
_PAIRS = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("nn", "m"))
_SERIES = re.compile(r"(.*?)([0-9]+)")
_SHORTEST = 4  # names of three letters are all near each other


def alike(name: str, others: Iterable[str]) -> tuple[str, ...]:
    """Those of `others` that somebody could take for `name`, sorted."""
    return tuple(sorted(other for other in others if other != name and _alike(name, other)))


def _alike(one: str, other: str) -> bool:
    if _skeleton(one) == _skeleton(other):
        return not _series(one, other) or one.lower() == other.lower()
    near = min(len(one), len(other)) >= _SHORTEST and _one_slip(one, other)
    return near and not _series(one, other)


def _skeleton(name: str) -> str:
    plain = re.sub(r"[._-]", "", name)
    for pair, looks in _PAIRS:
        plain = plain.replace(pair, looks)
    return plain.translate(_SAME)


def _series(one: str, other: str) -> bool:
    """Whether the two differ in the number they end with, and in nothing else."""
    a, b = _SERIES.fullmatch(one), _SERIES.fullmatch(other)
    return a is not None and b is not None and a[1] == b[1]


def _one_slip(one: str, other: str) -> bool:
    """Whether one letter was changed, left out, added, or two neighbours exchanged."""
    short, long = sorted((one, other), key=len)
    pairs = enumerate(zip(short, long, strict=False))
    at = next((n for n, (a, b) in pairs if a != b), -1)
    if len(long) - len(short) > 1:
        return False
    if at < 0 or len(long) > len(short):
        return at < 0 or short[at:] == long[at + 1 :]
    exchanged = long[at + 1 : at + 2] + long[at : at + 1] + long[at + 2 :]
    return short[at + 1 :] == long[at + 1 :] or short[at:] == exchanged
