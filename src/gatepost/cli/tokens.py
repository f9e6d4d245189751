"""Tokens: what a program shows to speak as one agent. Never as the operator."""

from typing import Annotated

import typer

from gatepost.cli.call import Call
from gatepost.cli.command import command, group
from gatepost.cli.pages import node as page
from gatepost.cli.times import now
from gatepost.errors import GatepostError


def register(app: typer.Typer) -> None:
    """Add `tokens` to the command line."""
    noun = group("tokens", "What a program shows to speak as one agent.")
    command(
        noun, "create", 'tokens create main --note "the nightly job"', "tokens create --operator"
    )(create)
    command(noun, "list", "tokens list")(listed)
    command(noun, "revoke", "tokens revoke t2")(revoke)
    app.add_typer(noun)


def create(
    call: Call,
    agent: Annotated[
        str, typer.Argument(metavar="[AGENT]", help="The agent it speaks for.", show_default=False)
    ] = "",
    operator: Annotated[
        bool, typer.Option("--operator", help="For the operator, where operator.auth is token.")
    ] = False,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Who has it.")] = "",
) -> None:
    """Make a token. stdout gets it alone, once; it is kept only as a hash.

    An operator's token is shown to commands in GATEPOST_OPERATOR_TOKEN.
    """
    if bool(agent) == operator:
        raise GatepostError("usage.invalid", what="a token is for one agent, or for --operator")
    made = call.as_operator(lambda client: client.create_token(agent, note))
    call.screen.data(made, [made.secret])
    whose = f"speaks for {made.agent}" if agent else "is the operator's"
    call.screen.say(f"token {made.id} {whose}; it is not shown again")
    call.hint("undo", f"gatepost tokens revoke {made.id}")


def listed(call: Call) -> None:
    """Tokens, without their secrets."""
    views = call.as_operator(lambda operator: operator.tokens())
    call.screen.data(views, page.tokens(views, now()))


def revoke(
    call: Call,
    token: Annotated[
        str, typer.Argument(metavar="ID", help="See `tokens list`.", show_default=False)
    ],
) -> None:
    """Make a token worthless at once."""
    call.as_operator(lambda operator: operator.revoke_token(token))
    call.screen.data({"revoked": token}, [f"revoked  {token}"])
    call.hint("undo", "it cannot be revived: gatepost tokens create AGENT makes another")
