"""What the webhook adapter must find again after a crash.

Which runs it began to post, and which the agent took.

One file a run: `NAME.begun` before the first request, renamed to `NAME.taken` after an answer that
took it.
"""

from pathlib import Path

from gatepost.adapters.house import name_of
from gatepost.core.message import Run

_BEGUN = ".begun"
_TAKEN = ".taken"


class Marks:
    """The marks of one agent's runs."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def begin(self, run: Run) -> None:
        """From now on the agent may have it."""
        self._path(run, _BEGUN).touch(mode=0o600)

    def take(self, run: Run) -> None:
        """The agent said that it has it."""
        self._path(run, _BEGUN).replace(self._path(run, _TAKEN))

    def forget(self, run: Run) -> None:
        """The run is over."""
        for suffix in (_BEGUN, _TAKEN):
            self._path(run, suffix).unlink(missing_ok=True)

    def evidence(self, run: Run) -> str:
        """What a former life left: "running", "none", or "" for no mark."""
        if self._path(run, _TAKEN).exists():
            return "running"
        return "none" if self._path(run, _BEGUN).exists() else ""

    def since(self, run: Run) -> int:
        """When a run that was taken was begun, in ms."""
        return self._path(run, _TAKEN).stat().st_mtime_ns // 1_000_000

    def sweep(self, kept: list[Run]) -> None:
        """Remove the marks of all runs but these."""
        names = {name_of(run) for run in kept}
        for suffix in (_BEGUN, _TAKEN):
            for path in self._directory.glob(f"*{suffix}"):
                if path.name.removesuffix(suffix) not in names:
                    path.unlink()

    def _path(self, run: Run, suffix: str) -> Path:
        return self._directory / f"{name_of(run)}{suffix}"
