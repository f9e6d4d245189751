"""Messages for people: how one stands, its timeline, lists, and what an inbox holds."""

from collections.abc import Sequence

from gatepost.cli.clean import clean, clean_line
from gatepost.cli.render import LABEL, Item, Quote, Table
from gatepost.cli.times import clock, span
from gatepost.core.message import Content, File, MessageView, Run, Text
from gatepost.core.views import Pruned
from gatepost.errors import CATALOGUE

SHORTEST = 13  # of an id: its time in milliseconds
MEANS = {"held": "policy.held", "expired": "message.expired"}  # what a state says by itself


def labelled(label: str, text: str) -> str:
    """One indented line with a label."""
    return f"  {label:<{LABEL}}{clean_line(text)}"


def spoken(parts: Sequence[Content]) -> str:
    """What can be read aloud of a message: its texts and JSON values."""
    said = [
        part.text if isinstance(part, Text) else bytes(part.data).decode()
        for part in parts
        if not isinstance(part, File)
    ]
    return "\n".join(said)


def attachments(parts: Sequence[Content]) -> list[str]:
    """A line for each file."""
    return [
        labelled(
            "file", f"{clean_line(part.name) or 'unnamed'}  {part.media}  {size(len(part.data))}"
        )
        for part in parts
        if isinstance(part, File)
    ]


def size(count: int) -> str:
    """Bytes for people."""
    if count < 1024:
        return f"{count} bytes"
    return f"{count / 1024:.1f} KiB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MiB"


def standing(view: MessageView, now: int) -> list[Item]:
    """How a message stands, why, and what comes next."""
    by = _by(view)
    since = f"since {clock(view.since, now)}" if view.since else ""
    lines: list[Item] = [f"{view.state}  {view.id}  {view.sender} → {view.to}  {by or since}"]
    whys = (catalogued(view.reason or MEANS.get(view.state, "")), view.why or _waits_for(view))
    lines += [labelled("why", text) for text in dict.fromkeys(whys) if text]
    return lines + _marks(view)


def catalogued(reason: str) -> str:
    """A reason for people: the title of an error's code, or the words as they are."""
    return f"{CATALOGUE[reason].title} ({reason})" if reason in CATALOGUE else reason


def _waits_for(view: MessageView) -> str:
    if view.where and view.state == "held":
        return f"a person {'here' if view.where == 'here' else f'at {view.where}'} decides"
    peer = view.to.partition("@")[2]
    if view.state != "accepted" or view.direction != "out" or not peer:
        return ""
    return f"{peer} does not have it yet; `gatepost peers list` shows how {peer} is"


def _by(view: MessageView) -> str:
    there = view.to.partition("@")[2] if view.direction == "out" and view.where != "here" else ""
    who = {"rule": "by a rule", "agent": "by the agent", "node": "by the node"}
    where = f" at {there}" if there and view.by in ("rule", "agent") else ""
    return f"{who.get(view.by, f'by {view.by}')}{where}" if view.by else ""


def _marks(view: MessageView) -> list[Item]:
    lines: list[Item] = []
    if view.attempt > 1:
        lines.append(labelled("attempt", str(view.attempt)))
    if view.late and view.state != "held":
        lines.append(labelled("late", "it left the order of its conversation and came after it"))
    if view.redelivered:
        lines.append(labelled("again", "an earlier attempt may have run"))
    return lines


def shown(view: MessageView, now: int) -> list[Item]:
    """One message in full: how it stands, what was said, each state with its time and reason."""
    lines = standing(view, now)
    lines.append(labelled("verb", f"{view.verb}, {view.direction}"))
    lines.append(labelled("talk", view.conversation))
    lines.append(labelled("expires", clock(view.expires, now)))
    if view.question:
        lines += ["", "said", *content(view.question)]
    if view.timeline:
        lines += ["", *timeline(view, now)]
    if view.parts:
        lines += ["", "answered", *content(view.parts)]
    return lines


def timeline(view: MessageView, now: int) -> list[Item]:
    """Each state: when, what, why."""
    rows = [
        (clock(step.at, now), step.state, _said(_titled(step.why), step.parts))
        for step in view.timeline
    ]
    return [Table(("when", "state", "why"), rows)]


def content(parts: Sequence[Content]) -> list[Item]:
    """Parts by others, quoted, with their files."""
    said = spoken(parts)
    return [*([Quote(said)] if said else []), *attachments(parts)]


def listed(views: Sequence[MessageView], now: int) -> list[Item]:
    """Messages in one table, newest first as they came."""
    if not views:
        return ["no messages"]
    width = id_width([view.id for view in views])
    rows = [
        (
            view.id[:width],
            view.state,
            view.verb,
            f"{view.sender} → {view.to}",
            span(max(0, now - view.created)),
            catalogued(view.reason).partition(" (")[0] or view.why,
        )
        for view in views
    ]
    return [Table(("id", "state", "verb", "from → to", "age", "why"), rows)]


def inbox(runs: Sequence[Run], now: int, reply: str, seen: str) -> list[Item]:
    """What waits for an agent. `reply` answers a message and `seen` takes note; both hold ID."""
    if not runs:
        return ["nothing waits"]
    lines: list[Item] = []
    for run in runs:
        lines += [
            *([""] if lines else []),
            *_waiting(run, now, seen if run.verb == "send" else reply),
        ]
    return lines


def _waiting(run: Run, now: int, hint: str) -> list[Item]:
    vouched = f"node {run.node[:7]} vouches" if run.node else "of this node"
    marks = [
        word
        for word, on in (
            ("shown before", run.again),
            ("may have run before", run.redelivered),
            ("late", run.late),
        )
        if on
    ]
    trust = vouched if run.verified else "not verified"
    came = clock(run.received, now)
    lines: list[Item] = [f"{run.verb}  {run.id}  from {run.sender} ({trust})  {came}"]
    if marks:
        lines.append(labelled("mark", ", ".join(marks)))
    lines += content(run.parts)
    if run.done_when:
        lines.append(labelled("done", f"when {run.done_when}"))
    if run.verb != "send":
        lines.append(labelled("expires", clock(run.expires, now)))
    lines.append(labelled("next", hint.replace("ID", run.id, 1)))
    return lines


def id_width(ids: Sequence[str]) -> int:
    """How much of each id keeps them apart."""
    for width in (SHORTEST, 18, 23):
        if len({one[:width] for one in ids}) == len(set(ids)):
            return width
    return 36


def _titled(why: str) -> str:
    return CATALOGUE[why].title if why in CATALOGUE else why


def _said(why: str, parts: Sequence[Content]) -> str:
    text = clean(spoken(parts)).strip().split("\n")[0]
    files = [clean_line(part.name) or "a file" for part in parts if isinstance(part, File)]
    values = [text] if text else []
    return "  ".join(word for word in (why, *values, *files) if word)


def pruned(found: Pruned, dry_run: bool) -> list[Item]:
    """What went, or would go."""
    word = "would go" if dry_run else "pruned"
    lines: list[Item] = [f"{word}  {found.messages} messages, {found.frames} frames"]
    if found.kept:
        lines.append(f"kept  {found.kept} as old: not ended for as long, or needed by a peer")
    return lines
