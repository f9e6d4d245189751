"""A specialist that investigates a log.

A real process, no model: run it behind the `process` adapter.

    gatepost agents add specialist --adapter process --command "python3 examples/specialist.py"

It reads one message from stdin (newline-delimited JSON), looks for the first failing step in the
log that came with it, goes back to what that step's input was made of, says how it gets on, and
answers with a summary in words and the finding as JSON. With `--ledger FILE` it writes down, on
disk, each run it begins and ends: that file, not the node, is the witness of what ran.
"""

import argparse
import base64
import json
import os
import re
import sys
import time

LINE = re.compile(r"^(?P<at>\S+ \S+) (?P<level>\w+)\s+(?P<step>[\w-]+): (?P<text>.*)$")


def say(kind: str, **what: object) -> None:
    """One event to the node."""
    print(json.dumps({"type": kind, **what}), flush=True)


def note(ledger: str, event: str, message: dict[str, object]) -> None:
    """One line of the ledger, on disk before anything else happens."""
    if not ledger:
        return
    file = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    line = {"event": event, "message": message["id"], "run": message["run"]}
    os.write(file, (json.dumps(line) + "\n").encode())
    os.fsync(file)
    os.close(file)


def log_of(message: dict[str, object]) -> list[dict[str, str]]:
    """The lines of the attached log, read."""
    parts = message.get("parts")
    for part in parts if isinstance(parts, list) else []:
        if part.get("type") == "file":
            text = base64.b64decode(part["data"]).decode("utf-8", "replace")
            found = [(number, LINE.match(line)) for number, line in enumerate(text.splitlines(), 1)]
            return [{"line": str(n), **match.groupdict()} for n, match in found if match]
    return []


def investigate(log: list[dict[str, str]]) -> dict[str, object]:
    """The first error, its steps, and the warning before it that speaks of the same thing."""
    errors = [line for line in log if line["level"] == "ERROR"]
    if not errors:
        return {"failed": False, "summary": "nothing failed"}
    first = errors[0]
    words = set(re.findall(r"[a-z]{5,}", first["text"].lower()))
    before = [line for line in log if int(line["line"]) < int(first["line"])]
    related = [
        line
        for line in before
        if line["level"] == "WARN" and words & set(re.findall(r"[a-z]{5,}", line["text"].lower()))
    ]
    cause = related[-1] if related else first
    near = [line for line in before if line["step"] == cause["step"] and "opens" in line["text"]]
    skipped = sorted({line["step"] for line in errors if line["text"].startswith("skipped")})
    return {
        "failed": True,
        "step": first["step"],
        "error": f"{first['line']}: {first['text']}",
        "cause": f"{cause['line']}: {cause['step']}: {cause['text']}",
        "evidence": [f"{line['line']}: {line['text']}" for line in (*near[-1:], cause, first)],
        "skipped": skipped,
        "suggestion": f"mend the input of {cause['step']}, then run from {first['step']} on",
    }


def summary(found: dict[str, object]) -> str:
    """The finding in words."""
    if not found["failed"]:
        return str(found["summary"])
    skipped = found["skipped"]
    later = f"{len(skipped)} later steps had no input." if isinstance(skipped, list) else ""
    return (
        f"`{found['step']}` failed (line {found['error']}).\n"
        f"The cause came earlier (line {found['cause']}).\n"
        f"{later} Suggestion: {found['suggestion']}."
    )


def main() -> int:
    """Serve one message."""
    parser = argparse.ArgumentParser(description="investigates a log")
    parser.add_argument("--ledger", default="", help="where to write down each run")
    parser.add_argument("--slow", type=float, default=0.0, help="seconds to take over it")
    options = parser.parse_args()
    message = json.loads(sys.stdin.readline())
    note(options.ledger, "start", message)
    log = log_of(message)
    if not log:
        say("declined", reason="there is no log attached that I can read")
        note(options.ledger, "end", message)
        return 0
    say("progress", text=f"read {len(log)} lines, looking for the first failure")
    time.sleep(options.slow)
    found = investigate(log)
    note(options.ledger, "end", message)
    say("done", parts=[{"type": "text", "text": summary(found)}, {"type": "json", "data": found}])
    return 0


if __name__ == "__main__":
    sys.exit(main())
