"""The suite's agent as a command: `command.py once|stay GATES LEDGER`. Standard library only."""

import contextlib
import json
import os
import signal
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from steps import Ledger, artifact, parse, wait_at

WORDS = {"done": "done", "decline": "declined", "fail": "failed"}


class Ended(Exception):
    """The run is over."""


class Conversation:
    """One run."""

    def __init__(self, message: dict, gates: str, ledger: Ledger) -> None:
        self.message = message
        self.run = message["run"]
        self.replies: list[str] = []
        self.replied = threading.Semaphore(0)
        self.over = False
        self._gates = gates
        self._ledger = ledger

    def work(self) -> None:
        self._ledger.write("start", self.run, self.message["id"])
        with contextlib.suppress(Ended):
            for word, rest in parse(self.message["text"]):
                self._step(word, rest)
        self._ledger.write("end", self.run, self.message["id"])

    def say(self, kind: str, text: str = "", parts: list | None = None) -> None:
        if self.over:
            raise Ended
        self.over = kind in WORDS.values()
        line = {"type": kind, "run": self.run, "text": text, "parts": parts or []}
        print_line(json.dumps(line))

    def _step(self, word: str, rest: str) -> None:
        if self.replies:
            rest = rest.replace("$", self.replies[-1])
        if word == "ask":
            self.say("needs_input", rest)
            self.replied.acquire()
        elif word == "gate":
            self.say("progress", f"at {rest}")
            wait_at(self._gates, rest)
        elif word == "artifact":
            self.say("artifact", parts=artifact(rest))
        elif word == "echo":
            self.say("done", parts=self.message["parts"])
        elif word in WORDS:
            self.say(WORDS[word], rest)
        elif word == "progress":
            self.say("progress", rest)
        else:
            misbehave(word, rest, self.run)


def print_line(line: str) -> None:
    os.write(1, line.encode() + b"\n")


def misbehave(word: str, rest: str, run: str) -> None:
    """Everything an agent should not do."""
    if word == "crash":
        print("out of order", file=sys.stderr, flush=True)
        os._exit(int(rest or 3))
    elif word == "garbage":
        print_line(rest or "Hello, I am not JSON")
    elif word == "flood":
        line = json.dumps({"type": "progress", "run": run, "text": "x" * 60_000})
        while True:
            print_line(line)
    elif word == "noise":
        while True:
            os.write(2, b"noise" * 10_000)
    elif word == "long":
        os.write(1, b'{"type":"progress","text":"' + b"x" * (2 << 20))
        threading.Event().wait()
    elif word == "torn":
        os.write(1, b'{"type":"done","text":"no newline"}')
        os._exit(0)
    elif word == "hang":
        threading.Event().wait()
    elif word == "deaf":
        pass  # said in the message's labels; see `main`
    elif word == "quiet":
        os._exit(0)
    elif word == "environment":
        kept = dict(os.environ)
        print_line(json.dumps({"type": "done", "parts": [{"type": "json", "data": kept}]}))
    elif word == "family":
        # A helper that goes on by itself, as a careless agent would leave it.
        if os.fork() == 0:
            with open(os.path.join(sys.argv[2], rest), "wb"):
                print_line(json.dumps({"type": "progress", "run": run, "text": "two of us"}))
                threading.Event().wait()
    else:
        raise ValueError(f"unknown step {word}")


def main() -> None:
    mode, gates, ledger = sys.argv[1], sys.argv[2], Ledger(sys.argv[3])
    runs: dict[str, Conversation] = {}
    for raw in iter(sys.stdin.buffer.readline, b""):
        line = json.loads(raw)
        if line["type"] == "message":
            if "deaf" in line["text"]:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            one = runs[line["run"]] = Conversation(line, gates, ledger)
            after = os._exit if mode == "once" and "linger" not in line["text"] else None
            threading.Thread(target=work, args=(one, after), daemon=True).start()
        elif line["type"] == "input":
            one = runs[line["run"]]
            one.replies.append(line["text"])
            one.replied.release()
        elif line["type"] == "cancel" and mode == "stay" and line["run"] in runs:
            one = runs[line["run"]]
            if not one.over and "deaf" not in one.message["text"]:
                one.say("failed", "cancelled")


def work(one: Conversation, after) -> None:
    one.work()
    if after is not None:
        after(0)


if __name__ == "__main__":
    main()
