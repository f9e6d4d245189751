"""Small words of explanations: the nearest name, and a moment as text."""

import difflib
from collections.abc import Iterable
from datetime import UTC, datetime


def near(word: str, known: Iterable[str]) -> str:
    """The nearest known word, or "" when none is near."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return found[0] if found else ""


def stamp(ms: int) -> str:
    """A moment (ms) for people: `2027-01-31 00:00 UTC`."""
    return f"{datetime.fromtimestamp(ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
