"""A probe: one try of the way to a peer that stops short of a link, and says how far it came.

It takes the steps of a dial in order: `tcp` (name and connection), `tls`, `pin` (the listener shows
the key this node knows) and `hello` (both prove who they are). What the listener answers to a
signed hello proves that it knows this node and takes links from it; then the probe leaves without
its own proof, so a live link is not touched, and nothing is asked that policy would judge.
"""

from collections.abc import Callable, Sequence
from typing import Final

from gatepost.core import hello
from gatepost.core.identity import NodeRecord
from gatepost.core.views import Step
from gatepost.transports.attempt import Attempt, Failure
from gatepost.transports.channel import NORMAL, SHUT
from gatepost.transports.dial import Dial
from gatepost.transports.means import LINK_PATH, Connector, Means

STEPS: Final = ("tcp", "tls", "pin", "hello")
_SHUT: Final = (
    "it closes without a word: it does not know this node, or blocked, paused or stopped it"
)

Report = Callable[[tuple[Step, ...], Failure | None], None]


class ProbeAttempt(Attempt):
    """One endpoint. After its end `steps` tells how far it came."""

    def __init__(self, means: Means, connector: Connector, peer: NodeRecord, pin: bytes) -> None:
        super().__init__(means, connector, LINK_PATH, pin)
        self.steps: list[Step] = []
        self._peer = peer
        self._said = b""
        self._since = means.clock.monotonic()

    def connected(self) -> bool:
        """TCP is there."""
        self._passed(self.channel.address)
        return super().connected()

    def secured(self, spki: bytes) -> bool:
        """TLS is there; the key is looked at."""
        self._passed("TLS 1.3")
        held = super().secured(spki)
        if held:
            self._passed("it shows the key this node knows")
        return held

    def opened(self, path: str) -> None:
        """Say hello."""
        keys = self._means.keys
        self._said = hello.hello(
            keys.record,
            keys.record_bytes,
            self._peer,
            nonce=self._means.entropy.bytes(hello.NONCE_BYTES),
            spki=self._pin,
            sign=keys.sign,
        )
        self.channel.send(self._said)

    def message(self, data: bytes) -> None:
        """The answer: enough is known."""
        found = hello.check_answer(self._said, data, peer=self._peer, spki=self._pin)
        if isinstance(found, hello.Refused):
            self.end(Failure("peer.wrong_node", f"its answer does not hold: {found.why}"))
            return
        self._passed("it has proven who it is, and takes links from this node")
        self.channel.close(NORMAL, "only a probe")
        self.end(None)

    def end(self, failure: Failure | None) -> None:
        """This is how it went."""
        left = STEPS[len(self.steps) :]
        if failure is not None and left:
            why = _SHUT if failure.why == SHUT else failure.why
            self.steps += [Step(left[0], "failed", why, self._lap())]
            self.steps += [Step(name, "skipped") for name in left[1:]]
        super().end(failure)

    def _passed(self, text: str) -> None:
        self.steps.append(Step(STEPS[len(self.steps)], "ok", text, self._lap()))

    def _lap(self) -> float:
        now = self._means.clock.monotonic()
        took, self._since = (now - self._since) * 1000, now
        return took


def probe(
    means: Means,
    connector: Connector,
    peer: NodeRecord,
    endpoints: Sequence[str],
    spki: bytes,
    report: Report,
) -> Dial[ProbeAttempt]:
    """Probe the endpoints in order until one leads to the peer; `report` gets every step taken."""
    tried: list[ProbeAttempt] = []

    def make() -> ProbeAttempt:
        tried.append(ProbeAttempt(means, connector, peer, spki))
        return tried[-1]

    def done(dial: Dial[ProbeAttempt], end: ProbeAttempt | Failure) -> None:
        steps = tuple(step for one in tried for step in one.steps)
        report(steps, end if isinstance(end, Failure) else None)

    return Dial(endpoints, means.limits.handshake, make, done)
