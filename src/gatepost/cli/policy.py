"""Policy: who may do what. Grants are rules made by command; the file is yours."""

from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gatepost.cli.call import Call
from gatepost.cli.command import command, group
from gatepost.cli.law import resting
from gatepost.cli.pages import policy as page
from gatepost.cli.permits import Words, can, diff, show, test, who_can
from gatepost.cli.question import terms
from gatepost.cli.settings import running
from gatepost.cli.times import moment, now, seconds
from gatepost.core.origin import Origin
from gatepost.core.views import GrantIn
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from pathlib import Path

    from gatepost.core.origin import Document
    from gatepost.node.atrest import Resting
    from gatepost.policy.law import Rule


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
        undo = _revoked(call, rule)
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


def _revoked(call: Call, rule: str) -> str:
    """Take a rule away; the command that brings it back.

    For one written by hand that is the text of its file, as long as nothing else changed there.
    """
    before = _texts(call)
    undo = call.as_operator(lambda operator: operator.revoke(rule))
    if undo or not before:
        return undo
    from gatepost.cli.drafting import Draft

    after = _texts(call)
    path = next(path for path, text in before.items() if after[path] != text)
    Draft(call.layout(), path).remember(before[path], after[path])
    return f"gatepost policy edit {path.name} --undo"


def _texts(call: Call) -> "dict[Path, str]":
    """The texts of the law, where they are at hand."""
    from gatepost.config.sources import policy_documents

    try:
        places = call.layout()
    except GatepostError:
        return {}
    policy, grants = policy_documents(places)
    return {places.policy: policy.text, places.grants: grants.text}


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
