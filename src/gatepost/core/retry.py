"""Back-off between attempts: exponential with full jitter, and a cap."""


def backoff(tries: int, first: float, cap: float, uniform: float) -> float:
    """Seconds to wait after `tries` failed attempts.

    Between half and all of `first * 2^tries`, at most `cap`.

    `uniform` is a random number in [0, 1). Half is kept, so that two nodes never hammer a third by
    bad luck.
    """
    ceiling = min(cap, first * 2.0 ** min(tries, 32))
    return ceiling * (0.5 + 0.5 * uniform)
