"""Explanations for people: a decision with all that is in its way, an error, a setting."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from gatepost.cli.pages.messages import labelled
from gatepost.cli.render import Item
from gatepost.cli.times import clock, now
from gatepost.core.configured import SettingView
from gatepost.errors import Entry

if TYPE_CHECKING:
    from gatepost.policy.explain import Explanation, Past, StageLine, There

Here = Callable[[str], str]
"""A command of this node as it is typed here."""


def explained(found: "Explanation", here: Here, *, full: bool = False) -> list[Item]:
    """Headline first, then every blocker, where it stands, its fix; with `full` every stage.

    At the end all commands at once, each with the node it is typed on.
    """
    items: list[Item] = [found.headline]
    for line in found.stages:
        if line.verdict != "allow" or full:
            items += ["", *_stage(line, here)]
    if found.then is not None:
        items += ["", *_then(found.then)]
    if found.there is not None:
        items += ["", *_there(found.there)]
    return [*items, *_commands(found, here)]


def _stage(line: "StageLine", here: Here) -> list[Item]:
    where = ", ".join(
        part for part in (f"rule {line.rule}" if line.rule else "", line.origin) if part
    )
    fields = (("why", line.because), ("where", where), ("fix", here(line.fix)))
    return [
        f"{line.verdict}  {line.stage}",
        *(labelled(label, text) for label, text in fields if text),
    ]


def _then(past: "Past") -> list[Item]:
    lines: list[Item] = [f"then  {past.verdict}  {clock(past.at, now())}"]
    decided = [line for line in past.stages if line.verdict != "allow"]
    if not decided:
        decided = [line for line in past.stages if line.rule]
    lines += [labelled("why", past.because)]
    lines += [
        labelled("where", f"rule {line.rule}, {line.origin}") for line in decided if line.rule
    ]
    return lines


def _there(said: "There") -> list[Item]:
    when = f"  {clock(said.at, now())}" if said.at else ""
    word = f"{said.node}  said {said.word}{when}" if said.word else f"{said.node}  unknown"
    return [word, labelled("why", said.because)]


def _commands(found: "Explanation", here: Here) -> list[Item]:
    """What to type and on which node, when that is more than the one fix above."""
    there = found.there.fixes if found.there is not None else found.remote
    if len(found.fixes) < 2 and not there:
        return []
    other = found.remote_node or "there"
    rows = [("here", here(fix)) for fix in found.fixes] + [(other, fix) for fix in there]
    width = max(len(at) for at, _ in rows)
    return ["", "to let it through, type", *(f"  {at:<{width}}  {text}" for at, text in rows)]


def entry(found: Entry, fix: str) -> list[Item]:
    """One error of the catalogue."""
    code, _ = found.family.value
    return [
        f"error[{found.code}]: {found.title}",
        labelled("kind", f"{found.family.name.replace('_', ' ')}, exit code {code}"),
        labelled(
            "again", "it may pass by itself" if found.retryable else "it stays until somebody acts"
        ),
        labelled("fix", fix),
        labelled("who", found.who),
    ]


def setting(one: SettingView, here: Here) -> list[Item]:
    """One setting: its value and why it is that, what it does, how it is changed."""
    stands = "the default: nothing sets it" if one.source == "default" else one.origin
    counts = "at once" if one.applies == "live" else "after a restart"
    lines: list[Item] = [f"{one.key} = {one.value if one.value != '' else '(empty)'}"]
    lines += [labelled("is", one.help), labelled("from", stands)]
    lines += [labelled("hides", f"{other.value}   {other.origin}") for other in one.hides]
    if one.source != "default":
        lines.append(labelled("default", str(one.default) or "(empty)"))
    if one.after_restart is not None:
        later = one.after_restart
        lines.append(labelled("restart", f"{later.value} counts after one   {later.origin}"))
    lines.append(labelled("counts", f"a change counts {counts}"))
    return [*lines, labelled("set", here(f"gatepost config set {one.key} VALUE"))]
