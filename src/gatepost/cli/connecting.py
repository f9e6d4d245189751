"""`gatepost openclaw connect`: a gateway's agents get the tools and can be reached; and back.

What is going to change is shown first; what was there before is kept beside it.
"""

import difflib
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatepost.cli.agreeing import agreed, put_aside
from gatepost.cli.call import Call
from gatepost.cli.command import command
from gatepost.core.views import AgentSpec, AgentView
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from gatepost.adapters.openclaw.connecting import Gateway
    from gatepost.adapters.openclaw.explain.files import Source

Agents = Annotated[
    str,
    typer.Option("--agents", metavar="IDS", help="Only these, separated by commas. Default: all."),
]
Config = Annotated[
    str,
    typer.Option("--config", metavar="FILE", help="OpenClaw's file. Default: where it finds it."),
]
Program = Annotated[
    str,
    typer.Option("--program", metavar="PATH", help="OpenClaw's command. Default: openclaw."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking.")]


def register(noun: typer.Typer) -> None:
    """Add connect, disconnect and status to the noun."""
    command(noun, "connect", "openclaw connect", "openclaw connect --agents main,researcher")(
        connect
    )
    command(noun, "disconnect", "openclaw disconnect")(disconnect)
    command(noun, "status", "openclaw status")(status)


def connect(
    call: Call, agents: Agents = "", config: Config = "", program: Program = "", yes: Yes = False
) -> None:
    """Give the agents of this machine's OpenClaw gateway the tools, and make them reachable here.

    Adds each agent to this node (a rule still says who may reach it), installs the plugin in the
    running gateway, and asks a question in both directions before it says that it is done.
    """
    from gatepost.adapters.openclaw.connecting import PLUGIN, Wish, page

    read, gateway = _gateway(config, program)
    chosen = _chosen(read, agents)
    known = {view.address: view for view in call.as_operator(lambda one: one.agents())}
    for name in chosen:
        _fits(known.get(name), name)
    was = read.configuration.tree.at("plugins", "entries", PLUGIN)
    before = _plain(was)
    wish = Wish(str(call.layout().agent_socket), dict.fromkeys(chosen, "…"))
    change = difflib.unified_diff(
        page(before), page(wish.settings()), read.path, read.path, lineterm="", n=3
    )
    call.screen.say("", *(list(change) or ["the settings stay as they are"]), "")
    new = [name for name in chosen if name not in known]
    if new:
        call.screen.labelled("adds", f"{', '.join(new)} to this node")
    if not yes and not agreed(call, read.path):
        call.screen.say("nothing was changed")
        return
    _add(call, read, new)
    kept = put_aside(Path(read.path))
    tokens = {name: (call.layout().tokens / name).read_text().strip() for name in chosen}
    gateway.settle(Wish(wish.socket, tokens))
    gateway.install()
    _prove(read, chosen)
    call.screen.data(
        {"connected": list(chosen), "backup": str(kept)},
        [f"connected  {', '.join(chosen)}  each with tools of its own, asked in both directions"],
    )
    call.hint("undo", "gatepost openclaw disconnect")
    call.hint("next", f"gatepost policy grant 'AGENT@PEER' ask {chosen[0]}")


def disconnect(call: Call, config: Config = "", program: Program = "", yes: Yes = False) -> None:
    """Take the plugin out of the gateway, and the gateway's agents off this node."""
    read, gateway = _gateway(config, program)
    url = _url(read)
    mine = [
        view.address
        for view in call.as_operator(lambda one: one.agents())
        if view.adapter == "openclaw"
    ]
    call.screen.labelled("takes", f"the plugin out of {read.path}")
    if mine:
        call.screen.labelled("takes", f"{', '.join(mine)} off this node")
    if not yes and not agreed(call, read.path):
        call.screen.say("nothing was changed")
        return
    gateway.remove()
    for name in mine:
        call.as_operator(lambda one, name=name: one.remove_agent(name))
    call.screen.data({"disconnected": mine, "gateway": url}, [f"disconnected  {url}"])
    call.hint("undo", "gatepost openclaw connect")


def status(call: Call, config: Config = "") -> None:
    """Which agents of the gateway have the tools, and which can be reached."""
    from gatepost.adapters.openclaw.connecting import PLUGIN
    from gatepost.adapters.openclaw.explain.agents import roster

    read = _read(config)
    given = read.configuration.tree.at("plugins", "entries", PLUGIN, "config", "agents")
    tools = set(given.members()) if given else set[str]()
    known = {
        view.address: view.attached or view.adapter or "polls"
        for view in call.as_operator(lambda one: one.agents())
    }
    names = roster(read.configuration.tree, read.configuration.release).ids
    rows = [
        {"agent": name, "tools": name in tools, "reached": known.get(name, "")} for name in names
    ]
    lines = [
        f"{row['agent']}  {'tools' if row['tools'] else 'no tools'}  "
        f"{row['reached'] or 'not an agent of this node'}"
        for row in rows
    ]
    call.screen.data(rows, lines)


def _read(config: str) -> "Source":
    from gatepost.adapters.openclaw.explain.files import source
    from gatepost.config.sources import environment

    return source(environment(), config)


def _gateway(config: str, program: str) -> "tuple[Source, Gateway]":
    from gatepost.adapters.openclaw.connecting import Gateway
    from gatepost.config.sources import environment

    environ = environment()
    found = shutil.which(program or "openclaw", path=environ.get("PATH"))
    if found is None:
        what = f"there is no command `{program or 'openclaw'}`"
        raise GatepostError("openclaw.failed", what=what, why="name it with --program")
    return _read(config), Gateway(found, environ)


def _chosen(read: "Source", agents: str) -> tuple[str, ...]:
    from gatepost.adapters.openclaw.explain.agents import roster

    there = roster(read.configuration.tree, read.configuration.release).ids
    wished = tuple(one.strip() for one in agents.split(",") if one.strip()) or there
    for name in wished:
        if name not in there:
            raise GatepostError(
                "agent.unknown",
                what=f"the gateway has no agent `{name}`",
                why=f"known: {', '.join(there)}",
                agent=name,
                known=" ".join(there),
            )
    return wished


def _fits(view: AgentView | None, name: str) -> None:
    if view is not None and view.adapter != "openclaw":
        how = view.adapter or "polling"
        raise GatepostError(
            "agent.exists", what=f"`{name}` is an agent of this node already ({how})", agent=name
        )


def _add(call: Call, read: "Source", names: list[str]) -> None:
    from gatepost.adapters.openclaw.explain.live import credential
    from gatepost.config.sources import environment

    token = credential(read.configuration.tree, environment())
    for name in names:
        spec = AgentSpec(name=name, adapter="openclaw", url=_url(read), secret=token, remote=name)
        call.as_operator(lambda one, spec=spec: one.add_agent(spec))


def _prove(read: "Source", names: tuple[str, ...]) -> None:
    """The gateway knows each agent's tools, and they reach the node."""
    from gatepost.adapters.openclaw.connecting import probe
    from gatepost.adapters.openclaw.explain.live import credential
    from gatepost.config.sources import environment

    token = credential(read.configuration.tree, environment())
    for name in names:
        probe(_url(read), token, name)


def _url(read: "Source") -> str:
    from gatepost.adapters.openclaw.explain.live import address
    from gatepost.config.sources import environment

    return address(read.configuration.tree, environment())


def _plain(node: object) -> object:
    from gatepost.adapters.openclaw.explain.json5 import Node, plain

    return plain(node) if isinstance(node, Node) else None
