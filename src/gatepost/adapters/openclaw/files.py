"""Files of a message, into the workspace of the agent that gets it, under names of our making."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from gatepost.adapters.openclaw.wording import digest
from gatepost.core.message import File

FOLDER = "gatepost"
_ENDING = re.compile(r"\.[A-Za-z0-9]{1,8}\Z")


def hand_over(files: Sequence[File], workspace: str) -> dict[str, str]:
    """Write each file once; where it lies, by its digest.

    Empty when there is no place for them: the workspace is unknown, or on another machine.
    """
    folder = Path(workspace) / FOLDER
    if not workspace or not folder.parent.is_dir():
        return {}
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        return {digest(file): str(_write(folder, file)) for file in files}
    except OSError:
        return {}  # the message says of each that it was not handed over


def _write(folder: Path, file: File) -> Path:
    ending = _ENDING.search(file.name)
    path = folder / f"{digest(file)}{ending.group() if ending else ''}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
    with os.fdopen(os.open(path, flags, 0o600), "wb") as out:
        out.write(file.data)
    return path
