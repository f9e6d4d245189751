"""Keys: who this node is."""

import typer

from gatepost.cli.call import Call
from gatepost.cli.command import command, group
from gatepost.cli.pages import node as page


def register(app: typer.Typer) -> None:
    """Add `keys` to the command line."""
    noun = group("keys", "Who this node is.")
    command(noun, "show", "keys show")(show)
    app.add_typer(noun)


def show(call: Call) -> None:
    """The node's id, to compare by voice. No private key is ever shown."""
    found = call.as_operator(lambda operator: operator.status())
    call.screen.data({"name": found.name, "node": found.node}, page.identity(found))
