"""Policy: who may do what. Grants are rules made by command; the file is yours."""

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gatepost.cli.call import Call
from gatepost.cli.command import command, group
from gatepost.cli.law import known, resting
from gatepost.cli.pages import policy as page
from gatepost.cli.question import terms
from gatepost.cli.settings import running
from gatepost.cli.times import moment, now, seconds, span
from gatepost.core.origin import Origin
from gatepost.core.views import GrantIn, RuleView
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from gatepost.core.origin import Document
    from gatepost.node.atrest import Resting
    from gatepost.policy.law import Rule
    from gatepost.sdk import OperatorClient

NO = 1
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
    command(noun, "revoke", "policy revoke g3", "policy revoke g3 --dry-run")(revoke)
    command(
        noun,
        "can",
        "policy can main@home specialist ask",
        "policy can main specialist@lab delegate",
    )(can)
    command(noun, "who-can", "policy who-can ask specialist")(who_can)
    command(noun, "test", "policy test", "policy test draft.toml")(test)
    command(noun, "edit", "policy edit", "policy edit grants.toml")(edit)
    command(noun, "show", "policy show")(show)
    command(noun, "diff", "policy diff --recent 7d", "policy diff draft.toml --recent 24h")(diff)
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
    dry: Annotated[
        bool, typer.Option("--dry-run", help="Only say what it would let through.")
    ] = False,
) -> None:
    """Take rules back. What that lets through is said first; an allow that goes opens nothing."""
    for rule in rules:
        opened = _opens(call, rule)
        for sentence in opened:
            call.hint("opens", sentence)
        if dry:
            call.screen.data({"rule": rule, "opens": opened}, [] if opened else ["opens nothing"])
            continue
        undo = call.as_operator(lambda operator, rule=rule: operator.revoke(rule))
        done = {"revoked": rule, "undo": undo, "opens": opened}
        call.screen.data(done, [f"revoked  {rule}"])
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

    done = set_limit(call.layout(), kind, value, rule, resting(call).judge)
    call.screen.data(
        done, [f"{kind}  {done.before or 'unset'} → {done.after}   {done.file}:{done.line}"]
    )
    _taken_up(call)
    call.hint("undo", done.undo)


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


def edit(
    call: Call,
    file: Annotated[
        str, typer.Argument(metavar="[FILE]", help="policy.toml or grants.toml.")
    ] = "policy.toml",
    anew: Annotated[
        bool, typer.Option("--anew", help="Throw an earlier draft away and begin from the file.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last edit back.")] = False,
) -> int:
    """Change a policy file in $EDITOR, on a copy: it is taken only when it can be read as a whole.

    A draft that cannot be read, or breaks an expectation, is kept, and the file stays as it is.
    """
    from gatepost.cli.drafting import Draft
    from gatepost.config.sources import environment

    places = call.layout()
    files = {path.name: path for path in (places.policy, places.grants)}
    name = file.partition(":")[0]
    if name not in files:
        raise GatepostError("usage.invalid", what=f"`{file}` is no file of the policy")
    draft = Draft(places, files[name])
    before = _law_of_now(call)
    if undo:
        _edited(call, before, draft.back(before.judge))
        return 0
    if draft.begun and not anew:
        call.hint("note", f"this goes on with the draft in {draft.path}")
    draft.begin(anew)
    try:
        draft.change(environment())
        taken = draft.take(before.judge)
    except GatepostError:
        call.hint("kept", f"{name} is as it was; the draft is kept: `gatepost policy edit {name}`")
        raise
    if taken is None:
        call.screen.data({"changed": False}, [f"{name} is as it was"])
        return 0
    _edited(call, before, taken)
    return 0


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


def _law_of_now(call: Call) -> "Resting":
    """The law in the files; none at all while they cannot be read."""
    try:
        return resting(call)
    except GatepostError as error:
        if not error.code.startswith("policy."):
            raise
        return resting(call, ())


def _edited(call: Call, before: "Resting", taken: "tuple[Document, Document]") -> None:
    """Say what an edit changed and what it opens."""
    from gatepost.policy.opening import opens

    old = {rule.id: rule for rule in before.law.rules if rule.origin.file == taken[1].name}
    new = {rule.id: rule for rule in resting(call).law.rules if rule.origin.file == taken[1].name}
    gone = [one for one in old if one not in new]
    made = [one for one in new if one not in old]
    other = [one for one in new if one in old and _said(new[one]) != _said(old[one])]
    call.screen.data(
        {"changed": True, "added": made, "removed": gone, "altered": other},
        page.edited(taken[1].name, made, gone, other),
    )
    for rule in (*gone, *other):
        for sentence in opens(before.law, rule):
            call.hint("opens", f"without `{rule}` as it was, {sentence}")
    _taken_up(call)
    call.hint("next", "gatepost policy diff --recent 7d")
    call.hint("undo", f"gatepost policy edit {taken[1].name} --undo")


def _said(rule: "Rule") -> "Rule":
    """A rule wherever it stands."""
    return msgspec.structs.replace(rule, origin=Origin(""))


def _opens(call: Call, rule: str) -> tuple[str, ...]:
    """What taking a rule away lets through, where the files of the node are at hand."""
    from gatepost.policy.opening import opens

    try:
        return opens(resting(call).law, rule)
    except GatepostError as error:
        if error.code != "home.missing":
            raise
        return ()


def _taken_up(call: Call) -> None:
    """A running node reads the files now, and not only at its next look."""
    if running(call, lambda operator: operator.rules()) is None:
        call.hint("note", "the node is not running; it counts when it starts")
