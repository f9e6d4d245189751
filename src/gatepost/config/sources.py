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

from gatepost.config.paths import Layout
from gatepost.config.schema import Setting, Settings, Value, settings_of
from gatepost.core.origin import Document, KeyPath, Origin, line_of, lines, tables
from gatepost.errors import GatepostError

_S = TypeVar("_S", bound=msgspec.Struct)
Source = Literal["default", "file", "environment", "flag"]
LARGEST_FILE = 4 * 1024 * 1024
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
        if self.setting.about.secret and self.found.value:
            return "••••"
        return self.setting.show(self.found.value)


class Configuration(msgspec.Struct, frozen=True):
    """All settings as they count now. `stray` are environment variables that look like settings."""

    settings: Settings
    rows: Mapping[str, Row]
    stray: tuple[str, ...] = ()

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
    in_file = _in_file(document, schema)
    for key, setting in schema.items():
        found = [Found(setting.default, "default", Origin("default"))]
        if key in in_file:
            found.append(in_file[key])
        if setting.variable in environ:
            place = Origin(f"environment {setting.variable}")
            found.append(_found(setting, environ[setting.variable], "environment", place))
        if flags and key in flags:
            found.append(_found(setting, flags[key], "flag", Origin(f"flag --{_flag(key)}")))
        *others, best = found
        rows[key] = Row(setting, best, tuple(reversed(others)))
    variables = {setting.variable for setting in schema.values()}
    stray = sorted(
        name
        for name in environ
        if name.startswith("GATEPOST_") and name not in variables and name not in _RESERVED
    )
    return Configuration(_settings(Settings, rows), rows, tuple(stray))


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
    """The error for a key that is no setting."""
    nearest = difflib.get_close_matches(key, list(known), n=1, cutoff=0.5)
    what = f"there is no setting `{key}`"
    if nearest:
        what += f"; did you mean `{nearest[0]}`?"
    return GatepostError(
        "config.unknown_key",
        what=f"{where}: {what}" if where else what,
        where=where,
        suggestion=nearest[0] if nearest else "listen",
    )


def _in_file(document: Document, schema: Mapping[str, Setting]) -> dict[str, Found]:
    table = tables(document, "config.invalid")
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
        shown = "••••" if setting.about.secret else value
        raise GatepostError(
            "config.invalid",
            what=f"{origin}: `{setting.key}` is `{shown}`, but {wrong}",
            where=str(origin),
            key=setting.key,
        ) from wrong


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


def _flag(key: str) -> str:
    return key.replace(".", "-").replace("_", "-")
