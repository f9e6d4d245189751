"""Agents: who is here, who is there, and how an agent of this node is woken."""

import shlex
from typing import Annotated, Literal

import typer

from gatepost.cli import clients
from gatepost.cli import options as opt
from gatepost.cli.call import Call
from gatepost.cli.command import command, group
from gatepost.cli.near import nearest
from gatepost.cli.pages import node as page
from gatepost.cli.question import VERBS
from gatepost.cli.times import seconds
from gatepost.core.views import AgentSpec
from gatepost.errors import GatepostError

Name = Annotated[str, typer.Argument(metavar="NAME", help="The agent's name.", show_default=False)]
How = Annotated[
    Literal["none", "echo", "process", "webhook", "openclaw"] | None,
    typer.Option(
        "--adapter",
        metavar="none|echo|process|webhook|openclaw",
        help="How it is woken. Default: process with --command, webhook with --url, openclaw with "
        "--openclaw, else none.",
    ),
]
Program = Annotated[
    str,
    typer.Option("--command", metavar="COMMAND", help="process: what to run, quoted as one word."),
]
Mode = Annotated[
    Literal["once", "stay"],
    typer.Option(
        "--mode", metavar="once|stay", help="process: one run each message, or one that stays."
    ),
]
Url = Annotated[
    str, typer.Option("--url", metavar="URL", help="webhook: where messages are posted.")
]
SecretFile = Annotated[
    str,
    typer.Option("--secret-file", metavar="FILE", help="webhook: the secret that signs the posts."),
]
OpenClaw = Annotated[
    str,
    typer.Option(
        "--openclaw", metavar="URL", help="openclaw: the gateway, like ws://127.0.0.1:18789."
    ),
]
TokenFile = Annotated[
    str,
    typer.Option("--token-file", metavar="FILE", help="openclaw: the gateway's token."),
]
Remote = Annotated[
    str,
    typer.Option("--agent-id", metavar="ID", help="openclaw: its id there. Default: its name."),
]
About = Annotated[str, typer.Option("--about", metavar="TEXT", help="One line on what it is for.")]
Concurrent = Annotated[int, typer.Option("--concurrent", metavar="N", help="Runs at a time.")]
RunTime = Annotated[
    str,
    typer.Option(
        "--run-time", metavar="TIME", help="Stop a run after this long, like 10m. Default: never."
    ),
]
SafeToRepeat = Annotated[
    bool,
    typer.Option("--safe-to-repeat", help="A run whose end is not known may be run again."),
]
Client = Annotated[
    str,
    typer.Option(
        "--client",
        metavar="CLIENT",
        help="Give the agent its tools in claude-code, codex, cursor, gemini or vscode (MCP).",
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Write the client's settings without asking.")]


def register(app: typer.Typer) -> None:
    """Add `agents` to the command line."""
    noun = group("agents", "Who is here, who is there.")
    command(
        noun, "list", "agents list", "agents list specialist --can ask", "agents list --peer lab"
    )(listed)
    command(
        noun,
        "add",
        "agents add main",
        'agents add specialist --command "python agent.py" --about "reads log files"',
        "agents add bot --url https://bot.example/hook --secret-file bot.secret",
        "agents add researcher --openclaw ws://127.0.0.1:18789 --token-file gateway.token",
        "agents add parrot --adapter echo",
        "agents add coder --client claude-code",
    )(add)
    command(noun, "remove", "agents remove specialist")(remove)
    app.add_typer(noun)


def listed(
    call: Call,
    query: Annotated[
        str, typer.Argument(metavar="[QUERY]", help="A word of its name or description.")
    ] = "",
    can: Annotated[
        str,
        typer.Option(
            "--can", metavar="VERB", help="Only those that may be reached by send, ask or delegate."
        ),
    ] = "",
    peer: Annotated[
        str,
        typer.Option(
            "--peer", metavar="PEER", help="Ask this peer which of its agents we may see."
        ),
    ] = "",
    limit: opt.Limit = 50,
) -> None:
    """The agents of this node, or those a peer lets us see."""
    if can and can not in VERBS:
        near = nearest(can, VERBS)
        why = f"did you mean {near[0]}?" if near else f"there are {', '.join(VERBS)}"
        raise GatepostError("usage.invalid", what=f"there is no verb `{can}`", why=why)
    if peer:
        views = call.as_operator(lambda operator: operator.remote_agents(peer))
    else:
        views = call.as_operator(
            lambda operator: operator.agents(query=query, can=can, limit=limit)
        )
    call.screen.data(views, page.agents(views, peer))
    if not views and not (query or peer or can):
        call.hint("next", "gatepost agents add NAME")


def add(
    call: Call,
    name: Name,
    adapter: How = None,
    program: Program = "",
    mode: Mode = "once",
    url: Url = "",
    secret_file: SecretFile = "",
    openclaw: OpenClaw = "",
    token_file: TokenFile = "",
    agent_id: Remote = "",
    about: About = "",
    concurrent: Concurrent = 4,
    run_time: RunTime = "",
    safe_to_repeat: SafeToRepeat = False,
    client: Client = "",
    yes: Yes = False,
) -> None:
    """Add an agent to this node. Without an adapter it polls: `gatepost inbox --as NAME`."""
    if client:
        clients.client(client)
    spec = AgentSpec(
        name=name,
        adapter=_adapter(adapter, program, url, openclaw),
        about=about,
        command=_command(program),
        mode=mode,
        url=url or openclaw,
        secret=_secret(secret_file or token_file),
        remote=agent_id,
        concurrent=concurrent,
        run_seconds=round(seconds(run_time, "--run-time")) if run_time else 0,
        safe_to_repeat=safe_to_repeat,
    )
    try:
        view = call.as_operator(lambda operator: operator.add_agent(spec))
    except GatepostError as error:
        if not client or error.code != "agent.exists":
            raise
        call.screen.labelled("agent", f"{name} is there already")
    else:
        call.screen.data(view, page.agent(view))
        if not (client or spec.adapter):
            call.hint("next", f"gatepost inbox --as {name}")
        call.hint("undo", f"gatepost agents remove {name}")
    if client:
        clients.introduce(call, name, client, yes)


def remove(call: Call, name: Name) -> None:
    """Take an agent off this node. Its messages stay known; new ones are refused."""
    call.as_operator(lambda operator: operator.remove_agent(name))
    call.screen.data({"removed": name}, [f"removed  {name}"])
    call.hint("undo", f"gatepost agents add {name}")


def _adapter(adapter: str | None, program: str, url: str, gateway: str) -> str:
    chosen = adapter or (
        "process" if program else "webhook" if url else "openclaw" if gateway else "none"
    )
    if chosen == "openclaw" and not gateway:
        raise GatepostError(
            "usage.invalid", what="--adapter openclaw needs --openclaw URL", why="it lives there"
        )
    if chosen == "process" and not program:
        raise GatepostError(
            "usage.invalid", what="--adapter process needs --command", why="it is what is run"
        )
    if chosen == "webhook" and not url:
        raise GatepostError(
            "usage.invalid", what="--adapter webhook needs --url", why="messages are posted there"
        )
    return "" if chosen == "none" else chosen


def _command(program: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(program))
    except ValueError as error:
        raise GatepostError(
            "usage.invalid", what=f"--command `{program}` cannot be read", why=str(error)
        ) from error


def _secret(path: str) -> str:
    if not path:
        return ""
    try:
        with open(path, encoding="utf-8") as source:
            return source.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise GatepostError(
            "usage.invalid", what=f"--secret-file {path} cannot be read", why=str(error)
        ) from error
