"""JSON5 text to values that know their line: OpenClaw's configuration files are written in it.

Pure: reads no file. It accepts what the JSON5 format accepts (comments, trailing commas, unquoted
keys, single quotes, hexadecimal, `Infinity`) and therefore JSON; of a key that stands twice the
last one counts, as it does for OpenClaw. Every value keeps the line its key or element begins on,
so that whoever shows a value can say where it was written.

The walk is a recursive descent over one text: skip blanks and comments, look at one character, read
that kind of value. Nesting is bounded, so no text can exhaust the stack.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

DEEPEST = 200
"""Levels of nesting; a configuration has less than ten."""

LONGEST_WHOLE = 19
"""Digits of a whole number; a longer one is a float, as every number is for OpenClaw."""

Scalar = None | bool | int | float | str


@dataclass(frozen=True, slots=True)
class Node:
    """One value with the file and line (from 1) it was written on; line 0 is the whole source."""

    value: "Scalar | tuple[Node, ...] | Mapping[str, Node]"
    file: str
    line: int = 0

    def at(self, *path: str) -> "Node | None":
        """The value under these keys, or None when one of them is not there."""
        found: Node | None = self
        for key in path:
            found = found.value.get(key) if found and isinstance(found.value, Mapping) else None
        return found

    def members(self) -> "Mapping[str, Node]":
        """The members of an object; empty for any other value."""
        return self.value if isinstance(self.value, Mapping) else {}

    def elements(self) -> "tuple[Node, ...]":
        """The elements of a list; empty for any other value."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def where(self) -> str:
        """`file:line`, or the source alone when it has no lines."""
        return f"{self.file}:{self.line}" if self.line else self.file


def plain(node: Node | None) -> object:
    """A value without its lines: what any JSON reader would give."""
    if node is None or isinstance(node.value, Scalar):
        return node.value if node else None
    if isinstance(node.value, tuple):
        return [plain(one) for one in node.value]
    return {key: plain(one) for key, one in node.value.items()}


class NotJson5(ValueError):
    """The text is not JSON5; `line` and `column` count from 1."""

    def __init__(self, what: str, line: int, column: int) -> None:
        super().__init__(what)
        self.line = line
        self.column = column


def parse(text: str, file: str) -> Node:
    """Read a whole JSON5 text; `file` is what its values call their file. Raises `NotJson5`."""
    return _Reader(text.removeprefix("\ufeff"), file).whole()


_BLANK = re.compile(
    r"(?:[\s\ufeff]+|//[^\n\r\u2028\u2029]*|/\*.*?\*/)*", re.DOTALL
)  # \s holds the Unicode spaces
_NAME = re.compile(
    r"(?:[A-Za-z_$\u00aa-\uffff]|\\u[0-9a-fA-F]{4})"
    r"(?:[\w$\u200c\u200d]|\\u[0-9a-fA-F]{4})*"
)
_NUMBER = re.compile(
    r"[+-]?(?:0[xX][0-9a-fA-F]+|Infinity|NaN|(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
)
_RUN = {'"': re.compile(r'[^"\\\n\r]+'), "'": re.compile(r"[^'\\\n\r]+")}
_ESCAPE = re.compile(r"\\(?:\r\n|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_CODED = re.compile(r"\\u([0-9a-fA-F]{4})")
_WORDS: dict[str, Scalar] = {"true": True, "false": False, "null": None}
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}
_CONTINUED = ("\n", "\r", "\r\n", "\u2028", "\u2029")


class _Reader:
    """One walk over one text. Lines are counted as the walk goes, each character once."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._at = 0
        self._line = 1
        self._counted = 0

    def whole(self) -> Node:
        found = self._value(0)
        if self._next():
            self._wrong(f"{self._seen()} after the end of the value")
        return found

    def _value(self, depth: int, line: int = 0) -> Node:
        if depth > DEEPEST:
            self._wrong(f"nested deeper than {DEEPEST} levels")
        head = self._next()
        line = line or self._here()
        if head == "{":
            return Node(self._object(depth), self._file, line)
        if head == "[":
            return Node(self._list(depth), self._file, line)
        if head in ('"', "'") and head:
            return Node(self._string(head), self._file, line)
        return Node(self._bare(), self._file, line)

    def _object(self, depth: int) -> dict[str, Node]:
        self._at += 1
        members: dict[str, Node] = {}
        while (head := self._next()) != "}":
            line = self._here()
            key = self._string(head) if head in ('"', "'") and head else self._name()
            if self._next() != ":":
                self._wrong(f"{self._seen()} where `:` belongs, after the key `{key[:40]}`")
            self._at += 1
            members[key] = self._value(depth + 1, line)
            self._separator("}")
        self._at += 1
        return members

    def _list(self, depth: int) -> tuple[Node, ...]:
        self._at += 1
        elements: list[Node] = []
        while self._next() != "]":
            elements.append(self._value(depth + 1))
            self._separator("]")
        self._at += 1
        return tuple(elements)

    def _separator(self, end: str) -> None:
        head = self._next()
        if head == ",":
            self._at += 1
        elif head != end:
            self._wrong(f"{self._seen()} where `,` or `{end}` belongs")

    def _name(self) -> str:
        found = _NAME.match(self._text, self._at)
        if not found:
            self._wrong(f"{self._seen()} where a key belongs")
        self._at = found.end()
        return _CODED.sub(lambda code: chr(int(code[1], 16)), found[0])

    def _bare(self) -> Scalar:
        found = _NUMBER.match(self._text, self._at) or _NAME.match(self._text, self._at)
        if not found:
            self._wrong(f"{self._seen()} where a value belongs")
        word = found[0]
        after = self._text[found.end() : found.end() + 1]
        if word not in _WORDS and (not _NUMBER.fullmatch(word) or after.isalnum() or after == "_"):
            self._wrong(f"`{word[:40]}` is no value; text stands in quotes")
        self._at = found.end()
        return _WORDS[word] if word in _WORDS else _number(word)

    def _string(self, quote: str) -> str:
        start = self._at
        self._at += 1
        parts: list[str] = []
        while True:
            if run := _RUN[quote].match(self._text, self._at):
                parts.append(run[0])
                self._at = run.end()
            head = self._text[self._at : self._at + 1]
            if head == quote:
                self._at += 1
                return _whole("".join(parts))
            escape = _ESCAPE.match(self._text, self._at)
            if not escape:
                self._at = start
                self._wrong("a text that does not end on its line")
            parts.append(self._escaped(escape[0][1:]))
            self._at = escape.end()

    def _escaped(self, code: str) -> str:
        if code in _CONTINUED:
            return ""
        if code[0] in "ux":
            if len(code) == 1:
                self._wrong(f"`\\{code}` without its hexadecimal digits")
            return chr(int(code[1:], 16))
        return _SHORT.get(code, code)

    def _next(self) -> str:
        """The next character that counts, or an empty text at the end."""
        found = _BLANK.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._text[self._at : self._at + 1]

    def _here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._line

    def _seen(self) -> str:
        head = self._text[self._at : self._at + 1]
        return f"`{head}`" if head else "the end of the file"

    def _wrong(self, what: str) -> NoReturn:
        line = self._text.count("\n", 0, self._at) + 1
        column = self._at - self._text.rfind("\n", 0, self._at)
        raise NotJson5(what, line, column)


def _number(word: str) -> int | float:
    sign = -1 if word.startswith("-") else 1
    body = word.lstrip("+-")
    if body[:2] in ("0x", "0X"):
        return sign * int(body, 16)
    if body in ("Infinity", "NaN"):
        return sign * float(body.lower().removesuffix("inity"))
    plain = body.isdigit() and len(body) <= LONGEST_WHOLE
    return sign * (int(body) if plain else float(body))


def _whole(text: str) -> str:
    """Two escaped halves of a character become one; a half that is alone, a replacement sign."""
    if not any("\ud800" <= sign <= "\udfff" for sign in text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
