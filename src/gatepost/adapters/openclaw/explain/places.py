"""Where OpenClaw looks for its configuration, release by release, and where its gateway listens.

The environment names it, or it lies in a directory under the home directory. Older releases also
look under the names the project had before, and obey the variables of that time.
"""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gatepost.adapters.openclaw.explain.json5 import Node

FILE = "openclaw.json"
DIRECTORY = ".openclaw"
PORT = 18789
"""Where a gateway listens when nothing says otherwise."""
ONCE = ("clawdbot", "moldbot", "moltbot")
"""Names of the project before; newer releases know the first alone."""


@dataclass(frozen=True, slots=True)
class Place:
    """A path that OpenClaw would read, and what led there."""

    path: str
    because: str


def candidates(environ: Mapping[str, str], home: str, *, old: bool) -> Iterator[Place]:
    """Paths in the order they are tried: the first that exists counts, else the first of all.

    `home` is the user's home directory where the environment names none.
    """
    own = _home(environ, home)
    for name in _variables("CONFIG_PATH", old=old):
        if named := environ.get(name, "").strip():
            yield Place(_expanded(named, own), name)
            return
    names = (FILE, *(f"{once}.json" for once in _once(old=old)))
    for variable in _variables("STATE_DIR", old=old):
        if state := environ.get(variable, "").strip():
            yield from (Place(f"{_expanded(state, own)}/{name}", variable) for name in names)
            break
    for directory in (DIRECTORY, *(f".{once}" for once in _once(old=old))):
        yield from (Place(posixpath.join(own, directory, name), "home") for name in names)


def include_roots(environ: Mapping[str, str], home: str, path: str) -> list[str]:
    """Directories that files named by `$include` may lie in."""
    own = _home(environ, home)
    named = environ.get("OPENCLAW_INCLUDE_ROOTS", "").split(":")
    roots = [_expanded(one.strip(), own) for one in named if one.strip()]
    return [posixpath.dirname(path), *roots]


def port(tree: Node | None, environ: Mapping[str, str]) -> int:
    """Where the gateway of a configuration listens on this machine."""
    named = environ.get("OPENCLAW_GATEWAY_PORT", "").strip()
    found = tree.at("gateway", "port") if tree else None
    written = found.value if found and isinstance(found.value, int) else 0
    at = int(named) if named.isascii() and named.isdecimal() and len(named) < 6 else written
    return at if 0 < at < 65536 else PORT


def _home(environ: Mapping[str, str], home: str) -> str:
    plain = next(
        (at for name in ("HOME", "USERPROFILE") if (at := environ.get(name, "").strip())), home
    )
    named = environ.get("OPENCLAW_HOME", "").strip()
    return posixpath.abspath(_expanded(named, plain) if named else plain)


def _expanded(path: str, home: str) -> str:
    if path == "~" or path.startswith("~/"):
        path = home + path[1:]
    return posixpath.abspath(path)


def _variables(name: str, *, old: bool) -> tuple[str, ...]:
    return (f"OPENCLAW_{name}", f"CLAWDBOT_{name}") if old else (f"OPENCLAW_{name}",)


def _once(*, old: bool) -> tuple[str, ...]:
    return ONCE if old else ONCE[:1]
