"""Randomness: the one place that draws it. Everything else is handed its random bytes."""

import os

_STEPS = 2**53


class SystemEntropy:
    """The port Entropy over the operating system's generator."""

    def bytes(self, n: int) -> bytes:
        """`n` random bytes."""
        return os.urandom(n)

    def uniform(self) -> float:
        """A float in [0, 1)."""
        return (int.from_bytes(os.urandom(7), "big") >> 3) / _STEPS
