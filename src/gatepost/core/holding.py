"""Messages that wait for a person, as they are shown to that person; and the person's answers."""

from typing import Annotated, Literal

import msgspec

from gatepost.core.message import Content, Verb

Moment = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799_999)]
"""Milliseconds since the epoch, up to the end of the year 9999."""
Scope = Literal["once", "conversation", "time"]
Answer = Literal["approved", "refused"]
MOST_REASON = 1000
"""Characters of a refusal's reason: the sender reads it."""


class HoldRule(msgspec.Struct, frozen=True):
    """A rule that makes a message wait. `mark` changes when what it says does."""

    id: str
    mark: str
    origin: str
    because: str


class HoldView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message that waits for a person here.

    `digest` is that of the exact content, as it was or will be signed: an answer names it, with
    the rules it answers. `node` vouches for a sender of another node. `since` is when it was held,
    `taint` whose text its speaker had read. `parts` and what follows are the content, in a look at
    one hold only.
    """

    id: str
    direction: str
    verb: Verb
    sender: str
    to: str
    conversation: str
    since: int
    created: int
    expires: int
    digest: str
    size: int
    rules: tuple[HoldRule, ...]
    node: str = ""
    taint: tuple[str, ...] = ()
    redelivered: bool = False
    preview: str = ""
    parts: tuple[Content, ...] = ()
    done_when: str = ""
    re: str = ""
    labels: tuple[str, ...] = ()
    hops: int = 0

    def yes(self, scope: Scope = "once", until: int = 0) -> "ApproveIn":
        """A yes to exactly this."""
        rules = {rule.id: rule.mark for rule in self.rules}
        return ApproveIn(digest=self.digest, rules=rules, scope=scope, until=until)


class ApproveIn(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A yes to exactly what was shown: its digest, and its rules with their marks.

    `scope` "once" is this message alone. "conversation" also answers those rules for what follows
    in its conversation, "time" for whatever this sender does so to this agent; both until `until`
    (ms, 0: no end; "time" needs one).
    """

    digest: str
    rules: dict[str, str]
    scope: Scope = "once"
    until: Moment = 0


class RefuseIn(msgspec.Struct, frozen=True, omit_defaults=True):
    """A no; the sender reads the reason."""

    reason: str = ""


class Answered(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an answer came to: how the message stands now, and how to take back what can be.

    `approval` is the id of a yes that stands, `also` how many other messages it let go. `why` says
    what the law made of it, when that was not what was asked.
    """

    id: str
    answer: Answer
    state: str
    digest: str
    approval: str = ""
    until: int = 0
    also: int = 0
    undo: str = ""
    why: str = ""


class ApprovalView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A yes that stands, the message it was given for, and which rules it answers.

    `answers` is False when none of those rules says any more what it said then.
    """

    id: str
    verb: str
    sender: str
    to: str
    rules: tuple[str, ...]
    made: int
    message: str
    conversation: str = ""
    until: int = 0
    answers: bool = True
