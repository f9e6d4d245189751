"""`python faulty.py FAULT …` is `gatepost …` on a machine whose fault the file FAULT names.

`full` and `broken` are what a disk says to a commit, `mistake` is one of ours in the middle of a
step. Without the file nothing is wrong.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import apsw

from gatepost.__main__ import main
from gatepost.core.message import Receipt, Submission
from gatepost.errors import GatepostError
from gatepost.node.desk import Desk
from gatepost.store.writer import ThreadCommitter

FAULT = Path(sys.argv.pop(1))
DISK = {
    "full": apsw.FullError("database or disk is full"),
    "broken": apsw.IOError("disk I/O error"),
}
run, submit = ThreadCommitter.run, Desk.submit


def fault() -> str:
    return FAULT.read_text() if FAULT.exists() else ""


def faulty_run(
    self: ThreadCommitter, commit: Callable[[], None], done: Callable[[Exception | None], None]
) -> None:
    def broken() -> None:
        raise DISK[fault()]

    run(self, broken if fault() in DISK else commit, done)


def faulty_submit(
    self: Desk, submission: Submission, done: Callable[[Receipt | GatepostError], None]
) -> None:
    submit(self, submission, done)
    if fault() == "mistake":
        raise ValueError("half a step")


ThreadCommitter.run = faulty_run
Desk.submit = faulty_submit

if __name__ == "__main__":
    main()
