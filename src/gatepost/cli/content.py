"""What a person gives to say: words, stdin, files; and what comes back as files.

A single `-`, or no words while a program writes to our stdin, means the text is stdin. A file's
name and media type are guesses for the other side; its size is judged by the node.
"""

import mimetypes
import sys
from collections.abc import Sequence
from pathlib import Path

from gatepost.cli.clean import clean_label
from gatepost.core.message import Content, Data, File, Text
from gatepost.errors import GatepostError

MOST = 8 * 1024 * 1024  # far above what any node takes; keeps a device from being read for ever


def parts(words: Sequence[str], attach: Sequence[str]) -> tuple[Content, ...]:
    """The parts of a message. Raises `usage.invalid` without any, or for an unreadable file."""
    text = _text(words, bool(attach))
    said: list[Content] = [Text(text)] if text else []
    said += [_file(Path(name)) for name in attach]
    if not said:
        raise GatepostError(
            "usage.invalid", what="there is nothing to say", why="no text, no stdin, no --attach"
        )
    return tuple(said)


def save(found: Sequence[Content], directory: str) -> list[Path]:
    """Write the files and JSON values of `found` into `directory`, replacing no file."""
    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    return [_keep(target, *_bytes(part)) for part in found if isinstance(part, File | Data)]


def _text(words: Sequence[str], attached: bool) -> str:
    if list(words) == ["-"] or (not words and not attached and not sys.stdin.isatty()):
        return stdin()
    return " ".join(words)


def stdin() -> str:
    """All of stdin as text. Raises `usage.invalid` when it is none."""
    data = sys.stdin.buffer.read(MOST + 1)
    if len(data) > MOST:
        raise GatepostError("message.too_large", what="stdin holds more than any message may")
    try:
        return data.decode().rstrip("\n")
    except UnicodeDecodeError as error:
        raise GatepostError(
            "usage.invalid",
            what="stdin is not text",
            why="it is not UTF-8; give a file with --attach",
        ) from error


def _file(path: Path) -> File:
    try:
        with path.open("rb") as source:
            data = source.read(MOST + 1)
    except OSError as error:
        raise GatepostError(
            "usage.invalid",
            what=f"--attach {path} cannot be read",
            why=error.strerror or str(error),
        ) from error
    if len(data) > MOST:
        raise GatepostError("message.too_large", what=f"{path} is larger than any message may be")
    media, encoding = mimetypes.guess_type(path.name)
    known = media if media and not encoding else "application/octet-stream"
    return File(data=data, name=path.name, media=known)


def _bytes(part: File | Data) -> tuple[str, bytes]:
    if isinstance(part, File):
        return clean_label(part.name), part.data
    return "data.json", bytes(part.data) + b"\n"


def _keep(target: Path, name: str, data: bytes) -> Path:
    stem, suffix = Path(name).stem, Path(name).suffix
    for n in range(1, 1000):
        path = target / (name if n == 1 else f"{stem}-{n}{suffix}")
        try:
            with path.open("xb") as sink:
                sink.write(data)
        except FileExistsError:
            continue
        return path
    raise GatepostError("usage.invalid", what=f"{target} holds a thousand files called {name}")
