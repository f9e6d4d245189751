"""Explain: why a message stands as it does, whether a wish is allowed, what an error or setting is.

One front door for four questions; what was typed says which of them it is.
"""

import re
from typing import Annotated

import typer

from gatepost.cli.call import Call
from gatepost.cli.command import command
from gatepost.cli.law import known
from gatepost.cli.near import nearest
from gatepost.cli.pages import explained as page
from gatepost.cli.question import terms
from gatepost.cli.times import moment
from gatepost.core.views import Question
from gatepost.errors import CATALOGUE, GatepostError

NO = 1
_MESSAGE = re.compile(r"[0-9a-f][0-9a-f-]{3,35}")


def register(app: typer.Typer) -> None:
    """Add `explain` to the command line."""
    command(
        app,
        "explain",
        "explain 0199f3a2-7b1c",
        "explain main specialist@lab ask",
        "explain main@home specialist delegate --at 18:30",
        "explain main specialist@lab ask --remote",
        "explain policy.denied",
        "explain delivery.expires",
    )(explain)


def explain(
    call: Call,
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="ID | FROM TO VERB | CODE | KEY", help="What to explain.", show_default=False
        ),
    ],
    at: Annotated[
        str,
        typer.Option(
            "--at", metavar="TIME", help="As it would be then: 2027-01-31T18:00, 18:30 today."
        ),
    ] = "",
    remote: Annotated[
        bool,
        typer.Option(
            "--remote",
            help="Also what the other node says: its last word, and what it answers now.",
        ),
    ] = False,
) -> int:
    """Why: every blocker at once, each with where it stands and the command that removes it.

    Of a message (then and now), of a wish, of an error code, or of a setting. Changes nothing.
    Exits with 1 when the answer is no. -v shows all stages. A wish is explained with the node
    down, too, from its files.
    """
    if len(what) == 1 and not _MESSAGE.fullmatch(what[0]):
        return _entry(call, what[0])
    question = _question(what, moment(at, "--at") if at else 0, remote)
    found = known(
        call,
        lambda operator: operator.explain(question),
        None
        if question.message
        else lambda still: still.wish(question.sender, question.verb, question.to, question.at)[0],
    )
    call.screen.data(found, page.explained(found, call.here, full=call.screen.verbose > 0))
    for note in found.notes:
        call.screen.labelled("note", note)
    refused = found.there is not None and found.there.verdict in ("hold", "deny")
    return 0 if found.verdict in ("allow", "wait") and not refused else NO


def _question(what: list[str], at: int, remote: bool) -> Question:
    if len(what) == 1:
        return Question(message=what[0], at=at, remote=remote)
    sender, (verb, *more), to = terms(what)
    if more:
        raise GatepostError("usage.invalid", what="explain takes one verb at a time")
    return Question(sender=sender, to=to, verb=verb, at=at, remote=remote)


def _entry(call: Call, word: str) -> int:
    """An error code, a check of doctor, or a setting."""
    from gatepost.cli.pages.doctor import explained
    from gatepost.config.schema import Settings, settings_of
    from gatepost.node.health.catalogue import BY_CODE

    if word in CATALOGUE:
        error = GatepostError(word)
        call.screen.data(error.report(), page.entry(error.entry, error.fix))
        return 0
    if word in BY_CODE:
        call.screen.data(*explained(BY_CODE[word]))
        return 0
    keys = settings_of(Settings)
    if word not in keys:
        near = nearest(word, list(dict.fromkeys([*CATALOGUE, *BY_CODE, *keys])), 3)
        raise GatepostError(
            "usage.invalid",
            what=f"`{word}` is no message id, no error code and no setting",
            why=f"near: {', '.join(near)}" if near else "a wish is FROM TO VERB: main bob@lab ask",
        )
    return _setting(call, word)


def _setting(call: Call, key: str) -> int:
    from gatepost.cli.settings import ask

    asked = ask(call)
    one = asked.view.setting(key)
    if one is None:
        raise GatepostError("bug.internal", what=f"the node does not know its setting `{key}`")
    call.screen.data(one, page.setting(one, call.here))
    for note in asked.notes:
        call.screen.labelled("note", note)
    return 0
