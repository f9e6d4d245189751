"""The checker: equations over the ledgers of callers and agents, and nothing else.

It never looks into a node. What callers were told (A: accepted, I: possibly accepted, the outcomes)
and what agents did (starts, ends) must fit together; each equation below names what broke.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from gatepost.core.lifecycle import is_outcome
from tests.world.ledger import Call, End, Ledger, Start

FORGED = "forged"


@dataclass(frozen=True, slots=True)
class Known:
    """What the checker is told about the world beside the ledgers.

    `nodes` are node ids by node name, `forgetful` agents that may forget what they ran,
    `unknown_allowed` whether the outcome `unknown` may occur for those.
    """

    nodes: dict[str, str]
    forgetful: frozenset[str] = frozenset()
    unknown_allowed: bool = False


@dataclass(slots=True)
class Verdict:
    """What is wrong, in words; and counts of what was seen."""

    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class Checker:
    """One pass over one world's ledgers."""

    def __init__(self, ledger: Ledger, known: Known) -> None:
        self._ledger = ledger
        self._known = known
        self._verdict = Verdict()
        self._starts: dict[str, list[Start]] = defaultdict(list)
        self._ends: dict[str, list[End]] = defaultdict(list)
        self._by_text = {call.text: call for call in ledger.calls}

    def check(self) -> Verdict:
        for start in self._ledger.starts:
            self._starts[start.id].append(start)
        for end in self._ledger.ends:
            self._ends[end.id].append(end)
        for wrong in self._ledger.wrongs:
            self._wrong(wrong)
        for call in self._ledger.calls:
            self._call(call)
        for id, starts in self._starts.items():
            self._runs(id, starts)
        self._order()
        return self._verdict

    def _wrong(self, what: str) -> None:
        self._verdict.wrong.append(what)

    # callers

    def _call(self, call: Call) -> None:
        counts = self._verdict.counts
        counts["calls"] += 1
        counts[f"calls.{call.status}"] += 1
        if len(call.ids) > 1:
            self._wrong(f"{call.text}: one request key, ids {call.ids}")
        if call.status == "pending":
            self._wrong(f"{call.text}: never answered")
        if call.ids:
            counts["accepted"] += 1
            self._outcome(call)

    def _outcome(self, call: Call) -> None:
        final = call.final
        if final is None or not is_outcome(final.state):
            state = final.state if final else "nothing"
            self._wrong(f"{call.text} ({call.id}): undecided, {state}")
            return
        self._verdict.counts[f"outcome.{final.state}"] += 1
        told = [shown for shown in call.shown if is_outcome(shown.state)]
        if len({shown.state for shown in told}) > 1:
            states = [shown.state for shown in told]
            self._wrong(f"{call.text} ({call.id}): more than one outcome, {states}")
        watched = [is_outcome(shown.state) for shown in call.shown if shown.watched]
        if not all(watched[watched.index(True) :]):
            self._wrong(f"{call.text} ({call.id}): went on after its outcome")
        if any(FORGED in shown.text for shown in call.shown):
            self._wrong(f"{call.text} ({call.id}): was shown a forged text")
        self._truth(call, final.state, final.reason, final.by, final.text)

    def _truth(self, call: Call, state: str, reason: str, by: str, text: str) -> None:
        starts, ends = self._starts.get(call.id, []), self._ends.get(call.id, [])
        taken = next((end for end in ends if end.taken), None)
        what = f"{call.text} ({call.id}): {state}"
        if taken is not None and state != _outcome_of(taken, call):
            self._wrong(f"{what}, though its agent's `{taken.kind}` was taken")
        if state in ("done", "delivered"):
            self._finished(call, what, text)
        elif state == "expired" and starts:
            self._wrong(f"{what}, though it ran")
        elif state in ("rejected", "cancelled") and by != "agent" and starts:
            self._wrong(f"{what} by {by}, though it ran")
        elif state in ("rejected", "cancelled", "failed") and by == "agent":
            kinds = {end.kind for end in ends}
            if not kinds & ({"declined"} if state == "rejected" else {"failed"}):
                self._wrong(f"{what} by its agent, which said {sorted(kinds)}")
        elif state == "failed" and reason != "run.poison":
            self._wrong(f"{what} by {by}: {reason}")
        elif state == "unknown":
            self._unknown(call, f"{what}: {reason}")
        if state == "cancelled" and not call.asked_to_cancel:
            self._wrong(f"{what}, though nobody asked for it")

    def _unknown(self, call: Call, what: str) -> None:
        """Allowed where an agent forgot a run, and then it may not run again or no rule lets it."""
        agent = call.to.partition("@")[0]
        if not self._known.unknown_allowed or agent not in self._known.forgetful:
            self._wrong(what)

    def _finished(self, call: Call, what: str, text: str) -> None:
        starts, ends = self._starts.get(call.id, []), self._ends.get(call.id, [])
        if not starts:
            self._wrong(f"{what}, though no agent ever started it")
        if text not in {end.text for end in ends if end.kind == "done"}:
            self._wrong(f"{what} with {text!r}, which its agent never said")
        verb = "delivered" if call.verb == "send" else "done"
        if not what.endswith(verb):
            self._wrong(f"{what}, though it was a {call.verb}")

    # agents

    def _runs(self, id: str, starts: list[Start]) -> None:
        self._verdict.counts["starts"] += len(starts)
        for start in starts:
            self._attributed(start)
        unmarked = [start for start in starts if not start.redelivered]
        marked = len(starts) - len(unmarked)
        self._verdict.counts["redelivered"] += marked
        if len(unmarked) > 1:
            runs = [start.run for start in unmarked]
            self._wrong(f"{starts[0].text} ({id}): started {len(unmarked)} times unmarked, {runs}")
        if starts[0].agent not in self._known.forgetful and len(starts) > 1:
            runs = [start.run for start in starts]
            self._wrong(f"{starts[0].text} ({id}): started {len(starts)} times, {runs}")
        if len({start.key for start in starts}) != len(starts):
            self._wrong(f"{starts[0].text} ({id}): two runs with one idempotency key")
        call = self._by_text.get(starts[0].text.rstrip("."))
        if call is None:
            self._wrong(f"phantom: {starts[0].text!r} ({id}) was never asked for")
        elif call.status == "fail":
            self._wrong(f"{call.text}: ran, though it was refused ({call.code})")
        elif call.ids and call.id != id:
            self._wrong(f"{call.text}: accepted as {call.id}, ran as {id} too")

    def _attributed(self, start: Start) -> None:
        call = self._by_text.get(start.text.rstrip("."))
        if call is None or FORGED in start.text:
            self._wrong(f"forged or phantom: {start.agent} was given {start.text!r}")
            return
        agent, _, alias = call.to.partition("@")
        local = not alias or alias == call.node
        sender = call.caller if local else f"{call.caller}@{call.node}"
        node = "" if local else self._known.nodes[call.node]
        if (start.sender, start.node) != (sender, node):
            self._wrong(f"{start.text}: said to be of {start.sender}, was of {sender}")
        if start.agent != agent or start.lane != call.lane:
            self._wrong(f"{start.text}: given to {start.agent} in {start.lane}")

    def _order(self) -> None:
        lanes: dict[tuple[str, str], list[tuple[float, int, Start]]] = defaultdict(list)
        for starts in self._starts.values():
            start = starts[0]
            call = self._by_text.get(start.text.rstrip("."))
            if call is not None and not start.late:
                lanes[(call.lane, call.to)].append((start.n, call.place, start))
        for lane in lanes.values():
            lane.sort()
            places = [place for _, place, _ in lane]
            if places != sorted(places):
                texts = [start.text for _, _, start in lane]
                self._wrong(f"out of order: {texts}")


def _outcome_of(end: End, call: Call) -> str:
    if end.kind == "declined":
        return "rejected"
    if end.kind == "failed":
        return "cancelled" if call.asked_to_cancel and call.final_is("cancelled") else "failed"
    return "delivered" if call.verb == "send" else "done"
