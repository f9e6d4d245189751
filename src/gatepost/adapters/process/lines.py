"""The lines of a command: newline-delimited JSON, one object a line.

What it is given on stdin is in `handing`. What it may print: `progress`, `artifact`, `needs_input`,
`done`, `declined`, `failed`, and nothing else: stdout is the protocol, what is meant for people
goes to stderr. A line has at most 1 MiB. Unknown fields are ignored, an unknown type is not.
"""

from typing import Literal

import msgspec

from gatepost.core.entry import is_code
from gatepost.core.message import Content, Text, Tokens, UpdateIn

LINE_MAX = 1024 * 1024
"""Bytes of one line from the command, with its newline."""
SHOWN = 200
"""Characters of a bad line that a failure quotes."""


class Said(msgspec.Struct, frozen=True):
    """One line of the command. `text` is short for a text part before `parts`.

    `tokens` are those its run used since it last said so.
    """

    type: Literal["progress", "artifact", "needs_input", "done", "declined", "failed"]
    run: str = ""
    text: str = ""
    parts: tuple[Content, ...] = ()
    reason: str = ""
    tokens: Tokens = 0


_decode = msgspec.json.Decoder(Said).decode


def read(line: bytes) -> Said:
    """What the command said.

    Raises ValueError with the reason and the first characters of the line.
    """
    try:
        return _decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        shown = line[: 4 * SHOWN].decode("utf-8", "replace")[:SHOWN]
        raise ValueError(f"not a line of the protocol ({error}): {shown}") from None


def update(said: Said, id: str) -> UpdateIn:
    """The same as news about message `id`. A reason that is no code is text: it comes first."""
    parts = (Text(said.text), *said.parts) if said.text else said.parts
    reason = said.reason
    if reason and not is_code(reason):
        parts, reason = (Text(reason), *parts), ""
    return UpdateIn(id=id, kind=said.type, parts=parts, reason=reason, tokens=said.tokens)
