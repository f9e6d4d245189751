"""docs/errors.md is the catalogue, made readable; `make golden` writes it anew."""

from collections.abc import Callable, Iterator

from gatepost import errors
from gatepost.errors import CATALOGUE, Entry, GatepostError

INTRODUCTION = """\
# Errors

Every error Gatepost shows is one of these. It says what happened, why, where that comes from (file
and line), the command that mends it, and who can act: you, if nobody else is named. Words in upper
case are yours to fill in. `gatepost explain CODE` says the same on the command line, and a test
provokes each of them on real nodes (`tests/catalogue`), where its words can be read
(`tests/golden/cli/errors`).

The code of an error never changes its meaning. Its family fixes the exit code of the command line
and, where nothing else is said, the HTTP status of the local API. `again` marks what may pass by
itself.
"""


def subjects() -> Iterator[tuple[str, list[Entry]]]:
    """The modules of the catalogue in its order: their first line, their entries."""
    seen: set[str] = set()
    for module in vars(errors).values():
        entries = getattr(module, "ENTRIES", None)
        if entries is not None and module.__name__ not in seen:
            seen.add(module.__name__)
            yield str(module.__doc__).strip().splitlines()[0].rstrip("."), list(entries)


def row(entry: Entry) -> str:
    fix = GatepostError(entry.code).fix
    shown = f"`{fix}`" if fix.startswith(("gatepost ", "chmod ")) else fix
    exit_code, status = entry.family.value
    said = entry.title + (" (again)" if entry.retryable else "")
    who = "" if entry.who == "you" else entry.who
    return f"| `{entry.code}` | {said} | {shown} | {who} | {exit_code} | {entry.status or status} |"


def page() -> str:
    blocks = [INTRODUCTION]
    for title, entries in sorted(subjects()):
        rows = [row(entry) for entry in sorted(entries, key=lambda entry: entry.code)]
        head = "| code | what | fix | who | exit | HTTP |\n|---|---|---|---|---|---|"
        blocks.append("\n".join([f"## {title}", "", head, *rows]) + "\n")
    return "\n".join(blocks)


def test_the_document_names_every_error(golden: Callable[[str, str], None]) -> None:
    text = page()
    assert all(f"`{code}`" in text for code in CATALOGUE)
    golden("../../docs/errors.md", text)
