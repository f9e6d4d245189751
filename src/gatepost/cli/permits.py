"""Questions about the law at the command line: may they, who may, is it as expected, what changed.

Nothing here changes anything; all but `diff` are answered with the node down, too.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from gatepost.cli.call import Call
from gatepost.cli.law import known, resting
from gatepost.cli.pages import policy as page
from gatepost.cli.question import terms
from gatepost.cli.times import now, seconds, span
from gatepost.core.views import RuleView
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from gatepost.core.origin import Document
    from gatepost.sdk import OperatorClient

NO = 1
Words = Annotated[
    list[str],
    typer.Argument(metavar="FROM VERB TO", help="Who may do what to whom.", show_default=False),
]


def can(call: Call, words: Words) -> int:
    """May FROM do VERB to TO, by the rules? Prints yes or no; no exits with 1.

    Nobody has to exist yet, and the node need not run.
    """
    sender, verbs, to = terms(words)
    answers = {
        verb: known(
            call,
            lambda operator, verb=verb: operator.can(sender, verb, to),
            lambda still, verb=verb: still.can(sender, verb, to),
        )
        for verb in verbs
    }
    may = all(answers.values())
    notes = tuple(dict.fromkeys(note for one in answers.values() for note in one.notes))
    verdicts = {verb: answer.verdict for verb, answer in answers.items()}
    call.screen.data({"can": may, "verdicts": verdicts, "notes": notes}, ["yes" if may else "no"])
    for note in notes:
        call.hint("note", note)
    for verb, answer in answers.items():
        if not answer:
            whom = f"{page.shell(sender)} {page.shell(to)} {verb}"
            call.hint("held" if answer.verdict == "hold" else "no", f"{verb}: {answer.because}")
            call.hint("why", f"gatepost explain {whom}")
    return 0 if may else NO


def who_can(
    call: Call,
    words: Annotated[
        list[str],
        typer.Argument(metavar="VERB TO", help="What to whom.", show_default=False),
    ],
) -> int:
    """Who may do VERB to TO? Each with the rule that says so; nobody exits with 1."""
    if len(words) != 2:
        raise GatepostError(
            "usage.invalid", what="who-can takes a verb and an address: who-can ask specialist"
        )
    _, (verb, *more), to = terms(["*", *words])
    if more:
        raise GatepostError("usage.invalid", what="who-can takes one verb at a time")
    found = known(
        call,
        lambda operator: operator.who_can(verb, to),
        lambda still: still.who_can(verb, to),
    )
    call.screen.data(found, page.who(found))
    for note in found.notes:
        call.hint("note", note)
    return 0 if found.who else NO


def test(
    call: Call,
    file: Annotated[
        str,
        typer.Argument(
            metavar="[FILE]", help="This text in place of policy.toml.", show_default=False
        ),
    ] = "",
) -> int:
    """Try the expectations beside the rules, as the files are now; one that fails exits with 1."""
    found = resting(call, _documents(call, file)).tested()
    call.screen.data(found, page.tested(found))
    return NO if found.failed else 0


def diff(
    call: Call,
    file: Annotated[
        str,
        typer.Argument(
            metavar="[FILE]",
            help="A draft of policy.toml. Default: the rules of now.",
            show_default=False,
        ),
    ] = "",
    recent: Annotated[
        str, typer.Option("--recent", metavar="TIME", help="How far back: 24h, 7d.")
    ] = "7d",
) -> int:
    """What would be decided otherwise now of what was decided lately; something exits with 1.

    Decisions are taken again as they were asked. Counters cannot be: a used-up rate is not seen.
    """
    from gatepost.policy.answers import DiffIn

    length = seconds(recent, "--recent") * 1000
    documents = _documents(call, file) if file else None
    policy = documents[0].text if documents else None
    asked = DiffIn(since=max(0, now() - round(length)), policy=policy)
    found = call.as_operator(lambda operator: operator.difference(asked))
    call.screen.data(found, page.difference(found, span(length)))
    return NO if found.changed else 0


def show(call: Call) -> None:
    """All rules, from policy.toml and from grants: one set, and their order never matters."""

    async def work(operator: "OperatorClient") -> "tuple[list[RuleView], tuple[str, ...]]":
        needs = (await operator.status()).needs_you
        return await operator.rules(), tuple(one for one in needs if "last good policy" in one)

    rules, notes = known(call, work, lambda still: (still.rules(), still.notes))
    call.screen.data(rules, page.rules(rules))
    for note in notes:
        call.hint("note", note)


def _documents(call: Call, file: str) -> "tuple[Document, ...]":
    """The texts of the law; `file` stands in for policy.toml."""
    from pathlib import Path

    from gatepost.config.sources import policy_documents, read_document
    from gatepost.core.origin import Document

    policy, grants = policy_documents(call.layout())
    if file:
        if not Path(file).is_file():
            raise GatepostError("usage.invalid", what=f"there is no file `{file}`")
        given = read_document(Path(file), "policy.invalid")
        policy = Document(given.name, given.text)
    return policy, grants
