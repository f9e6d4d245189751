"""What waits for replies: one object for each call in flight, until its last reply.

Each knows what to say again when the line broke before it was done: a submission is repeated only
without a receipt (its request key makes a repetition attach to the first), and from the receipt
on its message is followed by id.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from gatepost.core.calls import Watch
from gatepost.core.lifecycle import OUTCOMES
from gatepost.core.message import MessageView, Receipt, Submission
from gatepost.errors import GatepostError, Report

_T = TypeVar("_T")
_RECEIPT = msgspec.json.Decoder(Receipt)
_VIEW = msgspec.json.Decoder(MessageView)
_REPORT = msgspec.json.Decoder(Report)

Said = tuple[str, object]
Lost = Callable[[GatepostError], None]


class Pending(Protocol):
    """A call in flight. `ok` and `event` are True when nothing more will come.

    One that is `lasting` outlives any absence of the node.
    """

    @property
    def lasting(self) -> bool:
        """Whether it is kept while the node is away for long."""
        ...

    def ok(self, body: msgspec.Raw) -> bool:
        """It was taken."""
        ...

    def event(self, body: msgspec.Raw) -> bool:
        """News of it."""
        ...

    def failed(self, error: GatepostError) -> None:
        """It was refused, or cannot be answered any more."""
        ...

    def again(self) -> Sequence[Said]:
        """What to say on a new line; what the first is answered belongs to this call."""
        ...


def error_of(body: msgspec.Raw) -> GatepostError:
    """The error a reply carries."""
    return _REPORT.decode(body).error()


def repeated(submission: Submission) -> Submission:
    """What is said of a submission when it is said again: its request key may be known."""
    return msgspec.structs.replace(submission, fresh=False) if submission.fresh else submission


class Simple(Generic[_T]):
    """A call with one answer.

    `repeated`: it was said again on a new line, so it may have been done twice.
    """

    __slots__ = ("_body", "_decode", "_op", "answer", "lasting", "repeated")

    def __init__(self, op: str, body: object, gives: type[_T], *, lasting: bool = False) -> None:
        self.lasting = lasting
        self._op = op
        self._body = body
        self._decode = msgspec.json.Decoder(gives).decode
        self.answer: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self.repeated = False

    def ok(self, body: msgspec.Raw) -> bool:
        """The answer."""
        if not self.answer.done():
            self.answer.set_result(self._decode(body))
        return True

    def event(self, body: msgspec.Raw) -> bool:
        """None are expected."""
        return False

    def failed(self, error: GatepostError) -> None:
        """No answer."""
        if not self.answer.done():
            self.answer.set_exception(error)

    def again(self) -> Sequence[Said]:
        """The same again."""
        self.repeated = True
        return ((self._op, self._body),)


class Unheeded:
    """A call whose answer changes nothing, and that need not be said again."""

    lasting = False

    def ok(self, body: msgspec.Raw) -> bool:
        """Well."""
        return True

    def event(self, body: msgspec.Raw) -> bool:
        """None are expected."""
        return False

    def failed(self, error: GatepostError) -> None:
        """Be it so."""

    def again(self) -> Sequence[Said]:
        """Nothing."""
        return ()


class Asking:
    """A submission followed until its outcome or `needs_input`."""

    __slots__ = ("_submission", "outcome", "receipt", "received")

    def __init__(self, submission: Submission) -> None:
        self._submission = submission
        self.receipt: Receipt | None = None
        self.received: asyncio.Future[Receipt] | None = None
        loop = asyncio.get_running_loop()
        self.outcome: asyncio.Future[MessageView | None] = loop.create_future()

    @property
    def lasting(self) -> bool:
        """From the receipt on, the wait is the caller's."""
        return self.receipt is not None

    def ok(self, body: msgspec.Raw) -> bool:
        """The receipt; on a second line, that the message is followed again."""
        if self.receipt is None:
            self.receipt = _RECEIPT.decode(body)
            if self.received is not None and not self.received.done():
                self.received.set_result(self.receipt)
        return False

    def event(self, body: msgspec.Raw) -> bool:
        """What it waited for."""
        view = _VIEW.decode(body)
        if not self.outcome.done():
            self.outcome.set_result(view)
        return view.state in OUTCOMES

    def failed(self, error: GatepostError) -> None:
        """Refused."""
        waited: asyncio.Future[Any] = self.received or self.outcome
        if not waited.done():
            waited.set_exception(error)

    def time_up(self) -> None:
        """Wait no longer for the outcome."""
        if not self.outcome.done():
            self.outcome.set_result(None)

    def again(self) -> Sequence[Said]:
        """Repeat the submission, or follow its message."""
        if self.receipt is None:
            return (("ask", repeated(self._submission)),)
        return (("watch", Watch(self.receipt.id, every=False)),)


class Watching:
    """A message watched.

    `seen` gets every view, `ended` why no more will come (None after an outcome).
    """

    __slots__ = ("_ended", "_every", "_id", "_seen", "lasting")

    def __init__(
        self,
        message: str,
        every: bool,
        seen: Callable[[MessageView], None],
        ended: Callable[[GatepostError | None], None],
    ) -> None:
        self._id = message
        self._every = every
        self._seen = seen
        self._ended = ended
        self.lasting = False

    def ok(self, body: msgspec.Raw) -> bool:
        """It is followed, as long as the caller wants."""
        self.lasting = True
        return False

    def event(self, body: msgspec.Raw) -> bool:
        """A view."""
        view = _VIEW.decode(body)
        self._seen(view)
        if view.state not in OUTCOMES:
            return False
        self._ended(None)
        return True

    def failed(self, error: GatepostError) -> None:
        """Not, or no longer."""
        self._ended(error)

    def again(self) -> Sequence[Said]:
        """Follow it again."""
        return (("watch", Watch(self._id, self._every)),)
