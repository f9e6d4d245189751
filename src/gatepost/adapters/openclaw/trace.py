"""What the adapter must find again after a crash: under which key a run was given to the gateway.

One small file a run, written before the gateway is called. A run without one was never given.
"""

from pathlib import Path

import msgspec

from gatepost.adapters.house import name_of
from gatepost.core.message import Run

_SUFFIX = ".turn"


class Trace(msgspec.Struct, frozen=True):
    """The `turn`-th turn made of a run, in the gateway's life `boot`; `since` is its begin, in ms.

    `asked` says that the agent asked back: the run waits for its sender. `reply` is what the sender
    answered, when that is what the turn is about.
    """

    turn: int
    boot: str
    since: int
    asked: bool = False
    reply: str = ""


class Traces:
    """The traces of one agent's runs."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def keep(self, run: Run, trace: Trace) -> None:
        """Write the trace of a run; from now on the gateway may have it."""
        keep(self._path(run), trace)

    def read(self, run: Run) -> Trace | None:
        """The trace of a run, if there is one."""
        try:
            return msgspec.json.decode(self._path(run).read_bytes(), type=Trace)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def forget(self, run: Run) -> None:
        """The run is over."""
        self._path(run).unlink(missing_ok=True)

    def sweep(self, kept: list[Run]) -> None:
        """Remove the traces of all runs but these."""
        names = {self._path(run).name for run in kept}
        for path in self._directory.glob(f"*{_SUFFIX}*"):
            if path.name not in names:
                path.unlink()

    def _path(self, run: Run) -> Path:
        return self._directory / f"{name_of(run)}{_SUFFIX}"


def keep(path: Path, kept: msgspec.Struct) -> None:
    """Write a file for this user alone: whole, or as it was."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_bytes(msgspec.json.encode(kept))
    fresh.chmod(0o600)
    fresh.replace(path)
