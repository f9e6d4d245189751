"""OpenClaw: why one of its agents may or may not `sessions_send` to another, and what mends it.

Reads OpenClaw's configuration itself, so it needs no node, no gateway and no network; with `--live`
it asks the running gateway instead, with the operator's own credential, for this one command.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from gatepost.cli import connecting
from gatepost.cli.call import Call
from gatepost.cli.command import command, group
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from gatepost.adapters.openclaw.explain.files import Source
    from gatepost.adapters.openclaw.explain.json5 import Node

DENIED = 1

From = Annotated[
    str, typer.Argument(metavar="[FROM]", help="The agent that sends.", show_default=False)
]
To = Annotated[
    str, typer.Argument(metavar="[TO]", help="The agent it sends to.", show_default=False)
]
Config = Annotated[
    str,
    typer.Option(
        "--config",
        metavar="FILE",
        help="This file. Default: where OpenClaw finds its own.",
        show_default=False,
    ),
]
Version = Annotated[
    str,
    typer.Option(
        "--gateway-version",
        metavar="V",
        help="As this OpenClaw reads it: 2026.3.13.",
        show_default=False,
    ),
]
Live = Annotated[
    bool,
    typer.Option(
        "--live", help="Ask the running gateway, with the token of its file or the environment."
    ),
]
Url = Annotated[
    str,
    typer.Option(
        "--url",
        metavar="URL",
        help="Where the gateway listens: ws://127.0.0.1:18789.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add `openclaw` to the command line."""
    noun = group("openclaw", "OpenClaw on this machine: what is in the way between its agents.")
    command(
        noun,
        "explain",
        "openclaw explain main researcher",
        "openclaw explain main researcher --live",
        "openclaw explain main researcher --config openclaw.json --gateway-version 2026.3.13",
    )(explain)
    command(
        noun,
        "doctor",
        "openclaw doctor",
        "openclaw doctor --live",
        "openclaw doctor --config openclaw.json --gateway-version 2026.3.13",
    )(doctor)
    connecting.register(noun)
    app.add_typer(noun)


def explain(
    call: Call,
    sender: From = "",
    target: To = "",
    sender_named: Annotated[
        str, typer.Option("--from", metavar="AGENT", help="The agent that sends.")
    ] = "",
    target_named: Annotated[
        str, typer.Option("--to", metavar="AGENT", help="The agent it sends to.")
    ] = "",
    config: Config = "",
    version: Version = "",
    sandboxed: Annotated[
        bool, typer.Option("--sandboxed", help="The sender's session runs in a sandbox.")
    ] = False,
    live: Live = False,
    url: Url = "",
) -> int:
    """Why sessions_send from one agent to another passes or not: every blocker at once.

    Each with its value, the file and line it comes from, the error the agent reads, and the
    commands that open it. Changes nothing. Exits with 1 when it would be refused.
    """
    from gatepost.adapters.openclaw.explain.explanation import asked, elsewhere
    from gatepost.adapters.openclaw.explain.explanation import explain as explained
    from gatepost.adapters.openclaw.explain.verdict import verdict
    from gatepost.cli.pages import openclaw as page

    pair = [one for one in (sender_named, sender, target_named, target) if one]
    if len(pair) != 2:
        raise GatepostError("usage.invalid", what="explain takes two agents: FROM and TO")
    read = _source(config, version, live=live, url=url)
    given = read.configuration
    found = explained(asked(pair[0], pair[1], given, sandboxed=sandboxed), given)
    found = elsewhere(found, read.path) if read.elsewhere else found
    call.screen.data(verdict(found), page.explained(found, read))
    return 0 if found.allowed else DENIED


def doctor(
    call: Call, config: Config = "", version: Version = "", live: Live = False, url: Url = ""
) -> int:
    """All pairs of agents, and what is odd around them: defaults, bindings, drift, no gateway.

    Reads the configuration, the processes and the service files of this machine. Changes nothing.
    Exits with 1 when some pair of agents would be refused.
    """
    from gatepost.adapters.openclaw.explain.lint import lint
    from gatepost.adapters.openclaw.explain.machine import surroundings
    from gatepost.adapters.openclaw.explain.survey import survey
    from gatepost.adapters.openclaw.explain.verdict import surveyed
    from gatepost.cli.pages import openclaw as page
    from gatepost.config.sources import environment

    read = _source(config, version, live=live, url=url)
    found = survey(read.configuration)
    around = surroundings(read.configuration, environment())
    warnings = [*found.warnings, *lint(read.configuration, read.path, around)]
    call.screen.data(surveyed(found, warnings), page.surveyed(found, read, warnings))
    return 0 if found.passing == len(found.pairs) else DENIED


def _source(config: str, version: str, *, live: bool, url: str) -> "Source":
    from gatepost.adapters.openclaw.explain.files import source
    from gatepost.config.sources import environment

    if not (live or url):
        return source(environment(), config, version)
    try:
        here = source(environment(), config, version).configuration.tree
    except GatepostError as error:
        if config or not url or error.code != "openclaw.no_config":
            raise
        here = None  # the gateway runs elsewhere; its token stands in the environment
    return _asked(here, version, url)


def _asked(here: "Node | None", version: str, url: str) -> "Source":
    """The gateway's own answer; the file that was found here tells its port and its token."""
    from gatepost.adapters.openclaw.explain.live import address, asked, credential, live
    from gatepost.config.sources import environment
    from gatepost.sdk.chance import new_seed

    at = url or address(here, environment())
    found = live(at, credential(here, environment()), new_seed())
    return asked(environment(), found, version)
