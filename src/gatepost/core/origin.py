"""Where a value comes from: a file and a line, and the scan of a TOML text that finds the lines.

`tomllib` gives values without lines, so every error and every rule could only say which file it is
in. `lines` walks the same text and notes the line on which each table, array element and key
begins. It never reads a file and never judges a text: it is called on texts that `tables` has
accepted, and on any other text it ends, with fewer lines.

The walk: skip blank space and comments; a line that begins with `[[` opens the next element of an
array of tables, one that begins with `[` a table, anything else is a key, `=`, and a value. A value
ends at the end of its line, unless brackets or a long string are still open.
"""

import re
import tomllib
from collections.abc import Mapping

import msgspec

from gatepost.errors import GatepostError

KeyPath = tuple[str | int, ...]


class Origin(msgspec.Struct, frozen=True, omit_defaults=True):
    """A file (or another source, in words) and a line in it; line 0 means the source as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Document(msgspec.Struct, frozen=True):
    """The text of one file and the name people know it by."""

    name: str
    text: str


_AT_LINE = re.compile(r"\(at line (\d+)")


def tables(document: Document, code: str) -> dict[str, object]:
    """What a TOML document says. Raises the error `code` with the line of what is not TOML."""
    try:
        return tomllib.loads(document.text)
    except tomllib.TOMLDecodeError as wrong:
        at = _AT_LINE.search(str(wrong))
        # Without a line it is the end of the document, and something before is still open.
        line = int(at[1]) if at else document.text.rstrip().count("\n") + 1
        where = str(Origin(document.name, line))
        what = f"{where}: this is not TOML: {str(wrong).partition(' (at')[0]}"
        raise GatepostError(code, what=what, where=where) from wrong
    except (RecursionError, ValueError) as wrong:
        why = "nested too deeply" if isinstance(wrong, RecursionError) else str(wrong)
        where = str(Origin(document.name, _longest(document.text)))
        raise GatepostError(code, what=f"{where}: this is not TOML: {why}", where=where) from wrong


def _longest(text: str) -> int:
    """The longest line, which is where whatever was too much for the reader stands."""
    rows = text.split("\n")
    return max(range(len(rows)), key=lambda n: len(rows[n])) + 1


_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_PLAIN_LINE = re.compile(
    r"""([A-Za-z0-9_-]+)[ \t]*=[ \t]*(?:"[^"\\\n]*"|[^"'\[{#\n]+)[ \t\r]*(?:#[^\n]*)?(?=\n|\Z)"""
)
_PART = re.compile(r"""([A-Za-z0-9_-]+)|"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'""")
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""+'
    r"|'''(?:[^']|'(?!''))*'''+"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_INSIDE = re.compile(r"""[^"'\[\]{}#\n]+""")


def lines(text: str) -> Mapping[KeyPath, int]:
    """Map key paths to line numbers, counted from 1.

    The path of the third `[[rule]]` is `("rule", 2)`, of its key `allow` `("rule", 2, "allow")`.
    Keys inside inline tables and arrays have no line of their own; `line_of` gives the nearest one
    around them.
    """
    return _Scan(text).run()


def line_of(found: Mapping[KeyPath, int], path: KeyPath) -> int:
    """The line of `path`, or of the nearest table around it; 0 when there is none."""
    while path:
        if path in found:
            return found[path]
        path = path[:-1]
    return 0


class _Scan:
    """One walk over one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._counted = 0
        self._table: KeyPath = ()
        self._elements: dict[KeyPath, int] = {}
        self._found: dict[KeyPath, int] = {}

    def run(self) -> dict[KeyPath, int]:
        text, end = self._text, len(self._text)
        while True:
            self._skip(_BLANK)
            if self._at >= end:
                return self._found
            self._count_lines()
            before = self._at
            plain = _PLAIN_LINE.match(text, self._at)
            if plain:
                self._found.setdefault((*self._table, plain[1]), self._line)
                self._at = plain.end()
            elif text[self._at] == "[":
                self._header()
            else:
                self._pair()
            if self._at == before:
                return self._found

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()

    def _count_lines(self) -> None:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at

    def _header(self) -> None:
        of_array = self._text.startswith("[[", self._at)
        self._at += 2 if of_array else 1
        self._skip(_SPACE)
        keys = self._keys()
        self._table = self._resolve(keys, of_array)
        self._found.setdefault(self._table, self._line)
        self._skip(_SPACE)
        while self._text.startswith("]", self._at):
            self._at += 1

    def _resolve(self, keys: list[str], of_array: bool) -> KeyPath:
        """The path a header names; an array of tables stands for its last element, or a new one."""
        path: KeyPath = ()
        for position, key in enumerate(keys):
            path = (*path, key)
            if of_array and position == len(keys) - 1:
                self._elements[path] = self._elements.get(path, -1) + 1
            self._found.setdefault(path, self._line)
            if path in self._elements:
                path = (*path, self._elements[path])
        return path

    def _keys(self) -> list[str]:
        keys: list[str] = []
        while part := _PART.match(self._text, self._at):
            keys.append(_key(part))
            self._at = part.end()
            dot = _DOT.match(self._text, self._at)
            if not dot:
                break
            self._at = dot.end()
        return keys

    def _pair(self) -> None:
        path = self._table
        for key in self._keys():
            path = (*path, key)
            self._found.setdefault(path, self._line)
        self._skip(_SPACE)
        if self._text.startswith("=", self._at):
            self._at += 1
            self._value()

    def _value(self) -> None:
        """Step over a value, to the end of the line on which its last bracket closes."""
        text, depth = self._text, 0
        while self._at < len(text):
            char = text[self._at]
            if char in "\"'":
                string = _STRING.match(text, self._at)
                self._at = string.end() if string else self._at + 1
            elif char in "[{":
                depth, self._at = depth + 1, self._at + 1
            elif char in "]}":
                depth, self._at = depth - 1, self._at + 1
            elif char == "#" or (char == "\n" and depth > 0):
                self._skip(_BLANK)
            elif char == "\n":
                return
            else:
                self._skip(_INSIDE)
            if depth <= 0 and char == "#":
                return


def _key(part: re.Match[str]) -> str:
    """The key a part spells; only basic strings know escapes, and `tomllib` reads those."""
    bare, basic, literal = part.groups()
    if bare is not None:
        return bare
    if literal is not None:
        return literal
    if "\\" not in basic:
        return basic
    try:
        return next(iter(tomllib.loads(f'"{basic}" = 0')))
    except tomllib.TOMLDecodeError:
        return basic  # no TOML, so its key is nobody's
