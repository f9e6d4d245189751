"""Checks of the settings: whether they can be read, whence they come, whether they are in force."""

from collections.abc import Iterator

from gatepost.node.health.check import Check, Hit
from gatepost.node.health.facts import Facts, known


def _invalid(facts: Facts) -> Iterator[Hit]:
    if known(facts.home).node_there and facts.config_fault is not None:
        fault = facts.config_fault
        tail = _GOOD if _running(facts) else ""
        yield Hit(fault.what + tail, why=fault.why, where=fault.where)
    elif facts.config is not None and facts.config.fault:
        yield Hit(facts.config.fault + _GOOD, where=facts.config.fault_where)


_GOOD = "; until it is mended the node goes by what it read before"


def _running(facts: Facts) -> bool:
    return facts.process is not None and facts.process.running


def _stray(facts: Facts) -> Iterator[Hit]:
    for name in known(facts.config).stray:
        yield Hit(f"{name} in the environment looks like a setting and is none", name)


def _shadowed(facts: Facts) -> Iterator[Hit]:
    for one in known(facts.config).settings:
        hidden = next((place for place in one.hides if ":" in place.origin), None)
        if hidden is not None and hidden.value != one.value:
            yield Hit(
                f"`{one.key}` is {one.value} by the {one.origin}; the file says {hidden.value}",
                one.key,
                where=hidden.origin,
                fix=f"unset {one.variable} where the node is started, or"
                f" `gatepost config unset {one.key}`",
            )


def _restart(facts: Facts) -> Iterator[Hit]:
    for key in known(facts.config).restart:
        one = known(facts.config).setting(key)
        then = one.after_restart if one is not None else None
        if one is not None and then is not None:
            yield Hit(
                f"`{key}` is {one.value or 'unset'} in the running node and will be"
                f" {then.value or 'unset'} after a restart",
                key,
                where=then.origin,
                fix=facts.process.keeper.restart if facts.process is not None else "",
            )


def _differs(facts: Facts) -> Iterator[Hit]:
    if not known(facts.process).settings_seen or not known(facts.process).running:
        return
    theirs, mine = dict(known(facts.process).settings), known(facts.caller).settings
    for one in known(facts.config).settings:
        node, here = theirs.get(one.variable, ""), mine.get(one.variable, "")
        if node != here:
            shown = (
                ("•••• and is ••••") if one.secret else (f"{node or 'unset'} and {here or 'unset'}")
            )
            yield Hit(
                f"{one.variable} is {shown.replace(' and ', ' in the node and ', 1)} here",
                one.key,
                fix=f"set {one.variable} alike where the node is started and in this shell,"
                " or in neither",
            )


CHECKS = (
    Check(
        code="config.invalid",
        title="the settings cannot be used",
        severity="error",
        group="Config",
        needs=("home",),
        probe=_invalid,
        depends_on=("home.missing",),
        explain="gatepost.toml, or a variable in the environment, cannot be read or names what is"
        " no setting. A running node keeps what it read last; one that is not running does not"
        " start.",
        fix="gatepost config check",
    ),
    Check(
        code="config.differs",
        title="the node was started with other variables than this command has",
        severity="warning",
        group="Config",
        per="setting",
        needs=("process", "config", "caller"),
        probe=_differs,
        explain="A GATEPOST_ variable is set for the node's process and not for this shell, or"
        " with another value. Commands that read the settings themselves then see others than the"
        " node does. Read from the process that holds the home's lock.",
        fix="set the variable alike for both, or for neither",
    ),
    Check(
        code="config.shadowed",
        title="the environment overrides the file",
        severity="warning",
        group="Config",
        per="setting",
        needs=("config",),
        probe=_shadowed,
        explain="Both name the setting with different values; the environment wins, so editing"
        " the file has no effect.",
        fix="unset the variable, or the setting in the file",
    ),
    Check(
        code="config.stray",
        title="a variable looks like a setting and is none",
        severity="warning",
        group="Config",
        per="setting",
        needs=("config",),
        probe=_stray,
        explain="Its name begins with GATEPOST_ and no setting is called so: a misspelt one has"
        " no effect.",
        fix="gatepost config list",
    ),
    Check(
        code="config.restart",
        title="a setting waits for a restart",
        severity="warning",
        group="Config",
        per="setting",
        needs=("config",),
        probe=_restart,
        explain="The file was changed under a running node, and this setting is read at its start.",
        fix="restart the node",
    ),
)
