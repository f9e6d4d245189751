"""What waits for a person, for people: lists, one hold with its exact content, an answer."""

from collections.abc import Sequence

from gatepost.cli.clean import clean
from gatepost.cli.pages.messages import attachments, id_width, labelled, size
from gatepost.cli.render import Item, Quote, Table
from gatepost.cli.times import clock, span
from gatepost.core.holding import Answered, ApprovalView, HoldView
from gatepost.core.message import Content, Data, Text


def listed(views: Sequence[HoldView], now: int) -> list[Item]:
    """All of them in one table."""
    if not views:
        return ["nothing waits for you"]
    width = id_width([view.id for view in views])
    rows = [
        (
            view.id[:width],
            view.verb,
            f"{view.sender} → {view.to}",
            span(max(0, now - view.since)),
            span(max(0, view.expires - now)),
            _rules(view),
            view.preview,
        )
        for view in views
    ]
    return [Table(("id", "verb", "from → to", "waits", "ends in", "rule", "says"), rows)]


def short(views: Sequence[HoldView]) -> str:
    """The oldest one's id, as far as it keeps them apart."""
    return views[0].id[: id_width([view.id for view in views])]


def shown(view: HoldView, now: int) -> list[Item]:
    """One of them: who, why, until when, and exactly what it says."""
    vouched = f"node {view.node[:7]} vouches" if view.node else "of this node"
    lines: list[Item] = [
        f"held  {view.id}  {view.verb}  {view.sender} → {view.to}",
        labelled("from", f"{view.sender} ({vouched}); it {_way(view)}"),
        labelled("talk", view.conversation),
        labelled("since", f"{clock(view.since, now)}; it expires {clock(view.expires, now)}"),
    ]
    for rule in view.rules:
        lines += [labelled("why", rule.because), labelled("where", rule.origin)]
    if not view.rules:
        lines.append(labelled("why", "no rule holds it any more; it goes on within a minute"))
    lines += _facts(view)
    lines += [labelled("digest", view.digest), "", "says"]
    return [*lines, *_content(view.parts), *attachments(view.parts)]


def _way(view: HoldView) -> str:
    return {"in": "comes in", "out": "is about to leave", "local": "stays here"}[view.direction]


def _facts(view: HoldView) -> list[Item]:
    told = (
        ("read", f"text of {', '.join(owner[:12] for owner in view.taint)}" if view.taint else ""),
        ("again", "an earlier attempt may have run" if view.redelivered else ""),
        ("answers", view.re),
        ("done", f"when {view.done_when}" if view.done_when else ""),
        ("labels", ", ".join(view.labels)),
        ("hops", f"{view.hops} messages led here" if view.hops > 1 else ""),
        ("size", size(view.size)),
    )
    return [labelled(label, text) for label, text in told if text]


def _content(parts: Sequence[Content]) -> list[Item]:
    """Each text and value behind a bar; what does not show in it is counted, not passed over."""
    lines: list[Item] = []
    for part in parts:
        if not isinstance(part, Text | Data):
            continue
        said = part.text if isinstance(part, Text) else bytes(part.data).decode()
        lines.append(Quote(said))
        hidden = len(said.replace("\r\n", "\n")) - len(clean(said))
        if hidden:
            count = "1 character" if hidden == 1 else f"{hidden} characters"
            lines.append(labelled("hidden", f"{count} that would not show; --json shows all"))
    return lines


def approved(view: HoldView, answered: Answered, now: int) -> list[Item]:
    """A yes, and what came of it."""
    lines: list[Item] = [
        f"approved  {answered.id}  {view.verb}  {view.sender} → {view.to}  now {answered.state}",
        labelled("digest", answered.digest),
    ]
    if answered.why:
        lines.append(labelled("but", answered.why))
    if answered.approval:
        ends = f"until {clock(answered.until, now)}" if answered.until else "without an end"
        lines.append(labelled("stands", f"{answered.approval}, {ends}"))
    if answered.also:
        lines.append(labelled("also", f"{answered.also} more let go"))
    return lines


def refused(answered: Answered) -> list[Item]:
    """A no."""
    return [
        f"refused  {answered.id}  now {answered.state}",
        labelled("digest", answered.digest),
    ]


def standing(views: Sequence[ApprovalView], now: int) -> list[Item]:
    """Approvals that stand, in one table."""
    if not views:
        return ["no approval stands"]
    rows = [
        (
            view.id,
            view.verb,
            f"{view.sender} → {view.to}",
            clock(view.until, now) if view.until else "–",
            f"conversation {view.conversation[:13]}" if view.conversation else "any conversation",
            ", ".join(view.rules) if view.answers else f"{', '.join(view.rules)}: changed since",
        )
        for view in views
    ]
    return [Table(("approval", "verb", "from → to", "until", "in", "rule"), rows)]


def _rules(view: HoldView) -> str:
    return ", ".join(rule.id for rule in view.rules) or "–"
