"""Stands in for docker: containers that exist, say that they run, and run nothing.

Started as `docker.py FOLDER VERB …`; each container is a file with its labels. Enough for a gateway
to take a session for sandboxed; a command inside a container would find nothing.
"""

import json
import sys
from pathlib import Path


def main(folder: Path, verb: str, *words: str) -> int:
    """Do one docker command."""
    folder.mkdir(exist_ok=True)
    given = [words[at + 1] for at, word in enumerate(words) if word == "--label"]
    if verb == "create":
        name = words[words.index("--name") + 1]
        labels = dict(one.split("=", 1) for one in given)
        (folder / name).write_text(json.dumps(labels))
    elif verb == "inspect":
        if not (folder / words[-1]).exists():
            print(f"Error: No such object: {words[-1]}", file=sys.stderr)
            return 1
        labels = json.loads((folder / words[-1]).read_text())
        quoted = words[1].split('"')
        print(labels.get(quoted[1], "") if len(quoted) > 1 else "true")
    elif verb == "rm":
        (folder / words[-1]).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
