"""Commands that open a gate: typed into a shell, each works on both releases that were executed.

`openclaw config set` refuses to touch a file that OpenClaw cannot read as a whole; where the file
itself is at fault, only an editor helps, and the fix opens it at the line.
"""

import json
from collections.abc import Sequence
from shlex import quote
from typing import cast

from gatepost.adapters.openclaw.explain.configuration import Fault

Value = bool | str | tuple[str, ...]
SET = "openclaw config set "
CURE = "openclaw doctor --fix --non-interactive"


def set(key: str, value: Value) -> tuple[str, ...]:
    """Set a value: a word, a truth value or a list of words."""
    return (f"{SET}{key} {value if isinstance(value, str) else quote(written(value))}",)


def by_hand(fault: Fault, value: Value = "") -> tuple[str, ...]:
    """Open the file at the line, and say what to write there; without a value, delete it."""
    file, _, line = fault.where.rpartition(":")
    key = ".".join(part for part in fault.key.split(".") if not part.isdigit())
    what = f"write {key}: {written(value)}" if value else f"delete what {key} may not hold"
    return (f"${{EDITOR:-vi}} +{line or 1} {quote(file or fault.where)}  # {what}",)


def patch(changes: Sequence[tuple[str, Value]], baseline: str) -> str:
    """The same changes in one call to the gateway; `baseline` is the hash of what it has now."""
    root: dict[str, object] = {}
    for key, value in changes:
        *above, last = key.split(".")
        place = root
        for name in above:
            place = cast("dict[str, object]", place.setdefault(name, {}))
        place[last] = value
    params = {"raw": written(root), "baseHash": baseline}
    return f"openclaw gateway call config.patch --params {quote(written(params))}"


def written(value: object) -> str:
    """A value as it stands in the file, on one line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
