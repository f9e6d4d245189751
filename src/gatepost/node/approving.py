"""What a person asks of messages that wait for one: which, what exactly, yes or no.

An answer names what was shown: the digest of the exact content, and the rules with their marks. If
the message or the law is another by then, nothing happens and `hold.changed` says so. With the
answer the law is asked again in the same step; what it says is done. Callers are the operator's
socket and nobody an agent can reach.
"""

from collections.abc import Callable

import msgspec

from gatepost.core.entry import digest
from gatepost.core.holding import (
    MOST_REASON,
    Answer,
    Answered,
    ApprovalView,
    ApproveIn,
    HoldRule,
    HoldView,
)
from gatepost.core.lifecycle import is_outcome
from gatepost.core.message import Text
from gatepost.core.parts import unpack
from gatepost.errors import GatepostError
from gatepost.node.holds import Held
from gatepost.node.node import Node
from gatepost.node.opened import message_of
from gatepost.node.peering import durable
from gatepost.policy.approvals import Approval, mark

PREVIEW = 80
LAST = 253_402_300_799_999
_owners = msgspec.json.Decoder(tuple[str, ...])


class Approving:
    """The operator's calls about holds. `reload` reads the law again where it is kept."""

    def __init__(self, node: Node, reload: Callable[[], None]) -> None:
        self._node = node
        self._reload = reload

    def holds(self) -> list[HoldView]:
        """Every message that waits for a person here, the oldest first."""
        return [self._view(held, full=False) for held in self._node.holds.all()]

    def hold(self, id: str) -> HoldView:
        """One of them with its exact content; the id may be shortened. Raises `hold.unknown`."""
        return self._view(self._find(id), full=True)

    def approvals(self) -> list[ApprovalView]:
        """Every yes that stands for more than one message, the oldest first."""
        now = self._node.clock.now()
        standing = (one for one in self._node.holds.standing.values() if one.stands(now))
        return [self._approval(one) for one in sorted(standing, key=lambda one: one.made)]

    async def approve(self, id: str, given: ApproveIn) -> Answered:
        """Say yes to what was shown, and wait until that is durable."""
        answered = self.yes(id, given)
        await durable(self._node)
        return answered

    def yes(self, id: str, given: ApproveIn) -> Answered:
        """The step that says yes. Raises `hold.unknown`, `hold.changed`."""
        self._reload()
        held, holds = self._find(id), self._node.holds
        view = self._view(held, full=False)
        self._check(view, given)
        others = [one for one in holds.all() if one is not held]
        approval = None
        if given.scope != "once":
            approval = self._standing(held, view, given)
        holds.approve(held, given.rules, bytes.fromhex(view.digest))
        if approval is not None:
            holds.let_stand(approval)
        also = sum(not one.waits for one in others)
        return self._answered(held, view, "approved", approval, also)

    async def refuse(self, id: str, reason: str = "") -> Answered:
        """Say no, and wait until that is durable: the sender reads the reason."""
        answered = self.no(id, reason)
        await durable(self._node)
        return answered

    def no(self, id: str, reason: str) -> Answered:
        """The step that says no. Raises `hold.unknown`."""
        if len(reason) > MOST_REASON:
            raise GatepostError(
                "usage.invalid", what=f"a reason has at most {MOST_REASON} characters"
            )
        self._reload()
        held = self._find(id)
        view = self._view(held, full=False)
        self._node.holds.refuse(held, reason, bytes.fromhex(view.digest))
        return self._answered(held, view, "refused", None, 0)

    async def revoke_approval(self, id: str) -> str:
        """Take back a yes that stands; what it let go has gone. Raises `approval.unknown`."""
        standing = self._node.holds.standing
        found = [one for one in standing if one == id]
        found = found or [one for one in standing if id and one.startswith(id)]
        if len(found) != 1:
            raise GatepostError("approval.unknown", what=f"no approval has the id `{id}`")
        self._node.holds.take_back(standing[found[0]])
        await durable(self._node)
        return ""

    def _answered(
        self, held: Held, view: HoldView, answer: Answer, approval: Approval | None, also: int
    ) -> Answered:
        row = held.message.row
        state, reason = row.state, row.reason
        undo = ""
        if approval is not None:
            undo = f"gatepost holds revoke {approval.id}"
        elif answer == "approved" and row.direction != "in" and not is_outcome(state):
            undo = f"gatepost cancel {view.id} --as {row.sender}"
        against = answer == "approved" and state in ("rejected", "expired", "unknown")
        return Answered(
            id=view.id,
            answer=answer,
            state=state,
            digest=view.digest,
            approval=approval.id if approval is not None else "",
            until=approval.until if approval is not None else 0,
            also=also,
            undo=undo,
            why=f"the law refuses it now ({reason or state})" if against else "",
        )

    # looking

    def _find(self, id: str) -> Held:
        waiting = self._node.holds.all()
        found = [held for held in waiting if held.message.row.id == id]
        found = found or [held for held in waiting if id and held.message.row.id.startswith(id)]
        if len(found) == 1:
            return found[0]
        why = "several begin like that" if found else self._elsewhere(id)
        raise GatepostError("hold.unknown", what=f"`{id}` does not wait for a person here", why=why)

    def _elsewhere(self, id: str) -> str:
        """Where a message is that does not wait here."""
        try:
            view = self._node.shown.message(id)
        except GatepostError:
            return ""
        if view.state == "held":
            return f"it waits for a person at {view.to.partition('@')[2]}"
        return f"it {'ended' if is_outcome(view.state) else 'is'} {view.state}"

    def _view(self, held: Held, full: bool) -> HoldView:
        row = held.message.row
        kept = self._node.store.messages.body(row.seq)
        if kept is None:
            raise GatepostError("store.damaged", why=f"message {row.id} has lost its body")
        header, body = message_of(kept[1])
        parts = unpack(header.parts, body)
        said = next((part.text for part in parts if isinstance(part, Text)), "")
        shown = self._node.shown.brief(row)
        return HoldView(
            id=row.id,
            direction=row.direction,
            verb=held.message.verb,
            sender=shown.sender,
            to=shown.to,
            conversation=row.conversation,
            since=held.hold.at,
            created=row.created,
            expires=row.expires,
            digest=digest(*kept).hex(),
            size=len(body),
            rules=self._rules(held),
            node=self._node.peers.node_of(row.peer) if row.direction == "in" else "",
            taint=_owners.decode(held.hold.taint),
            redelivered=row.redelivered,
            preview=" ".join(said.split())[:PREVIEW],
            parts=parts if full else (),
            done_when=header.done_when if full else "",
            re=header.re if full else "",
            labels=header.labels if full else (),
            hops=header.hops,
        )

    def _rules(self, held: Held) -> tuple[HoldRule, ...]:
        """What holds it now; nothing when the law would let it go at the next look."""
        law, decision = self._node.guard.law, self._node.holds.decide(held.message)
        found: list[HoldRule] = []
        for step in decision.steps:
            rule = law.rule(step.rule) if step.verdict == "hold" and step.rule else None
            if rule is not None:
                found.append(HoldRule(rule.id, mark(rule), step.origin, step.because))
        return tuple(found)

    # judging an answer

    def _check(self, view: HoldView, given: ApproveIn) -> None:
        """Raise when this answers something else, or does not say for how long."""
        now, why = {rule.id: rule.mark for rule in view.rules}, ""
        if given.digest != view.digest:
            why = "the digest given is not that of the message"
        elif given.rules != now:
            names = [id for id in {**now, **given.rules} if now.get(id) != given.rules.get(id)]
            why = f"not what was shown any more: rule {', '.join(names)}"
        if why:
            raise GatepostError("hold.changed", why=why, id=view.id)
        if given.until > LAST:
            raise GatepostError("usage.invalid", what="the approval would end beyond all calendars")
        if given.until and given.until <= self._node.clock.now():
            raise GatepostError("usage.invalid", what="the approval would have ended already")
        if given.scope == "time" and not given.until:
            raise GatepostError("usage.invalid", what="an approval for a time needs its end")
        if given.scope == "once" and given.until:
            raise GatepostError("usage.invalid", what="an approval for one message has no end")

    def _standing(self, held: Held, view: HoldView, given: ApproveIn) -> Approval:
        node, request = self._node, self._node.holds.request(held.message)
        return Approval(
            id=node.holds.name(),
            rules=given.rules,
            direction=request.direction,
            verb=request.verb,
            sender=request.sender,
            to=request.to,
            conversation=view.conversation if given.scope == "conversation" else "",
            until=given.until,
            made=node.clock.now(),
            message=view.id,
        )

    def _approval(self, one: Approval) -> ApprovalView:
        law = self._node.guard.law
        rules = ((law.rule(id), said) for id, said in one.rules.items())
        return ApprovalView(
            id=one.id,
            verb=one.verb,
            sender=str(one.sender),
            to=str(one.to),
            rules=tuple(one.rules),
            made=one.made,
            message=one.message,
            conversation=one.conversation,
            until=one.until,
            answers=any(rule is not None and mark(rule) == said for rule, said in rules),
        )
