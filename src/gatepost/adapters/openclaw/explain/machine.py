"""Gathers the surroundings of a configuration: processes, service files, the port, the container.

Reads `/proc` and service files and tries one connection on loopback. It starts no program, changes
nothing, and of other processes' environments keeps only what OpenClaw reads.
"""

import re
import shlex
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path

from gatepost.adapters.openclaw.explain.configuration import Configuration
from gatepost.adapters.openclaw.explain.files import installed
from gatepost.adapters.openclaw.explain.places import candidates, port
from gatepost.adapters.openclaw.explain.surroundings import Gateway, Service, Surroundings

PATIENCE = 0.5
"""Seconds for a connection on loopback."""

_OURS = re.compile(r"(OPENCLAW|CLAWDBOT)_|(HOME|USERPROFILE|PATH)$")
_PROGRAM = re.compile(r"openclaw(\.mjs|-gateway|\.js)?$|clawdbot(\.mjs)?$")
_ENVIRONMENT = re.compile(r"^Environment=(.*)$", re.MULTILINE)
_LARGEST = 256 * 1024


def surroundings(
    given: Configuration, environ: Mapping[str, str], root: Path = Path("/")
) -> Surroundings:
    """Look around. `root` is where `/proc`, `/run` and `/etc` are found."""
    at = port(given.tree, environ)
    home = Path(environ.get("HOME") or Path.home())
    return Surroundings(
        environ=_kept(environ),
        gateways=tuple(_gateways(root, str(home))),
        services=tuple(_services(root, home)),
        container=_container(root, environ),
        systemd=(root / "run/systemd/system").exists(),
        seen=(root / "proc/self").exists(),
        port=at,
        answers=_answers(at),
        installed=installed(environ),
    )


def _gateways(root: Path, home: str) -> Iterator[Gateway]:
    for place in sorted((root / "proc").glob("[0-9]*"), key=lambda one: int(one.name)):
        command = _words(place / "cmdline")
        if not _is_gateway(command):
            continue
        pairs = (one.partition("=") for one in _words(place / "environ"))
        environ = _kept({name: value for name, _, value in pairs})
        parent = _parent(place)
        known = _words(root / "proc" / str(parent) / "cmdline") if parent else ()
        if not _is_gateway(known):  # a launcher that waits for its child is no gateway of its own
            config = _config(environ, home) if environ else ""
            yield Gateway(int(place.name), command, environ, config, parent, known)


def _is_gateway(command: tuple[str, ...]) -> bool:
    """`node …/openclaw.mjs gateway run`, or the title the process gives itself."""
    names = [word.rpartition("/")[2] for word in command]
    if names and names[0].endswith("-gateway") and _PROGRAM.match(names[0]):
        return True
    at = next((n for n, name in enumerate(names[:3]) if _PROGRAM.match(name)), len(names))
    rest = list(command[at + 1 :])
    while rest and rest[0].startswith("-"):  # an option of the program, perhaps with its value
        rest = rest[1:] if "gateway" in rest[1:2] else rest[2:]
    verb = rest[1] if len(rest) > 1 else "run"
    return rest[:1] == ["gateway"] and (verb == "run" or verb.startswith("-"))


def _words(path: Path) -> tuple[str, ...]:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST)
    except OSError:
        return ()
    words = (word.strip() for word in data.decode("utf-8", "replace").split("\0"))
    return tuple(
        word for word in words if word
    )  # a title is written over what was there, in blanks


def _parent(place: Path) -> int:
    try:
        status = (place / "status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    found = re.search(r"^PPid:\s*(\d+)$", status, re.MULTILINE)
    return int(found[1]) if found else 0


def _services(root: Path, home: Path) -> Iterator[Service]:
    for directory in (home / ".config/systemd/user", root / "etc/systemd/system"):
        for path in sorted(directory.glob("openclaw*.service")):
            texts = [_text(one) for one in (path, *sorted(Path(f"{path}.d").glob("*.conf")))]
            pairs = [word for text in texts for word in _settings(text)]
            environ = _kept({"HOME": str(home), **dict(one.split("=", 1) for one in pairs)})
            yield Service(str(path), environ, _config(environ, str(home)))


def _settings(text: str) -> Iterator[str]:
    for line in _ENVIRONMENT.findall(text):
        try:
            yield from (word for word in shlex.split(line) if "=" in word)
        except ValueError:
            continue  # systemd would not read this line either


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""


def _config(environ: Mapping[str, str], home: str) -> str:
    places = [place.path for place in candidates(environ, home, old=False)]
    return next((path for path in places if Path(path).exists()), places[0])


def _container(root: Path, environ: Mapping[str, str]) -> str:
    if environ.get("KUBERNETES_SERVICE_HOST"):
        return "pod"
    marks = ((".dockerenv", "container"), ("run/.containerenv", "container"))
    return next((kind for name, kind in marks if (root / name).exists()), "")


def _kept(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if _OURS.match(name)}


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE):
            return True
    except OSError:
        return False
