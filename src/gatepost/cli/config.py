"""Settings: each with its value and where that comes from; edited in place, comments kept.

Reads and writes `gatepost.toml` itself, so it works with the node down. It says so where a running
node takes a value up only after a restart.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from gatepost.cli.call import Call
from gatepost.cli.command import command, group
from gatepost.cli.render import Item, Table

if TYPE_CHECKING:
    from gatepost.config.edit import Edited
    from gatepost.config.sources import Configuration, Row

Key = Annotated[str, typer.Argument(metavar="KEY", help="See `config list`.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add `config` to the command line."""
    noun = group("config", "Settings, and where each value comes from.")
    command(noun, "list", "config list", "config list --changed")(listed)
    command(noun, "get", "config get listen")(get)
    command(noun, "set", "config set listen 127.0.0.1:7444")(set_)
    command(noun, "unset", "config unset listen")(unset)
    command(noun, "check", "config check")(check)
    app.add_typer(noun)


def listed(
    call: Call,
    changed: Annotated[
        bool, typer.Option("--changed", help="Only what is not the default.")
    ] = False,
) -> None:
    """All settings, each with its origin."""
    rows = [row for row in _load(call).rows.values() if row.changed or not changed]
    table = [
        (row.setting.key, row.text, str(row.found.origin), row.setting.about.help) for row in rows
    ]
    call.screen.data(
        [_plain(row) for row in rows], [Table(("setting", "value", "from", "what it is"), table)]
    )


def get(call: Call, key: Key) -> None:
    """One value, with its origin."""
    row = _load(call).row(key)
    call.screen.data(_plain(row), [row.text])
    call.screen.labelled("from", str(row.found.origin))
    for other in row.shadowed:
        if other.source != "default":
            call.screen.labelled("hides", f"{row.setting.show(other.value)}   {other.origin}")
    call.screen.labelled("is", row.setting.about.help)


def set_(
    call: Call,
    key: Key,
    value: Annotated[
        str, typer.Argument(metavar="VALUE", help="Its new value.", show_default=False)
    ],
) -> None:
    """Set one value in gatepost.toml. The whole file is checked first."""
    from gatepost.config.edit import set_value

    _edited(call, key, set_value(call.layout(), key, value))


def unset(call: Call, key: Key) -> None:
    """Take one value out of gatepost.toml, so that its default counts."""
    from gatepost.config.edit import unset_value

    _edited(call, key, unset_value(call.layout(), key))


def check(call: Call) -> None:
    """Check that a node can start with these files."""
    from gatepost.config.sources import policy_documents

    found = _load(call)
    policy_documents(call.layout())
    call.screen.data({"ok": True, "stray": found.stray}, _checked(found))


def _checked(found: "Configuration") -> list[Item]:
    strays = [
        f"  {name} in the environment looks like a setting and is none" for name in found.stray
    ]
    return ["ok", *strays]


def _load(call: Call) -> "Configuration":
    from gatepost.config.sources import environment, load_home

    return load_home(call.layout(), environment())


def _plain(row: "Row") -> dict[str, str]:
    origin = str(row.found.origin)
    return {"key": row.setting.key, "value": row.text, "source": row.found.source, "origin": origin}


def _edited(call: Call, key: str, done: "Edited") -> None:
    where = f"{done.file}:{done.line}" if done.line else done.file
    call.screen.data(done, [f"{key}  {done.before} → {done.after}   {where}"])
    if not done.live:
        call.screen.say("a running node takes it up after a restart")
    call.hint("undo", done.undo)
