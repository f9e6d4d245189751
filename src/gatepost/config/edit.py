"""Changes single values in a TOML text: comments and order stay, and nothing else changes.

A value that is there is changed with tomlkit, a new one is a line more. The outcome is read back,
and unless exactly the meant value changed, it is not given out: a misplaced key would mean another.
"""

import json
from collections.abc import MutableMapping
from copy import deepcopy
from typing import cast

import msgspec
import tomlkit

from gatepost.config.blocks import Blocks
from gatepost.core.origin import Document, tables
from gatepost.errors import GatepostError

Path = tuple[str | int, ...]
_Node = MutableMapping[str | int, object]


class Edited(msgspec.Struct, frozen=True):
    """What an edit of the rules did: where, from what to what, as written.

    `undo` is the command that takes it back, "" when there is none.
    """

    file: str
    line: int
    before: str = ""
    after: str = ""
    undo: str = ""


def assigned(document: Document, path: Path, value: str | int | None) -> Document:
    """The document with `value` at `path`, or without that key for None.

    A key that is there keeps its line and its comment; a new one goes to the end of its table,
    and a new table to the end of the file. A table within an element of an array is made in one
    line.
    """
    table = tables(document, "config.invalid")
    meant = cast("_Node", deepcopy(table))
    _assign(meant, path, value)
    text = None
    if value is not None and not _has(table, path):
        text = _with_new(document, path, value, within=_has(table, path[:-1]))
    if text is None:
        tree = tomlkit.parse(document.text)
        _assign(cast("_Node", tree), path, value)
        text = tomlkit.dumps(tree)
    new = Document(document.name, text)
    if _bare(tables(new, "config.invalid")) != _bare(meant):
        where = ".".join(str(part) for part in path)
        raise GatepostError(
            "bug.internal", what=f"setting `{where}` in {document.name} would change more than that"
        )
    return new


def _with_new(document: Document, path: Path, value: str | int, within: bool) -> str | None:
    """The text with a new key; None when its table stands there without a header of its own."""
    blocks = Blocks(document)
    *outer, key = path
    row = f"{key} = {json.dumps(value)}"
    if not outer:
        return blocks.inserted(blocks.top_end(), row)
    found = blocks.table(tuple(outer))
    if found is not None:
        return blocks.inserted(found[1], row)
    if within:
        return None
    in_element = len(outer) > 1 and isinstance(outer[-2], int)
    element = blocks.table(tuple(outer[:-1])) if in_element else None
    if element is not None:
        return blocks.inserted(element[1], f"{outer[-1]} = {{ {row} }}")
    name = ".".join(str(part) for part in outer)
    return f"{document.text.rstrip()}\n\n[{name}]\n{row}\n".lstrip("\n")


def _has(table: dict[str, object], path: Path) -> bool:
    node: object = table
    for part in path:
        if isinstance(node, dict) and part in node:
            node = cast("dict[str | int, object]", node)[part]
        elif isinstance(node, list) and isinstance(part, int):
            node = cast("list[object]", node)[part]
        else:
            return False
    return True


def _bare(node: object) -> object:
    """The same without empty tables, which mean nothing and may go with their last key."""
    if not isinstance(node, dict):
        return node
    inner = {key: _bare(one) for key, one in cast("dict[str, object]", node).items()}
    return {key: one for key, one in inner.items() if one != {}}


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
