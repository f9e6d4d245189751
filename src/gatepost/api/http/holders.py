"""Who held each agent's mailbox last, across restarts of the node.

A client whose link broke claims again. It may say of a run it never saw that it did not run only
when nobody else can have been given it meanwhile: when it was the last to hold the mailbox, and
nobody polled since. So the last holders are kept in a small file beside the sockets. It is not
synced: what a kill cannot take away is enough, for a power cut ends the clients too. The same
client claiming twice takes the mailbox over from its own dead socket.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from gatepost.errors import GatepostError

POLLS = "polls"
_FILE = msgspec.json.Decoder(dict[str, str])


class Holders:
    """The last holder of each mailbox, by the name its client gave itself."""

    def __init__(self) -> None:
        self._file: Path | None = None
        self._last: dict[str, str] = {}
        self._let_go: dict[str, tuple[str, Callable[[], None]]] = {}

    def keep_in(self, file: Path) -> None:
        """Keep them in `file` from now on, and take up what stands there."""
        self._file = file
        try:
            self._last = _FILE.decode(file.read_bytes())
        except (FileNotFoundError, msgspec.DecodeError):
            self._last = {}

    def polled(self, agent: str) -> None:
        """Somebody polls for this agent: no client is alone with its runs any more."""
        self._held_by(agent, POLLS)

    def take_over(self, agent: str, client: str) -> None:
        """Make a claim this same client still seems to hold give way."""
        name, let_go = self._let_go.get(agent, ("", None))
        if let_go is not None and client and name == client:
            del self._let_go[agent]
            let_go()

    def claimed(self, agent: str, client: str, let_go: Callable[[], None]) -> bool:
        """Note a claim just made; returns whether `client` was the last holder already.

        Raises `home.unwritable`: a claim that cannot be noted must not stand.
        """
        sole = bool(client) and self._last.get(agent) == client
        self._held_by(agent, client)
        self._let_go[agent] = (client, let_go)
        return sole

    def _held_by(self, agent: str, client: str) -> None:
        if self._last.get(agent) == client:
            return
        last = self._last | {agent: client}
        if self._file is not None:
            _write(self._file, msgspec.json.encode(last))
        self._last = last


def _write(file: Path, data: bytes) -> None:
    new = file.with_name(file.name + ".new")
    try:
        new.write_bytes(data)
        new.chmod(0o600)
        new.replace(file)
    except OSError as fault:
        where = str(file.parent)
        raise GatepostError("home.unwritable", why=str(fault), home=where) from fault
