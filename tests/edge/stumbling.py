"""`python stumbling.py TRAP …` is `gatepost …` with mistakes in it, while the file TRAP exists.

A message from a peer that asks for "stumble" breaks its step off after it was half written; so does
one of an agent here with that label. What is to be posted to a webhook breaks the task that posts.
"""

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from gatepost.__main__ import main
from gatepost.adapters.webhook.errand import Errand
from gatepost.adapters.webhook.post import Answer
from gatepost.core.entry import Message
from gatepost.core.journal.incoming import Taken
from gatepost.core.message import Receipt, Submission
from gatepost.errors import GatepostError
from gatepost.node.delivery import Delivery
from gatepost.node.desk import Desk
from gatepost.node.exchange import Exchange

TRAP = Path(sys.argv.pop(1))
decide, submit, work = Delivery.decide, Desk.submit, Errand.work


def stumbling_decide(self: Delivery, exchange: Exchange, taken: Taken) -> None:
    decide(self, exchange, taken)
    entry = taken.arrived.entry
    if isinstance(entry, Message) and entry.done_when == "stumble" and TRAP.exists():
        raise ValueError("half a step \x1b[2J")


def stumbling_submit(
    self: Desk, submission: Submission, done: Callable[[Receipt | GatepostError], None]
) -> None:
    submit(self, submission, done)
    if "stumble" in submission.labels and TRAP.exists():
        raise ValueError("half a step")


async def stumbling_work(self: Errand, post: Callable[[bytes], Awaitable[Answer]]) -> None:
    if TRAP.exists():
        raise ValueError("half a step")
    await work(self, post)


Delivery.decide = stumbling_decide
Errand.work = stumbling_work
Desk.submit = stumbling_submit

if __name__ == "__main__":
    main()
