"""Randomness: the one place that draws it. Everything else is handed its random bytes."""

import os

_STEPS = 2**53
_POOL = 4096


class SystemEntropy:
    """The port Entropy over the operating system's generator.

    Small draws are cut from a pool drawn at once, each byte given out only once. A process that
    forks would share what is left; the node never forks (its children are new programs).
    """

    def __init__(self) -> None:
        self._pool = b""
        self._at = 0

    def bytes(self, n: int) -> bytes:
        """`n` random bytes."""
        if n > 64:
            return os.urandom(n)
        at = self._at
        if at + n > len(self._pool):
            self._pool, at = os.urandom(_POOL), 0
        self._at = at + n
        return self._pool[at : at + n]

    def uniform(self) -> float:
        """A float in [0, 1)."""
        return (int.from_bytes(self.bytes(7), "big") >> 3) / _STEPS
