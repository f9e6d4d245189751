"""A specialist that investigates a log.

A real process, no model, nothing but Python: run it behind the `process` adapter.

    gatepost agents add specialist --adapter process --command "python3 examples/specialist.py"

It reads one message from stdin (newline-delimited JSON) with a log attached, and goes backwards
from the first error: which earlier lines speak of the same rare things (a file, a row, an amount)?
The rarer what a warning shares, the likelier it is the cause; what it names is followed in turn.
It says how it gets on and answers with a summary in words and the finding as JSON.

With `--ledger FILE` it writes down, on disk, each run it begins and ends: that file, and not the
node, is the witness of what ran. `--slow SECONDS` makes it take its time, so that something can
happen to the node meanwhile.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass

LINE = re.compile(r"(?P<at>\S+ \S+) (?P<level>[A-Z]+)\s+(?P<step>[\w-]+): (?P<text>.*)")
THING = re.compile(r"[a-z][a-z-]{4,}[a-z]|\d{3,}")
RELATED = 0.5
"""How much two lines must share: of things that occur in n lines, each counts 1/n."""


@dataclass(frozen=True)
class Entry:
    """One line of the log."""

    line: int
    at: str
    level: str
    step: str
    text: str

    @property
    def things(self) -> set[str]:
        """What it speaks of: words, names and numbers."""
        return set(THING.findall(self.text.lower()))


def say(kind: str, **what: object) -> None:
    """One event to the node."""
    print(json.dumps({"type": kind, **what}), flush=True)


def note(ledger: str, event: str, message: dict) -> None:
    """One line of the ledger, on disk before anything else happens."""
    if not ledger:
        return
    body = json.dumps(message["parts"], sort_keys=True).encode()
    line = {
        "event": event,
        "message": message["id"],
        "run": message["run"],
        "body": hashlib.sha256(body).hexdigest(),
    }
    file = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(file, (json.dumps(line) + "\n").encode())
    os.fsync(file)
    os.close(file)


def read_log(message: dict) -> list[Entry]:
    """The lines of the first attached file that can be read as a log."""
    for part in message["parts"]:
        if part["type"] != "file":
            continue
        text = base64.b64decode(part["data"]).decode("utf-8", "replace")
        read = [(n, LINE.fullmatch(line)) for n, line in enumerate(text.splitlines(), 1)]
        entries = [Entry(n, *match.groups()) for n, match in read if match]
        if entries:
            return entries
    return []


def trace(log: list[Entry], end: Entry) -> list[Entry]:
    """From an error back to its beginning: each time the earlier warning that shares most."""
    frequency = Counter(thing for entry in log for thing in entry.things)
    chain = [end]
    while True:
        here = chain[-1]
        shared = [
            (sum(1 / frequency[thing] for thing in entry.things & here.things), entry)
            for entry in log
            if entry.line < here.line and entry.level == "WARN"
        ]
        best, entry = max(shared, key=lambda one: one[0], default=(0.0, here))
        if best < RELATED:
            return chain[::-1]
        chain.append(entry)


def timeline(log: list[Entry]) -> list[dict]:
    """Each step: when it was first heard of, when last, how many warnings, and how it ended."""
    steps: dict[str, list[Entry]] = {}
    for entry in log:
        steps.setdefault(entry.step, []).append(entry)
    ends = {"INFO": "ended", "WARN": "ended", "ERROR": "failed"}
    return [
        {
            "step": step,
            "from": said[0].at,
            "to": said[-1].at,
            "warnings": sum(entry.level == "WARN" for entry in said),
            "end": "skipped" if said[0].text.startswith("skipped") else ends[said[-1].level],
        }
        for step, said in steps.items()
    ]


def investigate(log: list[Entry]) -> dict:
    """What failed, why, on which lines that can be seen, and what to do about it."""
    steps = timeline(log)
    errors = [entry for entry in log if entry.level == "ERROR"]
    if not errors:
        return {"failed": False, "timeline": steps}
    chain = trace(log, errors[0])
    cause, failed = chain[0], chain[-1]
    origin = [e for e in log if e.line < cause.line and e.step == cause.step and "opens" in e.text]
    evidence = [*origin[-1:], *chain]
    return {
        "failed": True,
        "step": failed.step,
        "cause": asdict(cause),
        "evidence": [asdict(entry) for entry in evidence],
        "skipped": [one["step"] for one in steps if one["end"] == "skipped"],
        "timeline": steps,
        "suggestion": f"mend the input of {cause.step}, then run again from {cause.step} on",
    }


def summary(found: dict) -> str:
    """The finding in words."""
    if not found["failed"]:
        return f"Nothing failed in {len(found['timeline'])} steps."
    first, last = found["cause"], found["evidence"][-1]
    lines = [f"`{found['step']}` failed at {last['at']} (line {last['line']}): {last['text']}."]
    if first == last:
        lines.append("No earlier line speaks of the same thing: the cause is in the step itself.")
    else:
        lines.append(f"The cause came earlier, in `{first['step']}`:")
        lines += [f"  line {one['line']}: {one['text']}" for one in found["evidence"][:-1]]
    if found["skipped"]:
        lines.append(f"Without its output {', '.join(found['skipped'])} were skipped.")
    return "\n".join([*lines, f"Suggestion: {found['suggestion']}."])


def main() -> int:
    """Serve one message."""
    parser = argparse.ArgumentParser(description="investigates a log")
    parser.add_argument("--ledger", default="", help="where to write down each run")
    parser.add_argument("--slow", type=float, default=0.0, help="seconds to take over it")
    options = parser.parse_args()
    message = json.loads(sys.stdin.readline())
    note(options.ledger, "start", message)
    log = read_log(message)
    if not log:
        note(options.ledger, "end", message)
        say("declined", text="there is no log attached that I can read")
        return 0
    say("progress", text=f"read {len(log)} lines, looking for the first failure")
    time.sleep(options.slow)
    found = investigate(log)
    if found["failed"]:
        say(
            "progress",
            text=f"`{found['step']}` failed; {len(found['evidence'])} lines belong to it",
        )
    note(options.ledger, "end", message)
    say("done", text=summary(found), parts=[{"type": "json", "data": found}])
    return 0


if __name__ == "__main__":
    sys.exit(main())
