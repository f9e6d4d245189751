"""Reads OpenClaw's files from the disk: the configuration, what it includes, which release is here.

The reading half of this room; everything it reads is handed to the pure half. It never writes and
never starts a program. Every way a file can be unreadable is an error that names the file.
"""

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from gatepost.adapters.openclaw.explain.configuration import Configuration, read, touched
from gatepost.adapters.openclaw.explain.includes import Inclusion, NotIncluded, included
from gatepost.adapters.openclaw.explain.json5 import Node, NotJson5, parse
from gatepost.adapters.openclaw.explain.places import Place, candidates, include_roots
from gatepost.adapters.openclaw.explain.release import NEW, Release, release
from gatepost.errors import GatepostError

LARGEST = 4 * 1024 * 1024
"""Bytes of one file; OpenClaw's own bound for an included one is half of it."""


@dataclass(frozen=True, slots=True)
class Source:
    """A configuration that was read: its path, what led there, and what tells its release.

    `baseline` is the hash a change sent to the gateway must name, when the gateway was asked;
    `elsewhere` is True for a file that OpenClaw would not find by itself.
    """

    path: str
    because: str
    configuration: Configuration
    basis: str
    baseline: str = ""
    elsewhere: bool = False


class _Package(msgspec.Struct):
    name: str = ""
    version: str = ""


def source(environ: Mapping[str, str], config: str = "", version: str = "") -> Source:
    """Read the configuration `config`, or the one OpenClaw would find, as `version` reads it.

    Without `version` it is the one that wrote the file last, else the one that is installed, else
    the newest that is known. Raises `openclaw.no_config`, `openclaw.config_invalid` and
    `openclaw.version_unknown`.
    """
    named = _named(version) if version else None
    path, because = (os.path.abspath(config), "--config") if config else _found(environ, named)
    tree = _tree(path, environ)
    like, basis = _like(named, tree, environ, here=not config)
    elsewhere = bool(config) and path not in _paths(environ, named)
    return Source(path, because, read(tree, like, environ), basis, elsewhere=elsewhere)


def installed(environ: Mapping[str, str]) -> str:
    """The version of the `openclaw` that the shell would start, or nothing."""
    program = shutil.which("openclaw", path=environ.get("PATH", ""))
    for directory in Path(program).resolve().parents if program else ():
        try:
            package = msgspec.json.decode((directory / "package.json").read_bytes(), type=_Package)
        except (OSError, msgspec.MsgspecError):
            continue
        if package.name == "openclaw":
            return package.version
    return ""


def _named(version: str) -> Release:
    found = release(version)
    if found is None:
        what = f"`{version[:40]}` is no version of OpenClaw; one looks like {NEW.name}"
        raise GatepostError("openclaw.version_unknown", what=what)
    return found


def _places(environ: Mapping[str, str], like: Release | None) -> list[Place]:
    """The names older releases look for include those of newer ones, in the same order."""
    old = like is None or not like.keyed
    return list(candidates(environ, str(Path.home()), old=old))


def _paths(environ: Mapping[str, str], like: Release | None) -> list[str]:
    """The file OpenClaw would find, or none."""
    return [place.path for place in _places(environ, like) if Path(place.path).exists()][:1]


def _found(environ: Mapping[str, str], like: Release | None) -> tuple[str, str]:
    places = _places(environ, like)
    for place in places:
        if Path(place.path).exists():
            return place.path, place.because
    tried = ", ".join(place.path for place in places[:3])
    raise GatepostError("openclaw.no_config", what=f"no file {tried}", where=places[0].path)


def _like(
    named: Release | None, tree: Node, environ: Mapping[str, str], *, here: bool
) -> tuple[Release, str]:
    if named:
        return named, "--gateway-version"
    if found := release(touched(tree)):
        return found, "meta.lastTouchedVersion"
    if here and (found := release(installed(environ))):
        return found, "installed"
    return NEW, "the newest known; --gateway-version names another"


def _tree(path: str, environ: Mapping[str, str]) -> Node:
    roots = include_roots(environ, str(Path.home()), path)
    real = [os.path.realpath(root) for root in roots]

    def one(inner: str) -> Node:
        resolved = os.path.realpath(inner)
        if not any(os.path.commonpath((root, resolved)) == root for root in real):
            raise _invalid(inner, f"it leads outside of {roots[0]}")
        return _parsed(inner)

    try:
        tree = included(_parsed(path), path, Inclusion(roots, one))
    except NotIncluded as wrong:
        raise _invalid(wrong.where, str(wrong)) from wrong
    if not isinstance(tree.value, dict):
        raise _invalid(path, "it holds no object")
    return tree


def _parsed(path: str) -> Node:
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError as wrong:
        raise GatepostError("openclaw.no_config", what=f"no file {path}", where=path) from wrong
    except OSError as wrong:
        raise _invalid(path, (wrong.strerror or str(wrong)).lower()) from wrong
    if len(data) > LARGEST:
        raise _invalid(path, f"it is larger than {LARGEST // 1024 // 1024} MiB")
    try:
        return parse(data.decode("utf-8", "replace"), path)
    except NotJson5 as wrong:
        raise _invalid(f"{path}:{wrong.line}", f"{wrong}, column {wrong.column}") from wrong


def _invalid(where: str, why: str) -> GatepostError:
    return GatepostError(
        "openclaw.config_invalid", what=f"{where} cannot be read", why=why, where=where
    )
