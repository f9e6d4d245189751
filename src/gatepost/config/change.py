"""Changes `gatepost.toml` by command, several settings at once, and takes the last change back.

The way of every change: hold the right to edit, read the file, compare its hash with the base the
caller read (if it named one), make the new text with comments and order kept, read the whole as a
node would, and only then write it, in one step. The texts before and after are kept aside, for
`undo` and for saying what has changed since a base; they stay on this machine, for this user alone.

`undo` brings the old text back as it was. When the file was edited by hand since, it takes back the
settings alone and leaves the rest; settings that have been changed again are not touched.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from gatepost.config.declared import Declaration
from gatepost.config.edit import assigned
from gatepost.config.files import editing, replace, write
from gatepost.config.paths import Layout
from gatepost.config.schema import Setting, Settings, settings_of
from gatepost.config.sources import Configuration, Row, load, read_document, unknown_key
from gatepost.core.configured import Plain
from gatepost.core.origin import Document
from gatepost.errors import GatepostError

Reader = Callable[[Document], object]
KEPT = 16
KEPT_SIZE = 1024 * 1024
SHORTEST_HASH = 12
_HEX = frozenset("0123456789abcdef")


class FileChange(msgspec.Struct, frozen=True):
    """A change that was written: the file now, and what it said by setting before and after.

    `undoable` is False when the old text could not be kept aside.
    """

    document: Document
    before: Mapping[str, Row]
    after: Mapping[str, Row]
    undoable: bool = True

    @property
    def keys(self) -> tuple[str, ...]:
        """The settings that the file gives another value, or gives at all or no more."""
        return tuple(key for key in self.after if _written(self.before[key], self.after[key]))


class _Kept(msgspec.Struct, frozen=True):
    """The texts of the last changes, oldest first; `undo` is the one to go back from, and to."""

    texts: tuple[str, ...] = ()
    undo: tuple[str, str] | None = None


def hash_of(document: Document) -> str:
    """The SHA-256 of a text, in hex: what `--base-hash` names."""
    return hashlib.sha256(document.text.encode()).hexdigest()


def checked(changes: Mapping[str, object]) -> dict[str, Plain | None]:
    """The values of a change as the file will hold them; raises what is wrong with one."""
    schema = settings_of(Settings)
    return {key: _value(schema, key, value) for key, value in changes.items()}


def change(
    places: Layout,
    changes: Mapping[str, object],
    read: Reader,
    base: str = "",
    known: Mapping[str, Document] | None = None,
) -> FileChange:
    """Set the settings of `changes`, by dotted key; None takes one out.

    `read` reads the new text as the node would, and raises what is wrong with it; `known` are texts
    by hash that `base` may mean. Raises `config.unknown_key`, `config.invalid`, `config.changed`,
    `config.stale`.
    """
    values = checked(changes)
    with editing(places):
        old = read_document(places.config)
        if base and not _is(old, base):
            kept = {hash_of(Document(old.name, text)): text for text in _kept(places).texts}
            texts = {one: document.text for one, document in (known or {}).items()}
            raise _stale(old, base, {**kept, **texts})
        return _write(places, old, _with(old, values), read)


def undo(places: Layout, read: Reader) -> FileChange:
    """Take the last change by command back; once more brings it again.

    Changes nothing when there was none. Raises `config.changed` when what it set was set again.
    """
    with editing(places):
        old, last = read_document(places.config), _kept(places).undo
        if last is None:
            rows = load(old, {}).rows
            return FileChange(old, rows, rows)
        before, after = (Document(old.name, text) for text in last)
        new = before if old == after else _undone(old, before, after)
        return _write(places, old, new, read)


def _write(places: Layout, old: Document, new: Document, read: Reader) -> FileChange:
    before, after = load(old, {}), load(new, {})
    read(new)
    kept = True
    if new != old:
        replace(places.config, old, new)
        kept = _keep(places, old, new)
    return FileChange(new, before.rows, after.rows, kept)


def _with(document: Document, values: Mapping[str, Plain | None]) -> Document:
    rows = load(document, {}).rows
    for key, value in values.items():
        if value is not None or rows[key].found.source == "file":
            document = assigned(document, tuple(key.split(".")), value)
    return document


def _value(schema: Mapping[str, Setting], key: str, value: object) -> Plain | None:
    setting = schema.get(key)
    if setting is None:
        raise unknown_key(key, schema)
    if value is None:
        return None
    try:
        return setting.plain(setting.parse(value))
    except ValueError as wrong:
        said = "that" if setting.about.secret else f"`{str(value)[:120]}`"
        what = f"`{key}` cannot be {said}: it {wrong}"
        raise GatepostError("config.invalid", what=what, key=key) from None


def _undone(now: Document, before: Document, after: Document) -> Document:
    """The file as it is now without what the last change set."""
    was, set_, found = (load(one, {}).rows for one in (before, after, now))
    keys = [key for key in set_ if _written(was[key], set_[key])]
    again = [key for key in keys if _written(set_[key], found[key])]
    if again:
        raise GatepostError(
            "config.changed",
            what=f"{now.name} was edited since: {', '.join(again)} would not go back as it was",
            why=_difference(load(after, {}), load(now, {})),
            where=now.name,
        )
    back = {key: _in_file(was[key]) for key in keys}
    return _with(now, back)


def _in_file(row: Row) -> Plain | None:
    return row.setting.plain(row.found.value) if row.found.source == "file" else None


def _written(one: Row, other: Row) -> bool:
    return (one.found.source, one.found.value) != (other.found.source, other.found.value)


def _is(document: Document, base: str) -> bool:
    if len(base) < SHORTEST_HASH or not _HEX.issuperset(base):
        raise GatepostError(
            "usage.invalid",
            what="a base hash is 64 characters of hex, or the first 12 of them",
            why="`gatepost config check` prints it",
            command="config patch",
        )
    return hash_of(document).startswith(base)


def _stale(now: Document, base: str, texts: Mapping[str, str]) -> GatepostError:
    read = next((text for one, text in texts.items() if one.startswith(base)), None)
    current = hash_of(now)
    if read is None:
        why = "what it was with that hash is not known here, so look at it again"
    else:
        why = _difference(load(Document(now.name, read), {}), load(now, {}))
    return GatepostError(
        "config.stale",
        what=f"{now.name} is not the text you read; nothing was written",
        why=why,
        where=now.name,
        hash=current,
    )


def _difference(read: Configuration, now: Configuration) -> str:
    """What another text means, setting by setting."""
    told = [
        f"{key} was {_said(read.rows[key])}, is {_said(row)}"
        for key, row in now.rows.items()
        if _written(read.rows[key], row)
    ]
    if {one.alias: _declared(one) for one in read.peers} != {
        one.alias: _declared(one) for one in now.peers
    }:
        told.append("other peers are declared")
    return "; ".join(told) or "only comments or their order changed"


def _declared(peer: Declaration) -> tuple[str, str, str]:
    return peer.node, peer.endpoint, peer.owner


def _said(row: Row) -> str:
    text = row.text or "empty"
    return f"{text} (default)" if row.found.source == "default" else text


def _kept(places: Layout) -> _Kept:
    path = _place(places)
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Kept)
    except (OSError, msgspec.DecodeError):
        return _Kept()  # none yet, or cut by hand: it serves convenience, no change fails over it


def _keep(places: Layout, old: Document, new: Document) -> bool:
    """Keep both texts aside. False when that failed: the change itself is written by now."""
    texts = [text for text in _kept(places).texts if text not in (old.text, new.text)]
    texts = [*texts, old.text, new.text][-KEPT:]
    while len(texts) > 2 and sum(map(len, texts)) > KEPT_SIZE:
        del texts[0]
    kept = _Kept(tuple(texts), (old.text, new.text))
    try:
        write(_place(places), msgspec.json.encode(kept).decode())
    except GatepostError:
        return False
    return True


def _place(places: Layout) -> Path:
    return places.run / "config-changes.json"
