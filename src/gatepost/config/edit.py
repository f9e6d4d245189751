"""Changes single values in TOML by command: comments and order stay, the whole is checked first.

The edit is made with tomlkit and read back with tomllib; unless exactly the meant value changed,
nothing is written, for a misplaced key would mean another. The file is then read as a node would
read it, and only a file that a node would take is written.
"""

import tomllib
from collections.abc import MutableMapping
from copy import deepcopy
from typing import cast

import msgspec
import tomlkit

from gatepost.config.files import editing, replace
from gatepost.config.paths import Layout
from gatepost.config.schema import Settings, settings_of
from gatepost.config.sources import load, read_document, unknown_key
from gatepost.core.origin import Document
from gatepost.errors import GatepostError

Path = tuple[str | int, ...]
_Node = MutableMapping[str | int, object]


class Edited(msgspec.Struct, frozen=True):
    """What an edit did: where, from what to what, as written.

    `undo` is the command that takes it back, "" when there is none. `live` says that a running
    node takes it up without a restart.
    """

    file: str
    line: int
    before: str = ""
    after: str = ""
    undo: str = ""
    live: bool = True


def set_value(places: Layout, key: str, text: str) -> Edited:
    """Set one setting in `gatepost.toml`. Raises `config.unknown_key`, `config.invalid`."""
    setting = settings_of(Settings).get(key)
    if setting is None:
        raise unknown_key(key, settings_of(Settings))
    try:
        value = setting.parse(text)
    except ValueError as wrong:
        what = f"`{key}` cannot be `{text}`: it {wrong}"
        raise GatepostError("config.invalid", what=what, key=key) from wrong
    return _change(places, key, value if setting.about.kind == "whole" else setting.show(value))


def unset_value(places: Layout, key: str) -> Edited:
    """Take one setting out of `gatepost.toml`, so that its default counts. Nothing when not set."""
    return _change(places, key, None)


def _change(places: Layout, key: str, written: str | int | None) -> Edited:
    with editing(places):
        old = read_document(places.config)
        row = load(old, {}).row(key)
        was_set = row.found.source == "file"
        new = old
        if was_set or written is not None:
            new = assigned(old, tuple(key.split(".")), written)
        after = load(new, {}).row(key)
        if new != old:
            replace(places.config, old, new)
    return Edited(
        file=new.name,
        line=after.found.origin.line or row.found.origin.line,
        before=row.text,
        after=after.text,
        undo=f"gatepost config set {key} {row.text}" if was_set else f"gatepost config unset {key}",
        live=row.setting.about.applies == "live",
    )


def assigned(document: Document, path: Path, value: str | int | None) -> Document:
    """The document with `value` at `path` (None: without it); tables on the way are made."""
    tree = tomlkit.parse(document.text)
    _assign(cast("_Node", tree), path, value)
    new = Document(document.name, tomlkit.dumps(tree))
    meant = cast("_Node", deepcopy(tomllib.loads(document.text)))
    _assign(meant, path, value)
    if tomllib.loads(new.text) != meant:
        where = ".".join(str(part) for part in path)
        raise GatepostError(
            "bug.internal", what=f"setting `{where}` in {document.name} would change more than that"
        )
    return new


def _assign(tree: _Node, path: Path, value: str | int | None) -> None:
    node = tree
    for part in path[:-1]:
        if isinstance(part, str) and part not in node:
            node[part] = {}
        node = cast("_Node", node[part])
    if value is None:
        node.pop(path[-1], None)
    else:
        node[path[-1]] = value
