"""The schema as JSON Schema (2020-12), for editors and checks; and as the page of the manual.

Both are made from the same fields that the node reads.
"""

from typing import cast

from gatepost.config.declared import TABLE
from gatepost.config.schema import Setting, Settings, Value, settings_of

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_AMOUNTS = {
    "duration": r"^0$|^[0-9]{1,15} *(ms|s|m|h|d)$",
    "size": r"^0$|^[0-9]{1,15} *(B|KiB|MiB|GiB)$",
}
_PATTERNS = {
    "name": r"^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$",
    "address": r"^(|(\[[0-9a-fA-F:.]{2,45}\]|[A-Za-z0-9._-]{1,253}):[1-9][0-9]{0,4})$",
    "loopback": r"^(|(127\.[0-9.]+|\[::1\]|localhost):[1-9][0-9]{0,4})$",
    **_AMOUNTS,
}
_TAKES = {
    "name": "a name",
    "whole": "a whole number",
    "duration": "a time: 500ms 30s 15m 72h 7d",
    "size": "a size: 512B 64KiB 16MiB 1GiB",
    "address": "HOST:PORT, or empty",
    "loopback": "HOST:PORT on loopback, or empty",
}

Schema = dict[str, object]


def json_schema() -> Schema:
    """What `gatepost.toml` may hold, as a JSON Schema document."""
    root = _table("The settings of a Gatepost node: gatepost.toml")
    for setting in settings_of(Settings).values():
        *outer, name = setting.key.split(".")
        table = root
        for part in outer:
            table = _inner(table, part)
        _properties(table)[name] = _one(setting)
    _properties(root)[TABLE] = _peers()
    return {"$schema": DIALECT, **root}


def _peers() -> Schema:
    """The peers that may be declared, by alias."""
    texts = {
        "node": ("its node id, as `gatepost keys show` prints it there", "^[A-Za-z2-7 -]{52,120}$"),
        "endpoint": ("where it is dialled; left out, it dials this node", _PATTERNS["address"]),
        "owner": (
            "whose node it is: peers of one owner do not taint each other",
            _PATTERNS["name"],
        ),
    }
    peer = _table("A declared peer; the other side declares this node")
    for key, (what, pattern) in texts.items():
        _properties(peer)[key] = {"type": "string", "description": what, "pattern": pattern}
    peer["required"] = ["node"]
    return {
        "type": "object",
        "description": "[peers.NAME]: nodes this one is paired with, without an invitation",
        "patternProperties": {_PATTERNS["name"]: peer},
        "additionalProperties": False,
    }


def manual() -> str:
    """The page of all settings, in Markdown."""
    rows = ["| setting | default | takes | counts | what it is |", "|---|---|---|---|---|"]
    for key, setting in settings_of(Settings).items():
        counts = "at once" if setting.about.applies == "live" else "after a restart"
        default = f"`{setting.plain(setting.default)}`" if setting.default != "" else "empty"
        rows.append(f"| `{key}` | {default} | {takes(setting)} | {counts} | {setting.about.help} |")
    return "\n".join(rows) + "\n"


def takes(setting: Setting) -> str:
    """What a setting takes, in words."""
    about = setting.about
    if about.kind == "choice":
        return " ".join(f"`{choice}`" for choice in about.choices)
    least = f", at least {setting.show(about.least)}" if about.least else ""
    most = f", at most {setting.show(about.most)}" if about.most < 2**53 - 1 else ""
    return f"{_TAKES[about.kind]}{least}{most}"


def _one(setting: Setting) -> Schema:
    about = setting.about
    found: Schema = {"description": f"{about.help} ({takes(setting)})"}
    if about.kind == "choice":
        found["enum"] = list(about.choices)
    elif about.kind == "whole":
        found |= {"type": "integer", "minimum": about.least, "maximum": about.most}
    elif about.kind in _AMOUNTS:
        amount: Schema = {"type": "string", "pattern": _AMOUNTS[about.kind]}
        found |= amount if about.least else {"anyOf": [amount, {"const": 0}]}
    else:
        found |= {"type": "string", "pattern": _PATTERNS[about.kind]}
    found["default"] = _default(setting, setting.default)
    found["x-applies"] = about.applies
    if about.secret:
        found["writeOnly"] = True
    return found


def _default(setting: Setting, value: Value) -> Value:
    return "" if setting.about.secret else setting.plain(value)


def _table(description: str) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": {},
        "additionalProperties": False,
    }


def _inner(table: Schema, name: str) -> Schema:
    properties = _properties(table)
    if name not in properties:
        properties[name] = _table(f"[{name}]")
    return cast("Schema", properties[name])


def _properties(table: Schema) -> Schema:
    return cast("Schema", table["properties"])
