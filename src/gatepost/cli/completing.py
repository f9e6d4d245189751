"""What a shell may complete: agents whose token lies here, peers and messages the node knows.

    eval "$(_GATEPOST_COMPLETE=source_bash gatepost)"

A shell asks while somebody types: a node that does not answer means nothing to complete, and
nothing is ever printed but the words.
"""

from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from gatepost.cli.call import Call
from gatepost.cli.render import Screen
from gatepost.core.views import MessagesQuery
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from gatepost.core.message import MessageView
    from gatepost.core.views import PeerView

SHOWN = 20


def agents(context: typer.Context, incomplete: str) -> list[str]:
    """Names for --as."""
    names: list[str] = []
    with suppress(GatepostError, OSError):
        names = [path.name for path in _call(context).layout().tokens.iterdir()]
    return _begun(sorted(names), incomplete)


def peers(context: typer.Context, incomplete: str) -> list[str]:
    """Aliases of peers."""
    found: list[PeerView] = []
    with suppress(GatepostError, OSError):
        found = _call(context).as_operator(lambda operator: operator.peers())
    return _begun([view.alias for view in found], incomplete)


def messages(context: typer.Context, incomplete: str) -> list[str]:
    """Ids of the latest messages."""
    found: list[MessageView] = []
    with suppress(GatepostError, OSError):
        query = MessagesQuery(limit=SHOWN)
        found = _call(context).as_operator(lambda operator: operator.messages(query))
    return _begun([view.id for view in found], incomplete)


def _call(context: typer.Context) -> Call:
    home: object = context.params.get("home")
    return Call(Screen(), home if isinstance(home, str) else "")


def _begun(words: list[str], incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]
