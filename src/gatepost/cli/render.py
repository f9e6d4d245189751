"""All terminal output: data on stdout, talk on stderr. Nothing else writes to a terminal.

Everything printed is cleaned first, so text by others can neither move the cursor nor fake a line.
Colour only marks states and errors, never carries meaning alone, and goes away for pipes and
`NO_COLOR`. With `json` every datum is one JSON value on one line of stdout (a stream is one per
line), talk is silent, and errors are JSON on stderr.
"""

import os
import sys
import traceback
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TextIO

import msgspec

from gatepost.cli.clean import clean, clean_line, escape_json
from gatepost.errors import CATALOGUE, GatepostError, Report

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {
    **dict.fromkeys(("done", "delivered", "connected", "running", "yes", "allow", "ok"), "green"),
    **dict.fromkeys(("held", "needs_input", "paused", "waiting", "hold", "no"), "yellow"),
    **dict.fromkeys(
        ("rejected", "failed", "expired", "unknown", "blocked", "frozen", "stopped", "deny", "✗"),
        "red",
    ),
    "cancelled": "dim",
}
LABEL = 8


class Table(NamedTuple):
    """Columns under a heading. The last column takes what is left of the line."""

    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


class Quote(NamedTuple):
    """Text by others: every line of it stands behind a bar, so that it cannot look like ours."""

    text: str


Item = str | Table | Quote


class Screen:
    """Where one command writes to and reads from."""

    def __init__(self, *, json: bool = False, quiet: bool = False, verbose: int = 0) -> None:
        self.json = json
        self.quiet = quiet
        self.verbose = verbose
        self.asking = False
        self._progressing = False
        _open_streams()
        for stream in (sys.stdout, sys.stderr):
            _forgive(stream)

    @property
    def live(self) -> bool:
        """True when somebody watches stderr and progress may be drawn."""
        return sys.stderr.isatty() and not (self.json or self.quiet)

    @property
    def piped(self) -> bool:
        """True when stdout goes to a program."""
        return not sys.stdout.isatty()

    def data(self, value: object, page: Iterable[Item]) -> None:
        """The result: `value` as JSON, or `page` for people."""
        with _written():
            if self.json:
                self._json(sys.stdout, value)
            else:
                self._lay(sys.stdout, page)

    def body(self, value: object, text: str) -> None:
        """A result that is text by others, alone on stdout, its own lines kept."""
        if self.json:
            self.data(value, ())
            return
        self.clear()
        with _written():
            sys.stdout.write(clean(text).rstrip("\n") + "\n")
            sys.stdout.flush()

    def say(self, *page: Item) -> None:
        """Talk: on stderr, silent with `--quiet` and `--json`."""
        if not (self.json or self.quiet):
            self._lay(sys.stderr, page)

    def remark(self, value: object, *page: Item) -> None:
        """Talk that goes on for days: left out where nobody reads it, for it must never wait.

        With `json` it is a stream of values on stdout.
        """
        if self.json and _writable(sys.stdout):
            self._json(sys.stdout, value)
        elif not self.json and _writable(sys.stderr):
            self.say(*page)

    def labelled(self, label: str, text: str) -> None:
        """One line of talk with a label: `undo    gatepost cancel …`."""
        if text:
            self.say(f"{label:<{LABEL}}{text}")

    def error(self, report: Report, trace: BaseException | None = None) -> None:
        """An error in its fixed shape: what, why, where, fix, who. A stack trace only with -vv."""
        if self.json:
            self._json(sys.stderr, {"error": report})
        else:
            self._lay(sys.stderr, _error_page(report))
        if trace is not None and self.verbose > 1:
            sys.stderr.writelines(clean(line) for line in traceback.format_exception(trace))

    def progress(self, text: str) -> None:
        """Redraw the line of progress, when somebody watches."""
        if self.live:
            self._progressing = True
            sys.stderr.write(f"\r{clean_line(text)[: self._width(sys.stderr) - 1]}\x1b[K")
            sys.stderr.flush()

    def clear(self) -> None:
        """Take the line of progress away."""
        if self._progressing:
            self._progressing = False
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    def prompt(self, question: str) -> str:
        """Ask a person: the question on stderr, one line from stdin; empty when there is none."""
        self.clear()
        sys.stderr.write(clean_line(question) + " ")
        sys.stderr.flush()
        self.asking = True
        answer = sys.stdin.readline()
        self.asking = False
        if not answer.endswith("\n"):
            sys.stderr.write("\n")
        return answer.strip()

    def _lay(self, stream: TextIO, page: Iterable[Item]) -> None:
        self.clear()
        for item in page:
            if isinstance(item, Table):
                for row in _columns(item, self._width(stream) if stream.isatty() else 0):
                    self._line(stream, row)
            elif isinstance(item, Quote):
                for line in clean(item.text).rstrip("\n").split("\n"):
                    self._line(stream, ["  │ " + line.expandtabs(4)])
            else:
                self._line(stream, _words(item))
        stream.flush()

    def _line(self, stream: TextIO, cells: Sequence[str]) -> None:
        line = "".join(cells).rstrip()
        if not stream.isatty() or not line:
            stream.write(line + "\n")
            return
        from rich.text import Text

        text = Text()
        for cell in cells:
            text.append(
                cell, STYLES.get(cell.strip(), "bold red" if cell.startswith("error[") else "")
            )
        _console(stream).print(text, soft_wrap=True)

    def _width(self, stream: TextIO) -> int:
        return _console(stream).width

    def _json(self, stream: TextIO, value: object) -> None:
        self.clear()
        stream.write(escape_json(msgspec.json.encode(value).decode()) + "\n")
        stream.flush()


def _error_page(report: Report) -> list[str]:
    title = CATALOGUE[report.code].title
    fields = {
        "what": report.what if report.what != title else "",
        "why": report.why,
        "where": report.where,
        "fix": report.fix,
        "who": report.who,
    }
    lines = [f"  {label:<{LABEL}}{clean_line(text)}" for label, text in fields.items() if text]
    return [f"error[{report.code}]: {title}", *lines]


def _columns(table: Table, limit: int) -> list[list[str]]:
    rows = [tuple(clean_line(cell) for cell in row) for row in table.rows]
    grid = [tuple(name.upper() for name in table.head), *rows] if table.head else rows
    widths = [
        max((_cells(row[i]) for row in grid), default=0) for i in range(len(grid[0]) if grid else 0)
    ]
    lines: list[list[str]] = []
    for row in grid:
        line = [
            cell + " " * (width - _cells(cell) + 2) for cell, width in zip(row, widths, strict=True)
        ]
        lines.append(_fitted(line, limit))
    return lines


def _fitted(line: list[str], limit: int) -> list[str]:
    used = sum(_cells(cell) for cell in line[:-1])
    last = line[-1].rstrip()
    if last and limit and used + _cells(last) > limit:
        room = max(8, limit - used - 1)
        last = last[:room].rstrip() + "…"
    return [*line[:-1], last]


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _words(line: str) -> list[str]:
    """A line of ours, cut so that its first word can carry a colour; the indent is kept."""
    line = line.replace("\n", " ")
    body = clean_line_keeping_gaps(line)
    indent = len(body) - len(body.lstrip())
    first, gap, rest = body[indent:].partition(" ")
    return [body[:indent], first, gap + rest]


def clean_line_keeping_gaps(line: str) -> str:
    """Like `clean_line` for lines we laid out ourselves: blanks stay as they are."""
    return clean(line).replace("\t", " ").replace("\n", " ")


def _console(stream: TextIO) -> "Console":
    from rich.console import Console

    return Console(file=stream, highlight=False, markup=False, emoji=False)


def _writable(stream: TextIO) -> bool:
    """Whether a line can be written at once; a full pipe would hold up whoever writes."""
    import select

    try:
        poll = select.poll()
        poll.register(stream.fileno(), select.POLLOUT)
    except (OSError, ValueError):
        return True  # a stream without a file
    return bool(poll.poll(0))


def _open_streams() -> None:
    """A stream that was closed for us (`>&-`) leads nowhere, instead of being none."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))


@contextmanager
def _written() -> Generator[None]:
    """Say in our words that data could not be written; a reader that left is another thing."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise GatepostError("output.failed", why=error.strerror or str(error)) from error


def _forgive(stream: TextIO) -> None:
    """An old terminal gets a question mark for what it cannot show, never a crash."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")
