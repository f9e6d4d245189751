"""A line: one authenticated connection to a peer, as the node uses it.

It begins where hello ends. It passes frames both ways untouched, watches for silence and reports
its end once. Watching costs one timer per line, not per frame: every `pace` seconds it looks
whether anything came since. If nothing came although something was sent, or for `idle` seconds, it
pings and allows `answer` seconds for any sign of life; so a peer that is frozen is noticed soon
when somebody waits for it, and a silent pair costs little.

Silence is judged fairly: while what was sent before the ping is still leaving this machine the
other side has not been asked yet, and a judgement that comes late (this process was stopped, or had
too much to do) may have unread answers before it. In both cases it asks again.
"""

from collections.abc import Callable
from functools import partial

from gatepost.ports import Clock, LinkOwner, Timer
from gatepost.transports.channel import BROKEN, NORMAL, REPLACED, STOPPING, Channel
from gatepost.transports.limits import Limits


class LinkLine:
    """Implements `ports.Line`. `order` tells when it came up, counted over one transport.

    `gone` is told just before `link_down` is.
    """

    def __init__(
        self,
        peer: str,
        channel: Channel,
        owner: LinkOwner,
        gone: Callable[["LinkLine"], None],
        *,
        dialled: bool,
        order: int,
    ) -> None:
        self._peer = peer
        self._address = f"{channel.address} ({'dialled' if dialled else 'accepted'})"
        self._channel = channel
        self._owner = owner
        self._gone = gone
        self._up = True
        self._timer: Timer | None = None
        self._spoke = False
        self._heard_at = 0.0
        self.dialled = dialled
        self.order = order
        channel.handler = self
        channel.trust()

    @property
    def peer(self) -> str:
        """The node id of the peer, authenticated."""
        return self._peer

    @property
    def address(self) -> str:
        """Where the peer is, for people."""
        return self._address

    @property
    def open(self) -> bool:
        """False once either side has closed it."""
        return self._up and not self._channel.over

    def send(self, frame: bytes) -> bool:
        """Write one frame within the call. False when down or full: nothing was taken."""
        self._spoke = True
        return self._channel.send(frame)

    def close(self, reason: str) -> None:
        """Close it; `link_down` follows in a later callback, frames come no more."""
        self._channel.close(NORMAL, reason)

    def stop(self) -> None:
        """Close it because this node stops."""
        self._channel.close(STOPPING, "this node is stopping")

    def retire(self) -> None:
        """Close it because another link took its place; `link_down` is told before this returns."""
        reason = "another link between the two nodes took its place"
        self._channel.close(REPLACED, reason)
        self.closed(reason)

    def watch(self, clock: Clock, limits: Limits) -> None:
        """Begin to watch for silence."""
        self._channel.heard = False
        self._heard_at = clock.monotonic()
        self._wait(clock, limits)

    # ── from the channel ────────────────────────────────────────────────────────────────────────

    def message(self, data: bytes) -> None:
        """A frame came."""
        self._owner.frame(self, data)

    def writable(self) -> None:
        """There is room again."""
        self._owner.link_ready(self)

    def closed(self, reason: str) -> None:
        """The connection is over."""
        if self._up:
            self._up = False
            if self._timer is not None:
                self._timer.cancel()
            self._gone(self)
            self._owner.link_down(self, reason)

    # ── silence ─────────────────────────────────────────────────────────────────────────────────

    def _wait(self, clock: Clock, limits: Limits) -> None:
        pace = min(limits.pace, limits.idle)
        self._timer = clock.call_later(pace, partial(self._look, clock, limits))

    def _look(self, clock: Clock, limits: Limits) -> None:
        if self._channel.heard:
            self.watch(clock, limits)
        elif self._spoke or clock.monotonic() - self._heard_at >= limits.idle:
            self._ask(clock, limits)
        else:
            self._wait(clock, limits)

    def _ask(self, clock: Clock, limits: Limits) -> None:
        self._spoke = False
        self._channel.ping()
        due, unsent = clock.monotonic() + limits.answer, self._channel.unsent
        judge = partial(self._judge, clock, limits, due, unsent)
        self._timer = clock.call_later(limits.answer, judge)

    def _judge(self, clock: Clock, limits: Limits, due: float, unsent: int) -> None:
        now = clock.monotonic()
        if self._channel.heard:
            self.watch(clock, limits)
        elif now - due > limits.pace or self._channel.unsent < unsent:
            self._ask(clock, limits)
        else:
            self._channel.close(BROKEN, f"no sign of life for {now - self._heard_at:.1f} s")
