"""Doctor: what is wrong with a node, why, and what mends it; with the node up or down.

Looks at the files and the machine itself, asks the node (when one answers) for what only it knows,
and shows both as one. Changes nothing without `--fix`.
"""

from typing import TYPE_CHECKING, Annotated

import typer

from gatepost.cli.call import Call
from gatepost.cli.command import command
from gatepost.cli.near import nearest
from gatepost.cli.times import now
from gatepost.errors import GatepostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatepost.cli.pages.doctor import Look
    from gatepost.config.paths import Layout
    from gatepost.core.health import Checkup, Repair
    from gatepost.core.views import NodeStatus
    from gatepost.sdk import OperatorClient

PATIENCE = 3.0
"""How many seconds a running node may take to look at itself."""


def register(app: typer.Typer) -> None:
    """Add doctor to the command line."""
    command(
        app,
        "doctor",
        "doctor",
        "doctor --fix",
        "doctor --lint --ignore node.down",
        "doctor --bundle",
    )(doctor)


def doctor(
    call: Call,
    fix: Annotated[
        bool, typer.Option("--fix", help="Do the safe steps, after printing them.")
    ] = False,
    lint: Annotated[
        bool,
        typer.Option("--lint", help="One line a finding; exit 1 also for warnings. For CI."),
    ] = False,
    bundle: Annotated[
        bool,
        typer.Option("--bundle", help="Write a report without secrets, to hand to somebody."),
    ] = False,
    out: Annotated[
        str,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Where the bundle goes. Default: here.",
            show_default=False,
        ),
    ] = "",
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="CODE", help="Leave a check out; repeatable."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not read the whole database, time no fsync.")
    ] = False,
) -> int:
    """Look at everything that can be wrong here, say why and what mends it. Changes nothing.

    Exit code 1 when there is an error, with --lint also for warnings.
    """
    from gatepost.cli.pages import doctor as page

    left_out = _known(ignore or [])
    look = _look(call, not quick, left_out)
    if fix:
        return _fix(call, look, lambda: _look(call, False, left_out))
    if bundle:
        return _bundle(call, look, out)
    shown = page.lines(look) if lint else page.page(look, call.screen.verbose > 0)
    call.screen.data(look.checkup, shown)
    return _exit(look, lint)


def _known(codes: list[str]) -> frozenset[str]:
    """Codes of checks. Raises `usage.invalid` with the nearest for one that is none."""
    from gatepost.node.health.catalogue import BY_CODE

    for code in codes:
        if code not in BY_CODE:
            near = nearest(code, BY_CODE)
            raise GatepostError(
                "usage.invalid",
                what=f"there is no check `{code}`",
                why=f"did you mean `{near[0]}`?" if near else "docs/doctor.md lists them",
                command="doctor",
            )
    return frozenset(codes)


def _look(call: Call, deep: bool, ignore: frozenset[str]) -> "Look":
    import msgspec

    from gatepost import __version__, compose
    from gatepost.cli.pages.doctor import Look
    from gatepost.config.paths import layout
    from gatepost.config.sources import environment
    from gatepost.core.machine import Fault
    from gatepost.node.health.catalogue import CHECKS
    from gatepost.node.health.judge import judge, merged
    from gatepost.node.health.survey import Survey

    places = layout(call.directory())
    checks = [check for check in CHECKS if check.code not in ignore]
    facts = Survey(places, compose.machine(places), environment(), __version__).look(now(), deep)
    told: Checkup | None = None
    if facts.process is not None and facts.process.answers:
        try:
            status, told = call.as_operator(_ask, patience=PATIENCE)
            facts = msgspec.structs.replace(
                facts, node=_here(status, places), paused=status.state == "paused"
            )
        except GatepostError as error:
            fault = Fault(error.code, error.what, error.why)
            facts = msgspec.structs.replace(facts, silence=fault)
    checkup = judge(facts, checks, deep)
    if told is not None:
        kept = [one for one in told.findings if one.code not in ignore]
        checkup = merged(checkup, msgspec.structs.replace(told, findings=tuple(kept)), checks)
    typed = (msgspec.structs.replace(one, fix=call.here(one.fix)) for one in checkup.findings)
    return Look(facts, msgspec.structs.replace(checkup, findings=tuple(typed)))


async def _ask(operator: "OperatorClient") -> "tuple[NodeStatus, Checkup]":
    return await operator.status(), await operator.health()


def _here(status: "NodeStatus", places: "Layout") -> "NodeStatus":
    """The node's word, its home under the name this command has for the same directory."""
    from os.path import realpath

    import msgspec

    same = realpath(status.home) == realpath(places.home)
    return msgspec.structs.replace(status, home=str(places.home)) if same else status


def _exit(look: "Look", lint: bool) -> int:
    wrong = ("error", "warning") if lint else ("error",)
    return int(any(one.severity in wrong for one in look.checkup.findings))


def _fix(call: Call, look: "Look", again: "Callable[[], Look]") -> int:
    from gatepost import compose
    from gatepost.cli.pages import doctor as page
    from gatepost.config.paths import layout

    steps = look.repairs
    if not call.screen.json:
        call.screen.say(*page.plan(steps))
    machine = compose.machine(layout(call.directory()))
    undone = [(step, machine.repair(step)) for step in steps]
    for _, undo in undone:
        if undo:
            call.screen.labelled("undo", undo)
    after = again() if steps else look
    call.screen.data(
        {"done": [_told(step, undo) for step, undo in undone], "checkup": after.checkup},
        page.page(after, False),
    )
    return _exit(after, lint=False)


def _told(step: "Repair", undo: str) -> dict[str, str]:
    return {"do": step.do, "path": step.path, "undo": undo}


def _bundle(call: Call, look: "Look", out: str) -> int:
    import platform
    from datetime import UTC, datetime
    from pathlib import Path

    from gatepost.config.archive import write_archive
    from gatepost.node.health.bundle import texts

    made = datetime.fromtimestamp(now() / 1000, UTC)
    path = Path(out or f"gatepost-bundle-{made:%Y%m%d-%H%M%S}.tar.gz")
    system = f"{platform.platform()}, Python {platform.python_version()}"
    told = texts(look.facts, look.checkup, Path.home(), system)
    write_archive(path, told, now())
    call.screen.data(
        {"bundle": str(path), "files": sorted(told)},
        [f"wrote  {path}", *(f"  {name}" for name in sorted(told))],
    )
    call.hint("note", "read it before you hand it on: names and addresses are in it, no secret is")
    return 0
