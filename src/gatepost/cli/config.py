"""Settings: each with its value and where that comes from; edited in place, comments kept.

A running node is asked for its values and makes the changes itself, so what is said here counts
there. With the node down the file is read and written by the command, and it says so.
"""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from gatepost.cli.call import Call
from gatepost.cli.command import command, group
from gatepost.cli.pages import config as page
from gatepost.cli.settings import ask, changed, patch_of, typed
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from gatepost.core.configured import ConfigChange

Key = Annotated[str, typer.Argument(metavar="KEY", help="See `config list`.", show_default=False)]
BaseHash = Annotated[
    str,
    typer.Option(
        "--base-hash",
        metavar="HASH",
        help="Only if the file is still the one with this hash.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add `config` to the command line."""
    noun = group("config", "Settings, and where each value comes from.")
    command(noun, "list", "config list", "config list --changed --json")(listed)
    command(noun, "get", "config get listen", "config get delivery.expires --origin")(get)
    command(noun, "set", "config set delivery.expires 24h", "config set log.level info")(set_)
    command(noun, "unset", "config unset listen")(unset)
    command(
        noun,
        "patch",
        'config patch \'{"delivery.expires": "24h", "log.level": null}\'',
        "config patch --base-hash 5f2c9d40a1b7 < patch.json",
    )(patch)
    command(noun, "undo", "config undo")(undo)
    command(noun, "check", "config check", "config check /etc/gatepost/gatepost.toml")(check)
    command(noun, "schema", "config schema")(schema)
    app.add_typer(noun)


def listed(
    call: Call,
    only: Annotated[bool, typer.Option("--changed", help="Only what is not the default.")] = False,
) -> None:
    """All settings, each with its origin."""
    asked = ask(call)
    rows = [one for one in asked.view.settings if one.changed or not only]
    call.screen.data(rows, page.settings(rows))
    call.screen.say(*page.standing(asked.view))
    _notes(call, asked.notes)


def get(
    call: Call,
    key: Key,
    origin: Annotated[
        bool, typer.Option("--origin", help="Print where it comes from beside the value.")
    ] = False,
) -> None:
    """One value; with nothing set, its default, and that it is the default."""
    from gatepost.config.sources import unknown_key

    asked = ask(call)
    one = asked.view.setting(key)
    if one is None:
        raise unknown_key(key, [known.key for known in asked.view.settings])
    call.screen.data(one, page.value(one, origin))
    call.screen.say(*page.about(one, asked.view.fault))
    _notes(call, asked.notes)


def set_(
    call: Call,
    key: Key,
    value: Annotated[
        str,
        typer.Argument(metavar="VALUE", help="A word, or JSON.", show_default=False),
    ],
    base: BaseHash = "",
) -> int:
    """Set one value in gatepost.toml. The whole file is checked first."""
    return _change(call, {key: typed(value)}, base, f"{key} is that already")


def unset(call: Call, key: Key, base: BaseHash = "") -> int:
    """Take one value out of gatepost.toml, so that its default counts."""
    return _change(call, {key: None}, base, f"{key} is not in gatepost.toml")


def patch(
    call: Call,
    given: Annotated[
        str,
        typer.Argument(
            metavar="[JSON]",
            help="Settings by key, null to take one out. Default: stdin.",
            show_default=False,
        ),
    ] = "",
    base: BaseHash = "",
) -> int:
    """Change several settings at once: all of them, or none."""
    from gatepost.cli.content import stdin

    changes = patch_of(stdin() if given in ("", "-") else given)
    return _change(call, changes, base, "gatepost.toml says all of that already")


def undo(call: Call) -> int:
    """Take the last change by `set`, `unset`, `patch` or `undo` back."""
    from gatepost.config.change import undo as back

    done, running = changed(call, lambda operator: operator.undo_config(), back)
    return _told(call, done, running, "there is no change by command to take back") or int(
        not done.settings
    )


def check(
    call: Call,
    file: Annotated[
        str,
        typer.Argument(metavar="[FILE]", help="Only this file of settings.", show_default=False),
    ] = "",
) -> None:
    """Check that a node can start with these files, and what a running one makes of them."""
    if file:
        _check_file(call, file)
        return
    from gatepost.config.sources import environment, load_home, policy_documents
    from gatepost.policy.rules import read_law

    places = call.layout()
    name = load_home(places, environment()).settings.name
    documents = policy_documents(places)
    read_law(documents, [name])
    asked = ask(call)
    names = [asked.view.file, *(one.name for one in documents)]
    call.screen.data(
        {
            "ok": True,
            "hash": asked.view.hash,
            "stray": asked.view.stray,
            "restart": asked.view.restart,
        },
        [f"ok  {' '.join(names)}"],
    )
    call.screen.say(*page.standing(asked.view))
    _notes(call, asked.notes)


def _check_file(call: Call, file: str) -> None:
    from pathlib import Path

    from gatepost.config.change import hash_of
    from gatepost.config.sources import load, read_document

    path = Path(file)
    if not path.exists():
        raise GatepostError(
            "usage.invalid", what=f"there is no file {file}", command="config check"
        )
    document = read_document(path)
    load(document, {})
    found = {"ok": True, "hash": hash_of(document), "stray": (), "restart": ()}
    call.screen.data(found, [f"ok  {file}"])


def schema(call: Call) -> None:
    """What gatepost.toml may hold, as a JSON Schema."""
    from gatepost.config.json_schema import json_schema

    found = json_schema()
    call.screen.data(found, json.dumps(found, indent=2, ensure_ascii=False).splitlines())


def _change(call: Call, changes: dict[str, object], base: str, nothing: str) -> int:
    from gatepost.config.change import change, checked

    values = checked(changes)  # what cannot be is said before anybody is asked
    done, running = changed(
        call,
        lambda operator: operator.set_config(values, base),
        lambda places, read: change(places, values, read, base),
    )
    return _told(call, done, running, nothing)


def _told(call: Call, done: "ConfigChange", running: bool, nothing: str) -> int:
    lines = page.changed(done, running) or [f"{nothing}; nothing was written"]
    call.screen.data(done, lines)
    if not running:
        call.screen.labelled("note", "the node is down: the file was changed by this command")
    if done.settings and not done.undo:
        call.screen.labelled("undo", "not possible: the old text could not be kept aside")
    call.hint("undo", done.undo)
    return 0


def _notes(call: Call, notes: tuple[str, ...]) -> None:
    for note in notes:
        call.screen.labelled("note", note)
