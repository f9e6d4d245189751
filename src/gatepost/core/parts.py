"""Parts between their two forms.

What callers hold (`core.message`) and what travels (descriptors and one body).

Packing checks every limit and the form of every part, once, where they enter; unpacking trusts what
was measured on the way.
"""

from typing import Literal

import msgspec

from gatepost.core.entry import PARTS_BYTES_MAX, PARTS_MAX, Part
from gatepost.core.message import Content, Data, File, Text
from gatepost.errors import GatepostError

_Kind = Literal["text", "json", "file"]
_NO_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def pack(parts: tuple[Content, ...]) -> tuple[tuple[Part, ...], bytes]:
    """Descriptors and body of parts. Raises `message.too_large` or `usage.invalid`."""
    if len(parts) > PARTS_MAX:
        raise GatepostError("message.too_large", why=f"{len(parts)} parts, at most {PARTS_MAX}")
    described: list[Part] = []
    pieces: list[bytes] = []
    for number, part in enumerate(parts, 1):
        kind, data = _bytes(part, number)
        pieces.append(data)
        if isinstance(part, File):
            described.append(_file(part, len(data), number))
        else:
            described.append(Part(type=kind, size=len(data)))
    body = b"".join(pieces)
    if len(body) > PARTS_BYTES_MAX:
        raise GatepostError(
            "message.too_large",
            why=f"the parts are {len(body)} bytes together, at most {PARTS_BYTES_MAX} (256 KiB)",
        )
    return tuple(described), body


def check_json(parts: tuple[Content, ...]) -> None:
    """Raise `usage.invalid` for a JSON part that is none: raw, it would break what it stands in."""
    for number, part in enumerate(parts, 1):
        if isinstance(part, Data):
            _bytes(part, number)


def unpack(parts: tuple[Part, ...], body: bytes) -> tuple[Content, ...]:
    """The parts for a reader.

    Text that is not UTF-8 (a peer's fault) is shown with replacement characters.
    """
    found: list[Content] = []
    at = 0
    for part in parts:
        data = body[at : at + part.size]
        at += part.size
        if part.type == "text":
            found.append(Text(data.decode("utf-8", "replace")))
        elif part.type == "json":
            found.append(_json(data))
        else:
            found.append(File(data, part.name, part.media or "application/octet-stream"))
    return tuple(found)


def _bytes(part: Content, number: int) -> tuple[_Kind, bytes]:
    if isinstance(part, Text):
        try:
            return "text", part.text.encode()
        except UnicodeEncodeError as error:
            raise GatepostError("usage.invalid", why=f"part {number} is no text: {error}") from None
    if isinstance(part, File):
        return "file", part.data
    data = bytes(part.data)
    try:
        msgspec.json.decode(data)
    except _NO_JSON as error:
        raise GatepostError("usage.invalid", why=f"part {number} is no JSON: {error}") from None
    return "json", data


def _file(part: File, size: int, number: int) -> Part:
    if len(part.name) > 255 or len(part.media) > 127:
        raise GatepostError(
            "usage.invalid", why=f"part {number}: the name is at most 255, the media type 127"
        )
    return Part(type="file", size=size, name=part.name, media=part.media)


def _json(data: bytes) -> Content:
    """JSON for a reader, on one line whatever lines it came in.

    Readers take objects line by line, and a line break within a part would let its author write
    the next line. What is no JSON is shown as a file.
    """
    try:
        msgspec.json.decode(data)
    except _NO_JSON:
        return File(data, "", "application/json")
    if b"\n" in data or b"\r" in data:
        data = msgspec.json.format(data, indent=-1)
    return Data(msgspec.Raw(data))
