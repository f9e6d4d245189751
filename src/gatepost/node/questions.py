"""What the operator asks of the law in a running node: why, who may, what would be otherwise.

Changes nothing. Of a message both decisions are told: the one taken when it came, and the one that
would be taken now for the same content. What the law would have decided otherwise is found by
taking decisions again, a few at a time, so that the node goes on meanwhile.
"""

from collections import Counter
from typing import Protocol

import msgspec

from gatepost.core.entry import is_code
from gatepost.core.message import MessageView
from gatepost.core.origin import Document
from gatepost.core.records import MessageRow
from gatepost.core.views import Question, RuleView
from gatepost.errors import CATALOGUE, GatepostError
from gatepost.node.explaining import Explaining, examined
from gatepost.node.mailbox import outcome
from gatepost.node.node import Node
from gatepost.node.others import Others
from gatepost.node.replaying import Replaying
from gatepost.node.standing import Standing
from gatepost.policy.answers import Change, Difference, DiffIn, Examined, May, Skipped, Whose
from gatepost.policy.decision import strongest
from gatepost.policy.evaluate import Decision
from gatepost.policy.explain import Explanation, Past, StageLine, lines
from gatepost.policy.law import Law
from gatepost.policy.replay import Recorded, replay
from gatepost.policy.rules import read_law
from gatepost.policy.words import stamp

LATELY = 900_000
"""A wish that was refused within so many ms is explained as it was made."""
A_FEW = 50
"""Decisions taken again before the node does something else."""
MOST_SHOWN = 200


class Reloaded(Protocol):
    """Where the law is kept."""

    def reload(self) -> None:
        """Read the files again; a broken one changes nothing."""
        ...

    @property
    def fault(self) -> GatepostError | None:
        """What is wrong with the files as they are now."""
        ...


class Questions:
    """The operator's questions about the law."""

    def __init__(self, node: Node, book: Reloaded) -> None:
        self._node = node
        self._book = book
        self._standing = Standing(node, lambda: book.fault)
        self._explaining = Explaining(self._standing)
        self._replaying = Replaying(node)
        self._others = Others(node)

    async def explain(self, question: Question) -> Explanation:
        """Why: a message, a wish, or an error code. Raises `message.unknown`, `usage.invalid`."""
        self._book.reload()
        if question.code:
            return _code(question.code)
        if question.message:
            return await self._message(question)
        found, request = self._explaining.wish(
            question.sender, question.verb, question.to, question.at
        )
        tried = None if question.at else self._replaying.refused(request, request.at - LATELY)
        if tried is not None:
            found = self._as_tried(tried, request.at)
        if question.remote and request.direction == "outbound":
            return msgspec.structs.replace(found, there=await self._others.asked(request))
        return found

    def _as_tried(self, tried: Recorded, now: int) -> Explanation:
        """A wish with the content it was refused with lately, so that nothing stays hidden."""
        asked = tried.request
        found = self._explaining.explained(msgspec.structs.replace(asked, at=now, expires=0))
        chain = f", message {asked.hops} of a chain" if asked.hops > 1 else ""
        note = f"as it was refused at {stamp(asked.at)}: {asked.size} bytes{chain}"
        return msgspec.structs.replace(found, notes=(*found.notes, note))

    def can(self, sender: str, verb: str, to: str) -> May:
        """Whether the rules let `sender` do `verb` to `to`."""
        self._book.reload()
        return self._explaining.can(sender, verb, to)

    def who_can(self, verb: str, to: str) -> Whose:
        """Everybody who may do `verb` to `to`."""
        self._book.reload()
        return self._explaining.who_can(verb, to)

    def tested(self) -> Examined:
        """Every expectation beside the rules, tried."""
        self._book.reload()
        return self._explaining.tested()

    def rules(self) -> list[RuleView]:
        """The law as it stands."""
        self._book.reload()
        return self._explaining.rules()

    async def difference(self, asked: DiffIn) -> Difference:
        """What the law of now, or that of a draft, would have decided otherwise since a time."""
        self._book.reload()
        law = self._law(asked)
        counted, replayed, changed = Counter[str](), 0, 0
        changes: list[Change] = []
        for n, one in enumerate(self._replaying.since(asked.since), 1):
            if n % A_FEW == 0:
                await self._others_first()
            if isinstance(one, str):
                counted[one] += 1
                continue
            replayed += 1
            change = _changed(one, self._again(law, one))
            if change is not None:
                changed += 1
                changes.append(change)
        changes.sort(key=lambda change: change.at, reverse=True)
        skipped = tuple(Skipped(why, count) for why, count in counted.most_common())
        return Difference(
            asked.since, replayed, changed, tuple(changes[:MOST_SHOWN]), skipped, law.revision
        )

    def drafted(self, draft: DiffIn) -> Examined:
        """The expectations of a draft, tried as this node stands."""
        law, standing = self._law(draft), self._standing
        return examined(law, standing.directory, standing.now())

    async def _others_first(self) -> None:
        """Let the node do something else."""
        clock = self._node.clock
        await outcome(lambda done: clock.call_soon(lambda: done(True)))

    def _law(self, asked: DiffIn) -> Law:
        texts = {"policy.toml": asked.policy, "grants.toml": asked.grants}
        if asked.policy is None and asked.grants is None:
            return self._standing.law
        now = {document.name: document for document in self._standing.law.documents}
        documents = [
            now.get(name, Document(name, "")) if text is None else Document(name, text)
            for name, text in texts.items()
        ]
        return read_law(documents, self._standing.directory.own)

    def _again(self, law: Law, one: Recorded) -> Decision:
        return replay(law, one, self._node.guard.node, self._node.settings.name)

    # one message

    async def _message(self, question: Question) -> Explanation:
        node = self._node
        row = node.shown.find(question.message)
        if not row.sender:
            said = "was withdrawn before it came in: nothing had to be decided"
            return Explanation("allow", (), f"{row.id} {said}")
        one = self._replaying.of(row)
        request = self._replaying.request(row) if isinstance(one, str) else one.request
        at = question.at or node.clock.now()
        waits = row.state == "held" and (row.direction != "out" or not row.slot)
        moment = "run" if waits else request.moment
        asked = msgspec.structs.replace(request, at=at, expires=0, moment=moment, approved=())
        stands = self._standing.approved(asked)
        asked = msgspec.structs.replace(asked, approved=stands)
        now = self._explaining.explained(asked)
        if waits:
            now = _answerable(now, row.id)
        then = self._then(row, one, now)
        there = self._others.said(row, request)
        if question.remote and request.direction == "outbound":
            there = await self._others.asked(request, there)
        if there is not None and there.word == "held" and row.state == "held":
            fixes = (f"gatepost holds show {row.id}", f"gatepost holds approve {row.id}")
            there = msgspec.structs.replace(there, fixes=fixes)
        where = node.peers.alias_of(row.peer) if row.direction == "out" and row.slot else ""
        stands = _stands(node.shown.brief(row), where)
        headline = f"{stands}. {_told(then, now, question.at > 0)}"
        notes = now.notes if there is None or there.word else (*now.notes, there.because)
        return msgspec.structs.replace(now, headline=headline, then=then, there=there, notes=notes)

    def _then(self, row: MessageRow, one: Recorded | str, now: Explanation) -> Past:
        if isinstance(one, str):
            verdict = "deny" if row.state == "rejected" else "allow"
            return Past(row.accepted, verdict, one, differs=_differs(verdict, now.verdict))
        steps, revision = one.steps, one.revision
        law = None if steps else self._node.decisions.law_at(one.at)
        if law is not None:
            decision = replay(law, one, self._node.guard.node, self._node.settings.name, full=True)
            if decision.verdict == one.verdict:
                steps, revision = decision.steps, law.revision
        top = strongest(steps) or next((step for step in steps if step.stage == "allowed"), None)
        because = top.because if top else "it was let in; the law of then is not kept"
        differs = _differs(one.verdict, now.verdict)
        return Past(one.at, one.verdict, because, lines(steps), revision, differs)


def _changed(one: Recorded, now: Decision) -> Change | None:
    if not _differs(one.verdict, now.verdict):
        return None
    top = strongest(now.steps) or next((s for s in now.steps if s.stage == "allowed"), None)
    request = one.request
    return Change(
        message=one.message,
        at=one.at,
        sender=str(request.sender),
        verb=request.verb,
        to=str(request.to),
        direction=request.direction,
        then=one.verdict,
        now=now.verdict,
        rule=top.rule if top else "",
        origin=top.origin if top else "",
        because=top.because if top else "",
    )


def _differs(then: str, now: str) -> bool:
    """Whether two verdicts differ; who waits is let in."""
    return then.replace("wait", "allow") != now.replace("wait", "allow")


_PAST = {"allow": "let through", "wait": "let through", "hold": "held", "deny": "refused"}


def _answerable(found: Explanation, id: str) -> Explanation:
    """What holds a message that waits is answered; the rule need not go."""
    yes = f"gatepost holds approve {id}"
    held = {line.fix for line in found.stages if line.verdict == "hold"}
    fixes = tuple(dict.fromkeys(yes if fix in held else fix for fix in found.fixes))
    stages = tuple(
        msgspec.structs.replace(line, fix=yes) if line.verdict == "hold" else line
        for line in found.stages
    )
    return msgspec.structs.replace(found, stages=stages, fixes=fixes)


def _stands(view: MessageView, where: str) -> str:
    who = {"rule": " by a rule", "agent": " by the agent", "node": " by the node"}.get(view.by, "")
    at = f" at {where}" if who and where else ""
    why = f" ({view.reason})" if is_code(view.reason) else ""
    return f"{view.id} is {view.state}{who}{at}{why}"


def _told(then: Past, now: Explanation, later: bool) -> str:
    when = "at that time" if later else "now"
    was, would = _PAST[then.verdict], _PAST[now.verdict]
    if not then.differs:
        return f"It was {was} here, and would be {when}"
    return f"It was {was} here; {when} it would be {would}"


def _code(code: str) -> Explanation:
    entry = CATALOGUE.get(code)
    if entry is None:
        raise GatepostError("usage.invalid", what=f"no error has the code `{code}`")
    line = StageLine("error", "deny", "", "", entry.title, entry.fix)
    return Explanation("deny", (line,), f"{code}: {entry.title} (to fix by {entry.who})", code)
