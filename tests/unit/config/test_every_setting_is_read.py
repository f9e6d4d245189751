"""A setting that nothing reads would be a lie: each is traced to where the product reads it."""

import re
from pathlib import Path
from typing import Any

from gatepost.adapters.site import Limits
from gatepost.config.schema import Settings, settings_of
from gatepost.node.settings import Settings as Told

SCHEMA = settings_of(Settings)
COMPOSE = Path(__file__).resolve().parents[3] / "src" / "gatepost" / "compose.py"


class Seen:
    """The settings, noting which are read."""

    def __init__(self, struct: Any, read: set[str], path: str = "") -> None:
        self._struct, self._read, self._path = struct, read, path

    def __getattr__(self, name: str) -> Any:
        found, path = getattr(self._struct, name), self._path + name
        if path in SCHEMA:
            self._read.add(path)
            return found
        return Seen(found, self._read, path + ".")


def read_by_compose(key: str) -> bool:
    return re.search(rf"\bconfigured\.{re.escape(key)}\b", COMPOSE.read_text()) is not None


def test_every_setting_is_read_and_live_ones_are_read_again_when_they_change() -> None:
    again: set[str] = set()
    settings: Any = Seen(Settings(), again)
    Told(name="home").tune(settings)
    Limits().tune(settings)
    source = COMPOSE.read_text()
    tuned = source[source.index("def _tune(") :].split("\ndef ")[0]
    live = {key for key, setting in SCHEMA.items() if setting.about.applies == "live"}
    in_tune = {key for key in SCHEMA if re.search(rf"\bconfigured\.{re.escape(key)}\b", tuned)}
    assert live == (again | in_tune) - {"listen"}  # with `advertise`, it says what is announced
    assert [key for key in SCHEMA if key not in live and not read_by_compose(key)] == []
