"""What is said of settings between a node and its operator: values with their places, changes."""

import msgspec

Plain = str | int


class Place(msgspec.Struct, frozen=True):
    """A value and where it stands: "default", a file with its line, a variable, or a flag."""

    value: Plain
    origin: str


class SettingView(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as it counts now. Durations and sizes are text with a unit, secrets are dots.

    `source` is "default", "file", "environment" or "flag"; `hides` are the values it overrides,
    strongest first. `after_restart` is what will count then, where that is another value; the
    `origin` then says where the value stood "at the start".
    """

    key: str
    value: Plain
    origin: str
    source: str
    default: Plain
    changed: bool
    applies: str
    secret: bool
    help: str
    variable: str
    hides: tuple[Place, ...] = ()
    after_restart: Place | None = None


class ConfigView(msgspec.Struct, frozen=True, kw_only=True):
    """All settings and how their file stands.

    `hash` is the SHA-256 (hex) of the text of the file that counts. `fault` says what is wrong with
    the file as it is now ("" for nothing): until it is mended, what was read before counts.
    `restart` names the settings that wait for one, `stray` the variables that look like settings
    and are none.
    """

    file: str
    hash: str
    settings: tuple[SettingView, ...]
    fault: str = ""
    fault_where: str = ""
    restart: tuple[str, ...] = ()
    stray: tuple[str, ...] = ()

    def setting(self, key: str) -> SettingView | None:
        """One setting by its key."""
        return next((one for one in self.settings if one.key == key), None)


class ConfigPatch(msgspec.Struct, frozen=True):
    """Settings to change at once, by dotted key; null takes one out of the file.

    With `base` (a hash, or 12 characters of one) nothing is changed unless the file has it.
    """

    changes: dict[str, Plain | None]
    base: str = ""


class ChangedSetting(msgspec.Struct, frozen=True, kw_only=True):
    """One setting of a change: what counted by the file before, what counts by it now.

    `takes` is "live", "restart" or, when the file is not asked because something stronger says
    otherwise, the place of that. `line` is 0 where the setting no longer stands in the file.
    """

    key: str
    before: Plain
    after: Plain
    line: int
    takes: str


class ConfigChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a change did to the file: nothing, when `settings` is empty."""

    file: str
    hash: str
    settings: tuple[ChangedSetting, ...]
    undo: str = ""
