"""Links to peers: one each, whoever dialled, over any kind of connection.

When both nodes dial at once, both must keep the same link without asking: the node with the smaller
id decides, and the link it dialled stays.

- The larger node takes every proven arrival from the smaller one, in place of whatever it has.
- The smaller node lets a proven arrival wait while its own hello to that peer is under way: it is
  welcomed if that fails and dismissed if it succeeds.
- An arrival whose hello came before the own dial was up is of the same moment: dismissed. One whose
  hello came after it shows that the peer has lost that link: it takes its place at once, without
  waiting for the network to notice.

An own dial that is overtaken by an arrival ends quietly: `link_up` has been told.
"""

from collections.abc import Callable, Sequence
from functools import partial

from gatepost.core import hello
from gatepost.core.views import Step
from gatepost.errors import GatepostError
from gatepost.transports.arrival import Arrival
from gatepost.transports.attempt import Failure, LinkAttempt, MeetAttempt, PairAttempt
from gatepost.transports.channel import Channel
from gatepost.transports.dial import Dial
from gatepost.transports.half_open import HalfOpen
from gatepost.transports.line import LinkLine
from gatepost.transports.means import Connector, Means
from gatepost.transports.probe import ProbeAttempt, probe


class Links:
    """Implements `ports.Transport` and `arrival.Reception`."""

    def __init__(self, means: Means, connector: Connector) -> None:
        self.half_open = HalfOpen(means.limits)
        self._means = means
        self._connector = connector
        self._lines: dict[str, LinkLine] = {}
        self._dials: dict[str, Dial[LinkAttempt]] = {}
        self._pairs: set[Dial[PairAttempt]] = set()
        self._meets: set[Dial[MeetAttempt]] = set()
        self._probes: set[Dial[ProbeAttempt]] = set()
        self._waiting: dict[str, Arrival] = {}
        self._order = 0
        self._stopped = False

    # ── for the node and whoever composes it ────────────────────────────────────────────────────

    def dial(self, node: str, endpoints: Sequence[str], spki: bytes) -> None:
        """Start one attempt to link. Ends in `link_up`, whoever dialled, or in `dial_failed`."""
        line = self._lines.get(node)
        if self._stopped or node in self._dials or (line is not None and line.open):
            return
        means = self._means
        peer = means.owner.record_of(node)
        if peer is None:
            why = "this node does not link with it"
            means.clock.call_soon(partial(means.owner.dial_failed, node, "peer.unknown", why))
            return
        make = partial(LinkAttempt, means, self._connector, peer, spki)
        done = partial(self._dialled, node)
        missed = partial(self._missed, node)
        dial = self._dials[node] = Dial(endpoints, means.limits.handshake, make, done, missed)
        dial.start(means.clock)

    def probe(
        self,
        node: str,
        endpoints: Sequence[str],
        spki: bytes,
        done: Callable[[tuple[Step, ...], GatepostError | None], None],
    ) -> None:
        """Try the way to a peer without making a link: each step, and why it ended early."""
        means = self._means
        peer = means.owner.record_of(node)
        if peer is None or self._stopped:
            means.clock.call_soon(partial(done, (), GatepostError("peer.unreachable")))
            return

        def report(steps: tuple[Step, ...], failure: Failure | None) -> None:
            self._probes.discard(dial)
            done(steps, GatepostError(failure.code, why=failure.why) if failure else None)

        dial = probe(means, self._connector, peer, endpoints, spki, report)
        self._probes.add(dial)
        dial.start(means.clock)

    def pair(
        self,
        endpoints: Sequence[str],
        spki: bytes,
        request: bytes,
        done: Callable[[bytes | GatepostError], None],
    ) -> None:
        """Present an invitation to its inviter; `done` gets the reply or why there is none."""

        def paired(dial: Dial[PairAttempt], end: PairAttempt | Failure) -> None:
            self._pairs.discard(dial)
            done(GatepostError(end.code, why=end.why) if isinstance(end, Failure) else end.reply)

        make = partial(PairAttempt, self._means, self._connector, spki, request)
        dial = Dial(endpoints, self._means.limits.pair, make, paired)
        self._pairs.add(dial)
        dial.start(self._means.clock)

    def meet(
        self,
        endpoints: Sequence[str],
        make: Callable[[bytes], bytes],
        done: Callable[[bytes | GatepostError], None],
    ) -> None:
        """Meet a declared node: `make` gives the request for its TLS key, `done` gets the reply."""

        def met(dial: Dial[MeetAttempt], end: MeetAttempt | Failure) -> None:
            self._meets.discard(dial)
            done(GatepostError(end.code, why=end.why) if isinstance(end, Failure) else end.reply)

        attempt = partial(MeetAttempt, self._means, self._connector, make)
        dial = Dial(endpoints, self._means.limits.handshake, attempt, met)
        self._meets.add(dial)
        dial.start(self._means.clock)

    def arrival(self) -> Arrival:
        """Somebody connects. The caller makes a channel opened by it, and sets it there."""
        return Arrival(self._means, self)

    def stop(self) -> None:
        """Close everything cleanly and begin nothing more."""
        self._stopped = True
        for dial in (*self._dials.values(), *self._pairs, *self._meets, *self._probes):
            dial.abandon()
        for arrival in (*self.half_open.all(), *self._waiting.values()):
            arrival.drop("this node is stopping")
        for line in tuple(self._lines.values()):
            line.stop()

    # ── from arrivals ───────────────────────────────────────────────────────────────────────────

    def admit(self, arrival: Arrival) -> bool:
        """It has connected. False: no room for it."""
        now = self._means.clock.monotonic()
        return not self._stopped and self.half_open.admit(arrival, now)

    def claimed(self) -> int:
        """A hello came; its place in the order of things."""
        self._order += 1
        return self._order

    def proven(self, arrival: Arrival) -> None:
        """Its proof holds: welcome it, make it wait, or dismiss it, as the module says."""
        self.half_open.leave(arrival)
        if self._means.keys.node < arrival.peer:
            dial, line = self._dials.get(arrival.peer), self._lines.get(arrival.peer)
            if dial is not None and dial.attempt is not None and dial.attempt.greeting:
                self._wait(arrival)
                return
            if line is not None and line.open and line.dialled and line.order > arrival.order:
                arrival.dismiss()
                return
        self._welcome(arrival)

    def left(self, arrival: Arrival) -> None:
        """It is over, or it is a line now."""
        self.half_open.leave(arrival)
        if self._waiting.get(arrival.peer) is arrival:
            del self._waiting[arrival.peer]

    # ── inside ──────────────────────────────────────────────────────────────────────────────────

    def _wait(self, arrival: Arrival) -> None:
        before = self._waiting.pop(arrival.peer, None)
        if before is not None:
            before.dismiss()
        self._waiting[arrival.peer] = arrival
        arrival.wait()

    def _welcome(self, arrival: Arrival) -> None:
        dial = self._dials.pop(arrival.peer, None)
        if dial is not None:
            dial.abandon()
        if arrival.greeted is not None:
            arrival.welcome()
            self._raise(arrival.peer, arrival.channel, arrival.greeted, dialled=False)

    def _dialled(self, node: str, dial: Dial[LinkAttempt], end: LinkAttempt | Failure) -> None:
        del self._dials[node]
        if isinstance(end, Failure):
            self._means.owner.dial_failed(node, end.code, end.why)
            return
        arrival = self._waiting.pop(node, None)
        if arrival is not None:
            arrival.dismiss()
        if end.greeted is not None:
            self._raise(node, end.channel, end.greeted, dialled=True)

    def _missed(self, node: str) -> None:
        """An own attempt has failed: an arrival that waited for it need wait no more."""
        arrival = self._waiting.get(node)
        if arrival is None:
            return
        if self._means.owner.record_of(node) is None:
            arrival.refuse("blocked while it waited")
        else:
            self._welcome(arrival)

    def _raise(self, peer: str, channel: Channel, greeted: hello.Greeted, *, dialled: bool) -> None:
        before = self._lines.get(peer)
        if before is not None:
            before.retire()
        means = self._means
        self._order += 1
        line = LinkLine(peer, channel, means.owner, self._fell, dialled=dialled, order=self._order)
        self._lines[peer] = line
        line.watch(means.clock, means.limits)
        if greeted.changed:
            means.owner.newer_record(greeted.record, greeted.record_bytes)
        means.owner.link_up(line, greeted.control)

    def _fell(self, line: LinkLine) -> None:
        if self._lines.get(line.peer) is line:
            del self._lines[line.peer]
