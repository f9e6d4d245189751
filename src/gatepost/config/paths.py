"""Where a node lives: the home directory, what lies in it, and whether it can be used.

Paths are computed, created with narrow modes, and checked here, and nowhere else. Secrets and
sockets are for this user alone: directories 0700, files 0600. A Unix socket's path may have 107
bytes; where the home directory is too long for that, the sockets move to the runtime directory,
under a name made from the home's path. Which directory that is depends on how one logged in, so the
node leaves a note in its home, and commands follow the note.
"""

import hashlib
import os
import stat
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

import msgspec
import platformdirs

from gatepost.errors import GatepostError

SOCKET_BYTES = 107
_LONGEST_SOCKET = "operator.sock"
_NOTE = "sockets"


class Layout(msgspec.Struct, frozen=True):
    """The places of one node. `home` is absolute; `sockets` may lie elsewhere, see above."""

    home: Path
    sockets: Path

    @property
    def config(self) -> Path:
        """The settings."""
        return self.home / "gatepost.toml"

    @property
    def policy(self) -> Path:
        """The operator's rules."""
        return self.home / "policy.toml"

    @property
    def grants(self) -> Path:
        """The rules commands made."""
        return self.home / "grants.toml"

    @property
    def keys(self) -> Path:
        """The directory of private keys."""
        return self.home / "keys"

    @property
    def database(self) -> Path:
        """The node's database."""
        return self.home / "node.db"

    @property
    def run(self) -> Path:
        """What a running node leaves: tokens, evidence of runs, locks."""
        return self.home / "run"

    @property
    def tokens(self) -> Path:
        """The directory of tokens, one file for each agent."""
        return self.run / "tokens"

    @property
    def pause(self) -> Path:
        """While this file exists the node is paused."""
        return self.home / "PAUSE"

    @property
    def agent_socket(self) -> Path:
        """The socket agents speak to."""
        return self.sockets / "agent.sock"

    @property
    def operator_socket(self) -> Path:
        """The socket the operator speaks to."""
        return self.sockets / _LONGEST_SOCKET


def select_home(flag: str, environ: Mapping[str, str]) -> Path:
    """The home directory: `--home`, else GATEPOST_HOME, else this user's data directory."""
    chosen = flag or environ.get("GATEPOST_HOME", "")
    path = Path(chosen).expanduser() if chosen else Path(platformdirs.user_data_dir("gatepost"))
    return Path(os.path.abspath(path))


def layout(home: Path, anew: bool = False) -> Layout:
    """The places of the node that lives in `home`.

    With `anew` its sockets lie where this process would put them, whatever the note says.
    """
    home = Path(os.path.abspath(home))
    inside = home / "run"
    if _fits(inside):
        return Layout(home, inside)
    noted = None if anew else _noted(inside)
    if noted is not None:
        return Layout(home, noted)
    name = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    for root in _runtime_roots():
        if _fits(root / name):
            return Layout(home, root / name)
    raise GatepostError(
        "home.unwritable",
        what="no directory has a path short enough for a socket",
        why=f"a socket's path may have {SOCKET_BYTES} bytes",
        home=str(home),
    )


def _noted(run: Path) -> Path | None:
    try:
        noted = Path((run / _NOTE).read_text(encoding="utf-8"))
    except OSError:
        return None
    return noted if noted.is_absolute() and _fits(noted) else None


def _fits(directory: Path) -> bool:
    return len(os.fsencode(directory / _LONGEST_SOCKET)) <= SOCKET_BYTES


def _runtime_roots() -> tuple[Path, ...]:
    # The second is a directory of our own in the common temporary one: `create` refuses it unless
    # it belongs to this user alone.
    own = Path(tempfile.gettempdir()) / f"gatepost-{os.getuid()}"
    with warnings.catch_warnings():  # that there is none for this login is no news to a user
        warnings.simplefilter("ignore")
        return Path(platformdirs.user_runtime_dir("gatepost")), own


def create(places: Layout) -> None:
    """Make the directories, for this user alone; raises `home.unwritable`."""
    for directory in (places.home, places.keys, places.run, places.tokens):
        _make(directory, places.home)
    make_sockets(places)


def make_sockets(places: Layout) -> None:
    """Make the directory of the sockets, which a reboot may have taken away."""
    _make(places.run, places.home)
    if places.sockets != places.run:
        # Both levels lie outside the home, perhaps in a directory anybody may write to.
        for directory in (places.sockets.parent, places.sockets):
            _make(directory, places.home)
            _only_ours(directory, places.home)
        (places.run / _NOTE).write_text(str(places.sockets), encoding="utf-8")


def _make(directory: Path, home: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as wrong:
        raise _unwritable(directory, home, wrong) from wrong


def _only_ours(directory: Path, home: Path) -> None:
    found = directory.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    if not ours or found.st_mode & 0o077:
        raise GatepostError(
            "home.exposed",
            what=f"the socket directory {directory} is not this user's alone",
            where=str(directory),
            home=str(directory),
        )


def check(places: Layout) -> None:
    """Raise what keeps this home from use: `home.missing`, `.unwritable`, `.exposed`."""
    home = places.home
    if not places.config.is_file():
        raise GatepostError(
            "home.missing", what=f"there is no node in {home}", where=str(home), home=str(home)
        )
    for directory in (home, places.keys, places.run):
        if directory.is_dir():
            _check_writable(directory, home)
    for path in exposed(places):
        mode = stat.S_IMODE(path.lstat().st_mode)
        raise GatepostError(
            "home.exposed",
            what=f"others can reach {path}",
            why=f"its mode is {mode:04o}",
            where=str(path),
            home=str(home),
        )


def exposed(places: Layout) -> tuple[Path, ...]:
    """The directories and secret files of this home that others than its owner can use."""
    suspects = [places.home, places.keys, places.run, places.tokens, places.sockets]
    for directory in (places.keys, places.tokens):
        if directory.is_dir():
            suspects.extend(sorted(directory.iterdir()))
    found = (path for path in suspects if path.exists() and _open_to_others(path))
    return tuple(dict.fromkeys(found))


def _open_to_others(path: Path) -> bool:
    return bool(path.lstat().st_mode & 0o077)


def _check_writable(directory: Path, home: Path) -> None:
    # `os.access` asks what the kernel would say, also for read-only mounts; mode bits alone lie.
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
        raise _unwritable(directory, home, PermissionError(13, "Permission denied"))


def _unwritable(directory: Path, home: Path, wrong: OSError) -> GatepostError:
    return GatepostError(
        "home.unwritable",
        what=f"{directory} cannot be written",
        why=(wrong.strerror or str(wrong)).lower(),
        where=str(directory),
        home=str(home),
    )
