"""Explain: why a message stands as it does, whether a wish is allowed, what an error means."""

import re
from typing import Annotated

import typer

from gatepost.cli.call import Call
from gatepost.cli.command import command
from gatepost.cli.near import nearest
from gatepost.cli.pages import policy as page
from gatepost.cli.question import terms
from gatepost.cli.times import moment
from gatepost.core.views import Question
from gatepost.errors import CATALOGUE, GatepostError

NO = 1
CODE = re.compile(r"[a-z_]+\.[a-z_]+")


def register(app: typer.Typer) -> None:
    """Add `explain` to the command line."""
    command(
        app,
        "explain",
        "explain 0199f3a2-7b1c",
        "explain main specialist@lab ask",
        "explain main@home specialist delegate",
        "explain policy.denied",
    )(explain)


def explain(
    call: Call,
    what: Annotated[
        list[str],
        typer.Argument(
            metavar="ID | FROM TO VERB | CODE", help="What to explain.", show_default=False
        ),
    ],
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="As it would be then: 2027-01-31T18:00.")
    ] = "",
    remote: Annotated[
        bool, typer.Option("--remote", help="Ask the other node for its half too.")
    ] = False,
) -> int:
    """Why: every blocker at once, each with where it stands and the command that removes it.

    Of a message, of a wish, or of an error code. Changes nothing. Exits with 1 when the answer is
    no. -v shows all stages.
    """
    if len(what) == 1 and what[0] in CATALOGUE:
        return _code(call, what[0])
    question = _question(what, moment(at, "--at") if at else 0, remote)
    found = call.as_operator(lambda operator: operator.explain(question))
    call.screen.data(found, page.explained(found, full=call.screen.verbose > 0))
    return 0 if found.verdict in ("allow", "wait") else NO


def _code(call: Call, code: str) -> int:
    error = GatepostError(code)
    call.screen.data(error.report(), page.entry(error.entry, error.fix))
    return 0


def _question(what: list[str], at: int, remote: bool) -> Question:
    if len(what) > 1:
        sender, (verb, *more), to = terms(what)
        if more:
            raise GatepostError("usage.invalid", what="explain takes one verb at a time")
        return Question(sender=sender, to=to, verb=verb, at=at, remote=remote)
    if CODE.fullmatch(what[0]):
        near = nearest(what[0], CATALOGUE, 3)
        raise GatepostError(
            "usage.invalid",
            what=f"there is no error code `{what[0]}`",
            why=f"near: {', '.join(near)}" if near else "",
        )
    return Question(message=what[0], at=at, remote=remote)
