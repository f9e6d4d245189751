"""Peers declared in the configuration: who a fleet's nodes are to each other, without invitations.

    [peers.lab]
    node     = "drce5cw-…"           # its node id, as `gatepost keys show` prints it
    endpoint = "lab.example:7443"    # where it is dialled; left out, it dials this node
    owner    = "work"                # peers of one owner do not taint each other

Both sides declare each other. Nothing here is a setting: the tables are named by alias, and a
change counts at once.
"""

import difflib
from collections.abc import Mapping
from typing import Protocol, cast

import msgspec

from gatepost.core.address import NAME, is_node_id
from gatepost.core.identity import is_endpoint, parse_shown
from gatepost.core.origin import Document, KeyPath, Origin, line_of, lines
from gatepost.errors import GatepostError

TABLE = "peers"
KEYS = ("node", "endpoint", "owner")


class Declaration(msgspec.Struct, frozen=True):
    """One declared peer, and where it stands."""

    alias: str
    node: str
    endpoint: str = ""
    owner: str = ""
    origin: Origin = Origin("gatepost.toml")


def declared(document: Document, found: object) -> tuple[Declaration, ...]:
    """The peers in the table `found`. Raises `config.invalid` or `config.unknown_key`, by line."""
    placed = lines(document.text)

    def at(*path: str) -> Origin:
        return Origin(document.name, line_of(placed, cast("KeyPath", (TABLE, *path))))

    if not isinstance(found, dict):
        raise _invalid(at(), f"`{TABLE}` is no table; declare a peer as [peers.NAME]")
    made: dict[str, Declaration] = {}
    for alias, table in cast("dict[str, object]", found).items():
        if not isinstance(table, dict):
            raise _invalid(at(alias), f"`peers.{alias}` is no table; write [peers.{alias}]")
        one = _declaration(alias, cast("Mapping[str, object]", table), at)
        before = made.get(one.node)
        if before is not None:
            what = f"`{alias}` and `{before.alias}` (line {before.origin.line}) are one node"
            raise _invalid(one.origin, what)
        made[one.node] = one
    return tuple(made.values())


def _declaration(alias: str, table: Mapping[str, object], at: "_At") -> Declaration:
    here = at(alias)
    if not NAME.fullmatch(alias) or is_node_id(alias):
        raise _invalid(here, f"no peer can be called `{alias}`: 1 to 64 of a-z 0-9 . _ -")
    for key, value in table.items():
        if key not in KEYS:
            nearest = difflib.get_close_matches(key, KEYS, n=1, cutoff=0.5)
            meant = f"did you mean `{nearest[0]}`?" if nearest else f"there are {', '.join(KEYS)}"
            what = f"{at(alias, key)}: a declared peer has no `{key}`; {meant}"
            raise GatepostError("config.invalid", what=what, where=str(at(alias, key)))
        if not isinstance(value, str):
            raise _invalid(at(alias, key), f"`peers.{alias}.{key}` must be a text")
    texts = cast("Mapping[str, str]", table)
    if not texts.get("node"):
        what = f"`peers.{alias}` names no `node`: `gatepost keys show` prints it there"
        raise _invalid(here, what)
    endpoint, owner = texts.get("endpoint", ""), texts.get("owner", "")
    if endpoint and not is_endpoint(endpoint):
        raise _invalid(at(alias, "endpoint"), f"`{endpoint}` is not HOST:PORT")
    if owner and not NAME.fullmatch(owner):
        raise _invalid(at(alias, "owner"), f"`{owner}` is no name: 1 to 64 of a-z 0-9 . _ -")
    try:
        node = parse_shown(texts["node"])
    except GatepostError as wrong:
        what = f"`{texts['node'][:80]}` is not a node id: {wrong.why}"
        raise _invalid(at(alias, "node"), what) from None
    return Declaration(alias, node, endpoint, owner, here)


class _At(Protocol):
    def __call__(self, *path: str) -> Origin: ...


def _invalid(origin: Origin, what: str) -> GatepostError:
    return GatepostError("config.invalid", what=f"{origin}: {what}", where=str(origin))
