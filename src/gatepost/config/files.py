"""Writes files so that a crash leaves the old one or the new one, never half of either.

A new text goes to a temporary file beside the old one, is fsynced, takes its place, and the
directory is fsynced too. `editing` keeps two commands from changing the same home at once;
`replace` refuses when the file is no longer the one that was read, so what an editor saved
meanwhile is never lost.
"""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from gatepost.config.paths import Layout
from gatepost.config.sources import read_document
from gatepost.core.origin import Document
from gatepost.errors import GatepostError


@contextmanager
def editing(places: Layout) -> Generator[None]:
    """Hold the right to edit this home; raises `config.changed` when another command has it."""
    try:
        places.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(places.run / "edit.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as wrong:
        raise _unwritable(places.home, wrong) from wrong
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as busy:
        os.close(descriptor)
        what = "another command is changing the files of this node"
        raise GatepostError("config.changed", what=what) from busy
    try:
        yield
    finally:
        os.close(descriptor)


def replace(path: Path, old: Document, new: Document) -> None:
    """Write `new` where `old` was read from; raises `config.changed` when it has changed since."""
    if read_document(path) != old:
        what = f"{path.name} was changed by somebody else meanwhile; nothing was written"
        raise GatepostError("config.changed", what=what, where=path.name)
    write(path, new.text)


def write(path: Path, text: str) -> None:
    """Write a file whole, for this user alone; an existing one keeps its mode."""
    target = path.resolve()  # a link stays a link
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
    temporary = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
        _sync(target.parent)
    except OSError as wrong:
        temporary.unlink(missing_ok=True)
        raise _unwritable(target.parent, wrong) from wrong


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unwritable(directory: Path, wrong: OSError) -> GatepostError:
    why = (wrong.strerror or str(wrong)).lower()
    what = f"{directory} cannot be written"
    return GatepostError("home.unwritable", what=what, why=why, home=str(directory))
