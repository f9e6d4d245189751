"""`$include` in an OpenClaw configuration: several files become one tree, each value with its file.

Pure: the files are read by whoever calls. An object may name files beside its own members; what
they hold is merged in order, and the object's own members last: objects merge key by key, lists are
joined, of anything else the later counts. A file is looked for beside the file that names it and
must lie in the directory of the main one (or in one of `OPENCLAW_INCLUDE_ROOTS`).
"""

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gatepost.adapters.openclaw.explain.json5 import Node

INCLUDE = "$include"
DEEPEST = 10
"""Files that name files; OpenClaw's own bound."""

Read = Callable[[str], Node]
"""Read and parse the file with this absolute path."""


class NotIncluded(ValueError):
    """An `$include` that OpenClaw would refuse; `where` is its file and line."""

    def __init__(self, what: str, where: str) -> None:
        super().__init__(what)
        self.where = where


@dataclass(frozen=True, slots=True)
class Inclusion:
    """How files are found: the directories they may lie in (absolute), and how one is read."""

    roots: Sequence[str]
    read: Read


def included(tree: Node, path: str, by: Inclusion) -> Node:
    """`tree` of the file `path` with all files in place. Raises `NotIncluded` and as read does."""
    return _merged(tree, (posixpath.normpath(path),), by)


def _merged(node: Node, chain: tuple[str, ...], by: Inclusion) -> Node:
    if isinstance(node.value, tuple):
        elements = tuple(_merged(one, chain, by) for one in node.value)
        return Node(elements, node.file, node.line)
    members = node.members()
    own = {key: _merged(one, chain, by) for key, one in members.items() if key != INCLUDE}
    if INCLUDE not in members:
        return Node(own, node.file, node.line) if members else node
    found = _files(members[INCLUDE], chain, by)
    if not own:
        return found
    if not isinstance(found.value, dict):
        raise NotIncluded("keys beside `$include` need an included object", node.where)
    return _join(found, Node(own, node.file, node.line))


def _files(named: Node, chain: tuple[str, ...], by: Inclusion) -> Node:
    if isinstance(named.value, str):
        return _file(named, named.value, chain, by)
    if not isinstance(named.value, tuple):
        raise NotIncluded("`$include` is neither a path nor a list of paths", named.where)
    found = Node({}, named.file, named.line)
    for one in named.value:
        if not isinstance(one.value, str):
            raise NotIncluded("`$include` holds what is no path", one.where)
        found = _join(found, _file(one, one.value, chain, by))
    return found


def _file(at: Node, name: str, chain: tuple[str, ...], by: Inclusion) -> Node:
    path = posixpath.normpath(posixpath.join(posixpath.dirname(chain[-1]), name))
    if not any(path == root or path.startswith(root.rstrip("/") + "/") for root in by.roots):
        raise NotIncluded(f"`{name}` lies outside of {by.roots[0]}", at.where)
    if path in chain:
        raise NotIncluded(f"`{name}` includes itself", at.where)
    if len(chain) > DEEPEST:
        raise NotIncluded(f"more than {DEEPEST} files name each other", at.where)
    return _merged(by.read(path), (*chain, path), by)


def _join(base: Node, over: Node) -> Node:
    if isinstance(base.value, tuple) and isinstance(over.value, tuple):
        return Node(base.value + over.value, over.file, over.line)
    if not (isinstance(base.value, dict) and isinstance(over.value, dict)):
        return over
    joined = dict(base.value)
    for key, one in over.value.items():
        joined[key] = _join(joined[key], one) if key in joined else one
    return Node(joined, over.file, over.line)
