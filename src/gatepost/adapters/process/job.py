"""A run in the hands of the process adapter.

Who does it, what it was asked, and why it will have failed.
"""

from typing import Protocol

from gatepost.adapters.telling import Telling
from gatepost.core.message import Content, Run, Text, UpdateIn
from gatepost.ports import Timer


class Holder(Protocol):
    """The child that does a run."""

    def supply(self, job: "Job", parts: tuple[Content, ...]) -> None:
        """Bring the sender's reply to an open question."""
        ...

    def cancel(self, job: "Job", reason: str) -> None:
        """Ask the run to stop; a child that does nothing else is stopped."""
        ...

    def hang(self, job: "Job", code: str, text: str) -> None:
        """The run must end: stop the command, for this reason."""
        ...

    def refused(self, job: "Job", code: str, text: str) -> None:
        """The node will never take what the run said."""
        ...

    def over(self, job: "Job") -> None:
        """Nothing more is told of the run."""
        ...


class Job:
    """One run. `verdict` is (code, text): how it ends when its command ends without a word."""

    __slots__ = (
        "early_input",
        "holder",
        "inputs",
        "last_input",
        "printed",
        "questions",
        "run",
        "telling",
        "timer",
        "verdict",
    )

    def __init__(self, run: Run) -> None:
        self.run = run
        self.telling: Telling
        self.holder: Holder | None = None
        self.questions = 0
        """Questions the node has."""
        self.inputs = 0
        """Replies the command was given."""
        self.last_input = ""
        """Digest of the last of them."""
        self.early_input = b""
        """A reply to a question that is still to be told again."""
        self.printed = 0
        self.verdict: tuple[str, str] | None = None
        self.timer: Timer | None = None

    def judge(self, code: str, text: str) -> None:
        """Remember why it will have failed, unless that is known."""
        self.verdict = self.verdict or (code, text)

    def fail(self, code: str, text: str) -> None:
        """It failed, for a reason of the catalogue."""
        self.telling.say(UpdateIn(id=self.run.id, kind="failed", reason=code, parts=(Text(text),)))

    def close(self) -> None:
        """Say nothing more of it, and let its time run."""
        self.telling.close()
        if self.timer is not None:
            self.timer.cancel()
