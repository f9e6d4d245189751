"""How long and how many, in words of a finding."""

_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))


def age(ms: int) -> str:
    """A length of time in its largest unit: `4 d`, `12 min`, `8 s`."""
    for size, unit in _UNITS:
        if ms >= size:
            return f"{ms // size} {unit}"
    return "a moment"


def count(n: int, word: str) -> str:
    """`1 message`, `3 messages`."""
    return f"{n} {word}" if n == 1 else f"{n} {word}s"
