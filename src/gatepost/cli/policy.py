"""Policy: who may do what. Grants are rules made by command; the file is yours."""

from typing import Annotated

import typer

from gatepost.cli.call import Call
from gatepost.cli.command import command, group
from gatepost.cli.pages import policy as page
from gatepost.cli.question import terms
from gatepost.cli.times import moment, now, seconds
from gatepost.core.views import GrantIn

Words = Annotated[
    list[str],
    typer.Argument(metavar="FROM VERB TO", help="Who may do what to whom.", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add `policy` to the command line."""
    noun = group("policy", "Who may do what, and why.")
    command(
        noun,
        "grant",
        "policy grant main@home ask,delegate specialist",
        "policy grant '*@home' ask specialist --for 2h --rate 30/min",
    )(grant)
    command(noun, "limit", "policy limit rate 60/min", "policy limit concurrent 2 --rule g3")(limit)
    command(noun, "revoke", "policy revoke g3")(revoke)
    command(
        noun,
        "can",
        "policy can main@home specialist ask",
        "policy can main specialist@lab delegate",
    )(can)
    command(noun, "show", "policy show")(show)
    app.add_typer(noun)


def grant(
    call: Call,
    words: Words,
    valid: Annotated[
        str,
        typer.Option("--for", metavar="TIME", help="Only for so long: 2h, 7d. Default: no end."),
    ] = "",
    end: Annotated[
        str, typer.Option("--until", metavar="TIME", help="Only until then: 2027-01-31T18:00.")
    ] = "",
    rate: Annotated[
        str, typer.Option("--rate", metavar="RATE", help="At most so many: 30/min.")
    ] = "",
    name: Annotated[str, typer.Option("--id", metavar="ID", help="What to call the rule.")] = "",
    deny: Annotated[
        bool, typer.Option("--deny", help="Refuse it instead; a deny beats everything.")
    ] = False,
) -> None:
    """Write a rule: FROM may VERB TO. Verbs: ping, see, send, ask, delegate; several with commas.

    Only the receiving node's rules let something in. `*@home` is any agent of home; quote it.
    """
    sender, verbs, to = terms(words)
    until = moment(end, "--until") if end else 0
    until = now() + round(seconds(valid, "--for") * 1000) if valid else until
    asked = GrantIn(sender=sender, verbs=verbs, to=to, until=until, rate=rate, id=name, deny=deny)

    made = call.as_operator(lambda operator: operator.grant(asked))
    call.screen.data(made, page.granted(made))
    for remark in made.remarks:
        call.hint("note", remark)
    call.hint("undo", made.undo)


def revoke(
    call: Call,
    rules: Annotated[
        list[str],
        typer.Argument(
            metavar="ID...", help="Ids of rules, see `policy show`.", show_default=False
        ),
    ],
) -> None:
    """Take rules back."""
    for rule in rules:
        undo = call.as_operator(lambda operator, rule=rule: operator.revoke(rule))
        call.screen.data({"revoked": rule, "undo": undo}, [f"revoked  {rule}"])
        call.hint("undo", undo)


def limit(
    call: Call,
    kind: Annotated[
        str,
        typer.Argument(metavar="KIND", help="rate, concurrent, turns, hops, …", show_default=False),
    ],
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="Its new value.", show_default=False)
    ],
    rule: Annotated[
        str, typer.Option("--rule", metavar="ID", help="Of this rule alone. Default: of the node.")
    ] = "",
) -> None:
    """Set a limit in policy.toml, comments kept; the smallest limit that applies counts."""
    from gatepost.config.grants import set_limit
    from gatepost.config.sources import environment, load_home
    from gatepost.policy.rules import read_law

    places = call.layout()
    name = load_home(places, environment()).settings.name
    done = set_limit(places, kind, value, rule, lambda documents: read_law(documents, (name,)))
    call.screen.data(
        done, [f"{kind}  {done.before or 'unset'} → {done.after}   {done.file}:{done.line}"]
    )
    call.hint("undo", done.undo)


def can(call: Call, words: Words) -> int:
    """May FROM do VERB to TO? Prints yes or no; no exits with 1."""
    sender, verbs, to = terms(words)
    answers = [
        call.as_operator(lambda operator, verb=verb: operator.can(sender, verb, to))
        for verb in verbs
    ]
    call.screen.data({"can": all(answers)}, ["yes" if all(answers) else "no"])
    if not all(answers):
        call.hint(
            "why",
            f"gatepost explain {page.shell(sender)} {page.shell(to)} {verbs[answers.index(False)]}",
        )
    return 0 if all(answers) else 1


def show(call: Call) -> None:
    """All rules, from policy.toml and from grants: one set, and their order never matters."""
    rules = call.as_operator(lambda operator: operator.rules())
    call.screen.data(rules, page.rules(rules))
