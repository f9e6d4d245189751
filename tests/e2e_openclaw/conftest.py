"""The release under test, the model, and one gateway that all tests of a run share."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e_openclaw.gateway import Config, Gateway, config, free_port, gateway
from tests.e2e_openclaw.install import OpenClaw, openclaw
from tests.e2e_openclaw.model import Model, model

RELEASE = "E2E_OPENCLAW"
OLD = "2026.3.13"
BOXED = "boxed"
AGENTS = ("aialfred", "aialfred-pa", "researcher")


@pytest.fixture(scope="session")
def release() -> OpenClaw:
    """The newest release, or the one the environment names."""
    return openclaw(os.environ.get(RELEASE, "latest"))


@pytest.fixture(scope="session")
def obedient() -> Iterator[Model]:
    with model() as made:
        yield made


@dataclass
class Field:
    """A gateway with three agents, and `gatepost openclaw` as its operator types it."""

    gateway: Gateway
    fresh: Config
    old: bool

    def config(self, **parts: Any) -> Config:
        """The fresh configuration with some parts of it laid over."""
        return _over(self.fresh, parts)

    def gatepost(self, line: str, **environ: str) -> tuple[int, Any]:
        """The exit code of `gatepost openclaw LINE --json`, and what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "gatepost", "openclaw", *line.split(), "--json"],
            env={**self.gateway.environ, **environ}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        return done.returncode, json.loads(done.stdout or done.stderr)


@pytest.fixture(scope="session")
def field(
    release: OpenClaw, obedient: Model, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Field]:
    root: Path = tmp_path_factory.mktemp("gateway") / "one"
    root.mkdir()
    old = release.version == OLD
    boxed: Config = {"sandbox": {"mode": "all"}}
    agents: Config = {"list": [*({"id": one} for one in AGENTS), {"id": BOXED, **boxed}]}
    if not old:  # newer releases look for themselves in docker; a shell elsewhere is enough here
        ssh = {"target": "nobody@127.0.0.1", "workspaceRoot": str(root / "remote")}
        boxed["sandbox"] |= {"backend": "ssh", "ssh": {**ssh, "command": str(root / "bin/ssh")}}
        entries = {**{one: {} for one in AGENTS}, BOXED: boxed}
        agents = {"ownership": "explicit", "entries": entries}
    fresh = config(obedient.url, free_port(), agents, root)
    fresh["meta"] = {"lastTouchedVersion": release.version}
    with gateway(release, root, fresh) as running:
        yield Field(running, fresh, old)


def _over(base: Config, parts: Config) -> Config:
    made = dict(base)
    for key, value in parts.items():
        inner = base.get(key)
        made[key] = _over(inner, value) if isinstance(inner, dict) and value else value
    return made
