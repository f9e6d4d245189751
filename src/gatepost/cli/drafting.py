"""A draft of a policy file: begun from the file, changed in an editor, taken only when it is whole.

The draft lies beside the file until it is taken or emptied of changes, so nothing that was typed is
lost by a mistake in it. Beside it lies the text it was begun from: a file that was changed
meanwhile is never overwritten. What an edit replaced is kept for one way back.
"""

import shlex
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from gatepost.config.files import editing, replace, write
from gatepost.config.paths import Layout
from gatepost.config.sources import policy_documents, read_document
from gatepost.core.origin import Document
from gatepost.errors import GatepostError

EDITORS = ("VISUAL", "EDITOR")
FALLBACK = "vi"
Judge = Callable[[Sequence[Document]], object]


class Draft:
    """The draft of one file of the policy, `policy.toml` or `grants.toml`."""

    def __init__(self, places: Layout, path: Path) -> None:
        self._places = places
        self._file = path
        self.path = path.with_name(f"{path.name}.draft")
        self._base = places.run / f"{path.name}.base"
        self._before = places.run / f"{path.name}.before"
        self._after = places.run / f"{path.name}.after"

    @property
    def begun(self) -> bool:
        """Whether there is one from before."""
        return self.path.exists() and self._base.exists()

    def begin(self, anew: bool = False) -> None:
        """Begin from the file, unless there is one; `anew` throws that away."""
        if anew or not self.begun:
            now = read_document(self._file, "policy.invalid")
            write(self._base, now.text)
            write(self.path, now.text)

    def change(self, environ: Mapping[str, str]) -> None:
        """Let a person change it. Raises `usage.invalid` when there is no editor or it fails."""
        chosen = next((environ[name] for name in EDITORS if environ.get(name)), FALLBACK)
        try:
            words = [*shlex.split(chosen), str(self.path)]
            done = subprocess.run(words, check=False)  # noqa: S603 - the person's own editor
        except (OSError, ValueError) as wrong:
            raise GatepostError(
                "usage.invalid",
                what=f"the editor `{chosen}` cannot be started",
                why=f"{wrong}; set EDITOR to one that can",
                command="policy edit",
            ) from wrong
        if done.returncode:
            raise GatepostError(
                "usage.invalid",
                what=f"the editor `{chosen}` ended with {done.returncode}; nothing was saved",
                command="policy edit",
            )

    def take(self, judge: Judge) -> tuple[Document, Document] | None:
        """Put it in place of the file once `judge` is content; the texts before and after.

        None when it says what the file says. Raises what `judge` does, and `config.changed` when
        the file is no longer the one it was begun from.
        """
        new = Document(self._file.name, read_document(self.path, "policy.invalid").text)
        base = Document(self._file.name, read_document(self._base, "policy.invalid").text)
        if new == base:
            self.drop()
            return None
        with editing(self._places):
            documents = policy_documents(self._places)
            if base not in documents:
                raise GatepostError(
                    "config.changed",
                    what=f"{self._file.name} was changed by somebody else since this was begun",
                    why="`gatepost policy edit --anew` begins from the file as it is now",
                    where=self._file.name,
                )
            judge([new if one.name == new.name else one for one in documents])
            replace(self._file, base, new)
            self.remember(base.text, new.text)
        self.drop()
        return base, new

    def remember(self, before: str, after: str) -> None:
        """Keep the one way back from a change of the file."""
        write(self._before, before)
        write(self._after, after)

    def back(self, judge: Judge) -> tuple[Document, Document]:
        """Bring back the text before the last change.

        Raises `usage.invalid` when there is none, `config.changed` when another came after it.
        """
        if not self._before.exists():
            raise GatepostError(
                "usage.invalid", what="there is no edit to take back", command="policy edit"
            )
        old, now = (
            Document(self._file.name, read_document(kept, "policy.invalid").text)
            for kept in (self._before, self._after)
        )
        with editing(self._places):
            judge([old if one.name == old.name else one for one in policy_documents(self._places)])
            replace(self._file, now, old)
            self.remember(now.text, old.text)
        return now, old

    def drop(self) -> None:
        """Throw it away."""
        self.path.unlink(missing_ok=True)
        self._base.unlink(missing_ok=True)
