"""Two real nodes, paired over TLS: `main@home` asks, an echo at lab answers.

The echo is either the built-in one inside node lab or a long-running child process behind the
`process` adapter.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from bench.child import python
from bench.orders import Target
from bench.product.node import GatepostNode
from bench.stage import Nodes

_ECHO = ("agents", "add", "echo", "--concurrent", "1024")


@contextmanager
def two_nodes(work: Path) -> Generator[tuple[GatepostNode, GatepostNode], None, None]:
    """home and lab, running and paired, with an agent `main` at home."""
    home, lab = GatepostNode("home", work), GatepostNode("lab", work)
    try:
        home.start()
        lab.start()
        home.pair(lab)
        home.command("agents", "add", "main")
        yield home, lab
    finally:
        home.stop()
        lab.stop()


@contextmanager
def echo_inside(work: Path) -> Generator[Nodes, None, None]:
    """The echo runs inside node lab."""
    with _asking(work, lambda lab: lab.command(*_ECHO, "--adapter", "echo")) as nodes:
        yield nodes


@contextmanager
def echo_behind_a_process(work: Path) -> Generator[Nodes, None, None]:
    """The echo is one long-running child of node lab."""
    command = shlex.join(python("bench.product.echo_agent"))

    stays = ("--adapter", "process", "--mode", "stay", "--command", command)
    with _asking(work, lambda lab: lab.command(*_ECHO, *stays)) as nodes:
        yield nodes


@contextmanager
def _asking(work: Path, add_echo: Callable[[GatepostNode], object]) -> Generator[Nodes, None, None]:
    with two_nodes(work) as (home, lab):
        add_echo(lab)
        target = Target(home=str(home.home), address=f"echo@{lab.name}")
        yield Nodes((home.pid,), (lab.pid,), target)
