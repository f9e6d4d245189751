"""Crashes at any index of what a step does.

Every port call of a node with an effect passes `tick` first: a store write, a commit, a frame
handed to a link, a run offered, an answer given, a timer set. A fuse that is lit burns down by one
with each; at zero a `Crash` unwinds the node out of whatever it was doing, before that effect. The
effect after which a crash is wanted is the one before, so every gap between two effects is reached,
in whatever step it lies.
"""

from collections import Counter


class Crash(BaseException):
    """The node dies here. No code of the product catches it."""

    def __init__(self, machine: str) -> None:
        self.machine = machine
        super().__init__(machine)


class Fuse:
    """Counts effects of one machine over all its lives.

    `left` is how many more may happen before the crash; None while it is not lit. `seen` counts
    effects by kind, `index` is the place within the step, `struck` counts crashes by kind of the
    effect that did not happen any more. `trace`, when it is a list, gets (kind, index) of each.
    """

    def __init__(self, machine: str) -> None:
        self._machine = machine
        self.left: int | None = None
        self.total = 0
        self.index = 0
        self.seen: Counter[str] = Counter()
        self.struck: Counter[str] = Counter()
        self.deepest = 0
        self.trace: list[tuple[str, int]] | None = None

    def begin(self) -> None:
        self.index = 0

    def rest(self) -> None:
        """No crash any more, and no more notes."""
        self.left = self.trace = None

    def tick(self, what: str) -> None:
        if self.left is not None:
            if self.left <= 0:
                self.left = None
                self.struck[what] += 1
                self.deepest = max(self.deepest, self.index)
                raise Crash(self._machine)
            self.left -= 1
        if self.trace is not None:
            self.trace.append((what, self.index))
        self.total += 1
        self.index += 1
        self.seen[what] += 1
