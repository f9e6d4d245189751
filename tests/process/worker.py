"""An agent for crash runs: one process that serves many runs, and writes down every start and end.

Its ledger is the independent witness: one line `start|end MESSAGE RUN REDELIVERED`, on disk before
anything is answered. It outlives the node that started it.
"""

import json
import os
import random
import sys
import threading


def main() -> None:
    """Serve runs from stdin to stdout until the end of input."""
    ledger = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    longest = float(sys.argv[2])
    chance = random.Random(int(sys.argv[3]))
    lock = threading.Lock()

    def note(word: str, line: dict[str, object]) -> None:
        text = f"{word} {line['id']} {line['run']} {bool(line.get('redelivered'))}\n"
        os.write(ledger, text.encode())

    def answer(line: dict[str, object]) -> None:
        note("end", line)
        reply = {"type": "done", "run": line["run"], "text": f"did {line.get('text', '')}"}
        with lock:
            sys.stdout.write(json.dumps(reply) + "\n")
            sys.stdout.flush()

    for raw in sys.stdin:
        line = json.loads(raw)
        if line["type"] == "message":
            note("start", line)
            delay = chance.random() * longest
            worker = threading.Timer(delay, answer, [line]) if delay > 0.001 else None
            if worker is None:
                answer(line)
            else:
                worker.start()
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join()


if __name__ == "__main__":
    main()
