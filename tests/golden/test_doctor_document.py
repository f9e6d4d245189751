"""docs/doctor.md is the list of checks, made readable; `make golden` writes it anew."""

import re
from collections.abc import Callable

import pytest

from gatepost.core.health import SEVERITIES
from gatepost.errors import CATALOGUE
from gatepost.node.health.catalogue import BY_CODE, CHECKS
from gatepost.node.health.check import Check
from tests.unit.cli.grammar import read

GROUPS = {
    "Home": "The home directory and the keys",
    "Node": "The node and where it listens",
    "Disk": "The disk and the database",
    "Config": "The settings",
    "Policy": "The law",
    "Peers": "The peers",
    "Agents": "The agents",
}
HEAD = """\
# Doctor

`gatepost doctor` looks at everything that can be wrong with a node: with the node up or down, in
a terminal, a container or under a process manager. What runs the node is found by looking at its
process (its parents, its control group, its environment), and named; nothing is assumed from what
is usual on such a machine, and no process manager is ever offered.

    gatepost doctor                 # what is wrong, why, and what mends it; changes nothing
    gatepost doctor -v              # also what only follows from something else
    gatepost doctor --fix           # do the safe steps, after printing them; each tells its undo
    gatepost doctor --lint          # a line for each; exit 1 also for warnings. For CI
    gatepost doctor --ignore CODE   # leave a check out; repeatable
    gatepost doctor --quick         # do not read the whole database, time no fsync
    gatepost doctor --bundle        # write a report without secrets, to hand to somebody

Exit code 0: nothing is broken. 1: an error, or with `--lint` a warning. `--json` gives the
findings as data: `code`, `severity`, `title`, `subject`, `what`, `why`, `where`, `fix`,
`repairs`, `since`, `cause`; the same that `GET /v1/health` gives of a running node, which looks
at itself all the time: it shows a fault in `gatepost status` and as the event `health.found` once
it has lasted as long as the check wants, and tells `health.mended` when it is gone.

An **error** means that something does not work or is unsafe, a **warning** that it will bite, a
**hint** is advice. A finding that follows from another is folded under it. Codes never change
their meaning.

A bundle holds the findings, the settings (secret ones left out), the rules, and of peers and
agents names, states and numbers. No key, token, message, command line, URL or webhook secret is
ever copied into it, and what has the shape of a secret is blotted out.
"""


def text() -> str:
    parts = [HEAD]
    for group, title in GROUPS.items():
        rows = [_row(check) for check in CHECKS if check.group == group]
        table = ["| code | | what | what it means | fix |", "|---|---|---|---|---|", *rows]
        parts.append(f"## {title}\n\n" + "\n".join(table) + "\n")
    return "\n".join(parts)


def _row(check: Check) -> str:
    fix = _spoken(check.fix) + (" (`--fix` does it)" if check.safe else "")
    notes = [check.explain]
    if check.after:
        notes.append(f"Shown by a watching node after {check.after} s.")
    if check.deep:
        notes.append("Not with `--quick`.")
    means = " ".join(notes).replace("|", "\\|")
    return f"| `{check.code}` | {check.severity} | {check.title} | {means} | {fix} |"


def _spoken(fix: str) -> str:
    fix = fix.replace("{subject}", "NAME").replace("|", "\\|")
    return f"`{fix}`" if fix.startswith(("gatepost ", "chmod", "mkdir", "rm ")) else fix


def test_the_page_lists_every_check(golden: Callable[[str, str], None]) -> None:
    golden("../../docs/doctor.md", text())


def test_a_check_that_shares_its_code_with_an_error_means_the_same() -> None:
    shared = {code for code in BY_CODE if code in CATALOGUE}
    assert len(shared) > 10
    apart = {code for code in shared if not _words(BY_CODE[code].title) & _words(_said(code))}
    assert apart == set()


def _said(code: str) -> str:
    return CATALOGUE[code].title


def _words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]{4,}", text))


@pytest.mark.parametrize("check", CHECKS, ids=list(BY_CODE))
def test_a_check_is_whole(check: Check) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", check.code)
    assert check.severity in SEVERITIES
    assert check.explain.endswith(".")
    assert not check.title.endswith(".")
    assert check.fix
    assert ("{subject}" not in check.fix) or check.per


@pytest.mark.parametrize("check", CHECKS, ids=list(BY_CODE))
def test_every_command_a_fix_names_is_one_the_parser_takes(check: Check) -> None:
    spoken = check.fix.replace("{subject}", "lab")
    whole = [spoken] if spoken.startswith("gatepost ") else []
    for line in whole or re.findall(r"`(gatepost [^`]*)`", spoken):
        read(line)


def test_no_check_is_listed_twice() -> None:
    assert len(BY_CODE) == len(CHECKS)
