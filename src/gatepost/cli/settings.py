"""The settings as a command gets them: from the node that runs, else from the files, saying so.

A running node knows best: it has its own environment and flags, and may run by values it has not
been restarted for. When it is down, the file and this environment are all there is, and that is
said. Where this environment says another thing than the node, that is said too.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar, cast

from gatepost.cli.call import Call
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from gatepost.config.change import FileChange, Reader
    from gatepost.config.paths import Layout
    from gatepost.config.schema import Setting
    from gatepost.core.configured import ConfigChange, ConfigView, Plain
    from gatepost.sdk import OperatorClient

Answer = TypeVar("Answer")
DOWN = frozenset({"node.not_running", "home.missing"})


class Asked:
    """All settings, and who was asked: `running` says that it was the node."""

    def __init__(self, view: "ConfigView", running: bool, notes: tuple[str, ...]) -> None:
        self.view = view
        self.running = running
        self.notes = notes


def ask(call: Call) -> Asked:
    """The settings as they count. Raises `home.missing`, `config.invalid` with the node down."""
    from gatepost.config.shown import view
    from gatepost.config.sources import environment, load, read_document

    places = call.layout()
    found = running(call, lambda operator: operator.config())
    if found is not None:
        return Asked(found, True, differing(found))
    document = read_document(places.config)
    counts = load(document, environment())
    note = "the node is down: this is what its file and this environment say"
    return Asked(view(document, counts, {}), False, (note,))


def running(call: Call, work: "Callable[[OperatorClient], Awaitable[Answer]]") -> Answer | None:
    """What the node answers; None when none runs."""
    try:
        return call.as_operator(work)
    except GatepostError as error:
        if error.code not in DOWN:
            raise
        return None


def differing(view: "ConfigView") -> tuple[str, ...]:
    """Where this environment says another thing than the node runs by, in a line each."""
    from gatepost.config.schema import Settings, settings_of
    from gatepost.config.sources import environment

    environ, schema = environment(), settings_of(Settings)
    said = {one: environ.get(one.variable) for one in view.settings if not one.secret}
    return tuple(
        f"{one.variable} is `{text}` here; the node runs without that, by {one.origin}"
        for one, text in said.items()
        if text is not None and not _same(schema.get(one.key), text, one.value)
    )


def _same(setting: "Setting | None", text: str, value: "Plain") -> bool:
    try:
        return setting is not None and setting.plain(setting.parse(text)) == value
    except ValueError:
        return False


def changed(
    call: Call,
    wish: "Callable[[OperatorClient], Awaitable[ConfigChange]]",
    alone: "Callable[[Layout, Reader], FileChange]",
) -> "tuple[ConfigChange, bool]":
    """Change the file: the node does it and takes it up; without one, this command does it alone.

    True when a node did.
    """
    from gatepost.config.shown import told
    from gatepost.config.sources import environment, load

    places = call.layout()
    done = running(call, wish)
    if done is not None:
        return done, True
    environ = environment()
    written = alone(places, lambda document: load(document, environ))
    return told(written, load(written.document, environ).rows), False


def typed(text: str) -> object:
    """A value as it is typed: JSON where it looks like it, else the bare word."""
    import json

    if text[:1] in '"[{' or text in ("true", "false", "null"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def patch_of(text: str) -> dict[str, object]:
    """A patch as it is typed or piped: a JSON object by dotted key, or with tables within."""
    import json

    from gatepost.config.schema import Settings, settings_of

    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as wrong:
        raise _no_patch(str(wrong)) from wrong
    return _flat(given, "", tuple(settings_of(Settings)))


def _flat(given: object, prefix: str, keys: tuple[str, ...]) -> dict[str, object]:
    if not isinstance(given, dict):
        raise _no_patch("it is no object")
    found: dict[str, object] = {}
    for name, value in cast("dict[str, object]", given).items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and any(one.startswith(f"{key}.") for one in keys):
            found.update(_flat(cast("object", value), f"{key}.", keys))
        else:
            found[key] = value
    return found


def _no_patch(why: str) -> GatepostError:
    return GatepostError(
        "usage.invalid",
        what='a patch is a JSON object of settings, as {"delivery.expires": "24h"}',
        why=why,
        command="config patch",
    )
