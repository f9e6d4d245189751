"""The echo behind the `process` adapter: a message a line on stdin, its own text back on stdout.

Written as a user would write it, with nothing but the standard library.
"""

from __future__ import annotations

import json
import sys


def main() -> None:
    """Answer each message until stdin closes; a cancel comes too late for an echo."""
    for line in sys.stdin:
        said = json.loads(line)
        if said["type"] == "message":
            answer = {"type": "done", "run": said["run"], "text": said["text"]}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
