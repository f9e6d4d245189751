"""Where values come from: default, file, environment, flag; the later wins, each keeps its place.

This is the one place that reads the environment. A file that cannot be read, a key that does not
exist or a value of the wrong kind raises `config.invalid` or `config.unknown_key` with its line
and the nearest name; nothing is skipped or guessed. A value that lost is kept, so that nobody has
to wonder why a file has no effect.
"""

import difflib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal, TypeVar, cast

import msgspec

from gatepost.config.declared import TABLE, Declaration, declared
from gatepost.config.paths import Layout
from gatepost.config.schema import Setting, Settings, Value, settings_of
from gatepost.core.origin import Document, KeyPath, Origin, line_of, lines, tables
from gatepost.errors import GatepostError

_S = TypeVar("_S", bound=msgspec.Struct)
Source = Literal["default", "file", "environment", "flag"]
LARGEST_FILE = 4 * 1024 * 1024
HIDDEN = "••••"
"""Stands for a secret wherever a value is shown."""
_LONGEST_SHOWN = 120
# Variables of this prefix that are no settings: where the node lives, and what a run is told.
_RESERVED = (
    "GATEPOST_HOME",
    "GATEPOST_AGENT",
    "GATEPOST_SOCKET",
    "GATEPOST_TOKEN",
    "GATEPOST_RUN",
    "GATEPOST_OPERATOR_TOKEN",
)


class Found(msgspec.Struct, frozen=True):
    """One value of a setting and its place."""

    value: Value
    source: Source
    origin: Origin


class Row(msgspec.Struct, frozen=True):
    """One setting with the value that counts and those it overrides, strongest first."""

    setting: Setting
    found: Found
    shadowed: tuple[Found, ...] = ()

    @property
    def changed(self) -> bool:
        """True when the value is not the default."""
        return self.found.value != self.setting.default

    @property
    def text(self) -> str:
        """The value as it is written in the file; secrets are not shown."""
        return self.shown(self.found.value)

    def shown(self, value: Value) -> str:
        """Any value of this setting as it is written in the file; secrets are not shown."""
        return HIDDEN if self.setting.about.secret and value else self.setting.show(value)


class Configuration(msgspec.Struct, frozen=True):
    """All settings as they count now. `stray` are environment variables that look like settings.

    `peers` are those declared in the file.
    """

    settings: Settings
    rows: Mapping[str, Row]
    stray: tuple[str, ...] = ()
    peers: tuple[Declaration, ...] = ()

    def row(self, key: str) -> Row:
        """The row of a key; raises `config.unknown_key` with the nearest name."""
        if key not in self.rows:
            raise unknown_key(key, self.rows)
        return self.rows[key]


def environment() -> dict[str, str]:
    """The environment of this process."""
    return dict(os.environ)


def load(
    document: Document, environ: Mapping[str, str], flags: Mapping[str, str] | None = None
) -> Configuration:
    """Read all settings. `document` is the text of `gatepost.toml`, `flags` are by dotted key."""
    schema = settings_of(Settings)
    rows: dict[str, Row] = {}
    for key in flags or ():
        if key not in schema:
            raise unknown_key(key, schema, "flag --set")
    table = tables(document, "config.invalid")
    peers = declared(document, table.pop(TABLE, {}))
    in_file = _in_file(document, table, schema)
    for key, setting in schema.items():
        found = [Found(setting.default, "default", Origin("default"))]
        if key in in_file:
            found.append(in_file[key])
        if setting.variable in environ:
            place = Origin(f"environment {setting.variable}")
            found.append(_found(setting, environ[setting.variable], "environment", place))
        if flags and key in flags:
            found.append(_found(setting, flags[key], "flag", Origin(f"flag --set {key}")))
        *others, best = found
        rows[key] = Row(setting, best, tuple(reversed(others)))
    variables = {setting.variable for setting in schema.values()}
    stray = sorted(
        name
        for name in environ
        if name.startswith("GATEPOST_") and name not in variables and name not in _RESERVED
    )
    _apart(rows)
    return Configuration(combined(rows), rows, tuple(stray), peers)


def combined(rows: Mapping[str, Row]) -> Settings:
    """The typed settings these rows give; there must be one for every key of the schema."""
    return _settings(Settings, rows)


def load_home(
    places: Layout, environ: Mapping[str, str], flags: Mapping[str, str] | None = None
) -> Configuration:
    """Read the settings of a home directory; a missing `gatepost.toml` is an empty one."""
    return load(read_document(places.config), environ, flags)


def policy_documents(places: Layout) -> tuple[Document, Document]:
    """The texts of `policy.toml` and `grants.toml`; a missing file is empty: it permits nothing."""
    return (
        read_document(places.policy, "policy.invalid"),
        read_document(places.grants, "policy.invalid"),
    )


def read_document(path: Path, code: str = "config.invalid") -> Document:
    """The text of a file. Raises `code` when it is too large, not UTF-8, or cannot be read."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        return Document(path.name, "")
    except OSError as wrong:
        why = (wrong.strerror or str(wrong)).lower()
        raise GatepostError(
            code, what=f"{path} cannot be read", why=why, where=path.name
        ) from wrong
    if len(data) > LARGEST_FILE:
        what = f"{path.name} is larger than {LARGEST_FILE // 1024 // 1024} MiB"
        raise GatepostError(code, what=what, where=path.name)
    try:
        return Document(path.name, data.decode())
    except UnicodeDecodeError as wrong:
        where = str(Origin(path.name, data.count(b"\n", 0, wrong.start) + 1))
        what = f"{where}: this is not UTF-8"
        raise GatepostError(code, what=what, where=where) from wrong


def unknown_key(key: str, known: Iterable[str], where: str = "") -> GatepostError:
    """The error for a key that is no setting, with those it was probably meant to be."""
    nearest = _nearest(key, list(known))
    what = f"there is no setting `{key}`"
    if nearest:
        what += f"; did you mean {' or '.join(f'`{one}`' for one in nearest)}?"
    return GatepostError(
        "config.unknown_key",
        what=f"{where}: {what}" if where else what,
        where=where,
        suggestion=nearest[0] if nearest else "listen",
    )


def _nearest(key: str, known: list[str]) -> list[str]:
    """Settings in a table of that name, or whose last word it is, or one slip away, or alike."""
    wanted = key.lower().replace("-", "_")
    inside = [one for one in known if one.startswith(wanted + ".")]
    last = [one for one in known if wanted and one.rpartition(".")[2] == wanted]
    slip = difflib.get_close_matches(wanted, known, n=1, cutoff=0.85)
    return (inside or last or slip or difflib.get_close_matches(wanted, known, cutoff=0.6))[:3]


def _apart(rows: Mapping[str, Row]) -> None:
    """Raise `config.invalid` when two sockets are to listen on one address."""
    taken: dict[str, Row] = {}
    for key in ("listen", "operator.listen", "agent.listen"):
        row = rows[key]
        address = str(row.found.value)
        other = taken.setdefault(address, row)
        if address and other is not row:
            where = str(row.found.origin)
            raise GatepostError(
                "config.invalid",
                what=f"{where}: `{key}` is `{address}`, and so is `{other.setting.key}`",
                why=f"`{other.setting.key}` comes from {other.found.origin}",
                where=where,
                key=key,
            )


def _in_file(
    document: Document, table: Mapping[str, object], schema: Mapping[str, Setting]
) -> dict[str, Found]:
    placed = lines(document.text)
    found: dict[str, Found] = {}
    for path, value in _leaves(table, (), schema):
        # A quoted key may hold a dot; joined, it would pass for another.
        key = ".".join(part if "." not in part else f'"{part}"' for part in path)
        origin = Origin(document.name, line_of(placed, cast("KeyPath", path)))
        if key not in schema:
            raise unknown_key(key, schema, str(origin))
        found[key] = _found(schema[key], value, "file", origin)
    return found


def _leaves(
    table: Mapping[str, object], path: tuple[str, ...], schema: Mapping[str, Setting]
) -> Iterable[tuple[tuple[str, ...], object]]:
    for name, value in table.items():
        here = (*path, name)
        inner = any(key.startswith(".".join(here) + ".") for key in schema)
        if isinstance(value, dict) and inner and "." not in name:
            yield from _leaves(cast("dict[str, object]", value), here, schema)
        else:
            yield here, value


def _found(setting: Setting, value: object, source: Source, origin: Origin) -> Found:
    try:
        return Found(setting.parse(value), source, origin)
    except ValueError as wrong:
        raise GatepostError(
            "config.invalid",
            what=f"{origin}: `{setting.key}` is `{_shown(setting, value)}`, but {wrong}",
            where=str(origin),
            key=setting.key,
        ) from (None if setting.about.secret else wrong)


def _shown(setting: Setting, value: object) -> str:
    """What somebody wrote, as an error repeats it: never a secret, and not at any length."""
    text = HIDDEN if setting.about.secret else str(value)
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def _settings(struct: type[_S], rows: Mapping[str, Row], prefix: str = "") -> _S:
    """The typed settings from the rows; the schema names every field, so none is left out."""
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(struct):
        key = prefix + field.name
        if key in rows:
            values[field.name] = rows[key].found.value
        else:
            inner = cast("type[msgspec.Struct]", type(field.default))
            values[field.name] = _settings(inner, rows, key + ".")
    return struct(**values)
