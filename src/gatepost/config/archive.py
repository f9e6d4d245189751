"""Writes a few texts as one archive: new, for this user alone, and whole or not at all."""

import io
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

from gatepost.errors import GatepostError


def write_archive(path: Path, texts: Mapping[str, str], made: int) -> None:
    """Write `texts` by name as a gzipped tar; `made` (ms) is their time.

    Raises `home.unwritable`, also when there is such a file already.
    """
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for name, text in sorted(texts.items()):
            content = text.encode()
            entry = tarfile.TarInfo(f"gatepost-bundle/{name}")
            entry.size, entry.mtime, entry.mode = len(content), made // 1000, 0o600
            archive.addfile(entry, io.BytesIO(content))
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data.getvalue())
    except OSError as wrong:
        why = (wrong.strerror or str(wrong)).lower()
        raise GatepostError(
            "home.unwritable", what=f"{path} cannot be written", why=why, home=str(path.parent)
        ) from wrong
