"""Canonical JSON: the one byte form of everything that is signed.

The form is RFC 8785 narrowed: ASCII keys, no floats, no nulls, integers below 2^53 in size, at most
six levels deep. Whatever is signed travels and is kept as the bytes that came; this module only
says whether bytes are in that form and what they mean.

Reading has two ways. Fast: decode into the type, encode again, compare; equal bytes leave no room
for duplicate keys, white space, other number forms or other escapes. Slow, when they differ (a
field of a newer version, a default written out): decode without a type, refuse what the form
forbids, encode again, compare, then convert. Types given to this module have no bytes fields
(base64 has more than one spelling) and bound their integers (`entry.Count`). Free-form fields (`x`,
`data`) are not covered by the fast way's types, so structs that have one call `check` on it when
they are made. It never repairs anything.
"""

from functools import cache
from typing import Any, TypeVar, cast

import msgspec

DEPTH_MAX = 6
INT_MAX = 2**53 - 1

T = TypeVar("T")

_encode = msgspec.json.Encoder(order="sorted").encode


class NotCanonical(ValueError):
    """Bytes that are not the canonical form.

    `rung` is the check they fail: "parse", "canonical" or "schema".
    """

    def __init__(self, rung: str, why: str) -> None:
        self.rung = rung
        self.why = why
        super().__init__(f"{rung}: {why}")


def encode(obj: object) -> bytes:
    """The canonical bytes of a struct or JSON value, which must keep to the narrowed form."""
    return _encode(obj)


def decode(data: bytes, type: type[T]) -> T:
    """Read canonical `data` as `type`. Raises `NotCanonical`; nothing else, whatever the bytes."""
    try:
        value = _decoder(type).decode(data)
        if _encode(value) == data:
            return value
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    return _decode_slowly(data, type)


def check(value: object, depth: int = DEPTH_MAX) -> None:
    """Raise ValueError when a decoded JSON value leaves the narrowed form.

    `depth` is how many levels it may still open.
    """
    if value is None or isinstance(value, float):
        raise ValueError("null" if value is None else "a number that is not an integer")
    if isinstance(value, int):
        if abs(value) > INT_MAX:
            raise ValueError("an integer of 2^53 or more")
    elif isinstance(value, dict):
        _check_depth(depth)
        for key, item in cast("dict[object, object]", value).items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError("a key that is not ASCII")
            check(item, depth - 1)
    elif isinstance(value, list | tuple):
        _check_depth(depth)
        for item in cast("list[object]", value):
            check(item, depth - 1)


def _check_depth(depth: int) -> None:
    if depth < 1:
        raise ValueError(f"more than {DEPTH_MAX} levels")


def _decode_slowly(data: bytes, type: type[T]) -> T:
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise NotCanonical("parse", f"not JSON: {error}") from None
    try:
        check(value)
    except ValueError as error:
        raise NotCanonical("canonical", str(error)) from None
    if _encode(value) != data:
        raise NotCanonical("canonical", "not the canonical spelling of its value")
    try:
        return msgspec.convert(value, type)
    except msgspec.ValidationError as error:
        raise NotCanonical("schema", str(error)) from None


@cache
def _decoder(type: object) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast("type[Any]", type))
