"""Settings for people: one with where it comes from, all of them, what a change did."""

from collections.abc import Sequence

from gatepost.cli.render import LABEL, Item, Table
from gatepost.core.configured import ChangedSetting, ConfigChange, ConfigView, SettingView

SHORT = 12
"""Characters of a hash that are enough to name it."""


def value(one: SettingView, origin: bool) -> list[Item]:
    """One value alone, or with its place."""
    return [f"{one.value}   {place(one)}" if origin else str(one.value)]


def place(one: SettingView) -> str:
    """Where a value comes from, in words."""
    return "default" if one.source == "default" else one.origin


def about(one: SettingView, fault: str) -> list[Item]:
    """What stands behind a value: what it overrides, what waits, what the setting is."""
    unset = "default: nothing sets it" + ("" if one.value != "" else ", and it is empty")
    lines: list[Item] = [_line("from", unset if one.source == "default" else one.origin)]
    lines += [_line("hides", f"{other.value}   {other.origin}") for other in one.hides]
    if one.after_restart is not None:
        later = one.after_restart
        lines.append(_line("restart", f"{later.value} counts after one   {later.origin}"))
    broken = [_line("broken", f"{fault}; what was read before counts")] if fault else []
    return [*lines, _line("is", one.help), *broken]


def settings(rows: Sequence[SettingView]) -> list[Item]:
    """Settings in one table."""
    if not rows:
        return ["everything has its default"]
    table = [(one.key, str(one.value), place(one), one.help) for one in rows]
    return [Table(("setting", "value", "from", "what it is"), table)]


def standing(view: ConfigView) -> list[Item]:
    """How the file stands to what counts."""
    lines: list[Item] = []
    if view.fault:
        lines.append(_line("broken", f"{view.fault}; what was read before counts"))
    for one in view.settings:
        if one.after_restart is not None:
            later = one.after_restart
            text = f"{one.key} = {later.value} waits for one   {later.origin}"
            lines.append(_line("restart", text))
    strays = [_line("stray", f"{name} in the environment is no setting") for name in view.stray]
    return [*lines, *strays, _line("hash", f"{view.hash[:SHORT]}   {view.file}")]


def changed(done: ConfigChange, running: bool) -> list[Item]:
    """What a change did, a line each."""
    lines: list[Item] = []
    for one in done.settings:
        where = f"{done.file}:{one.line}" if one.line else f"no longer in {done.file}"
        before, after = (str(text) or "(empty)" for text in (one.before, one.after))
        lines.append(f"{one.key}  {before} → {after}   {where}   {_counts(one, running)}")
    return lines


def _counts(one: ChangedSetting, running: bool) -> str:
    match one.takes:
        case "live" if running:
            return "applied live"
        case "restart" if running:
            return "counts after a restart"
        case "live" | "restart":
            return "counts when the node starts"
        case stronger:
            return f"has no effect: {stronger} says otherwise"


def _line(label: str, text: str) -> str:
    return f"{label:<{LABEL}}{text}"
