"""A query string as typed data. What it does not know is refused: a token in a URL never passes."""

from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec

from gatepost.errors import GatepostError

QueryT = TypeVar("QueryT", bound=msgspec.Struct)


def read_query(raw: bytes, into: type[QueryT]) -> QueryT:
    """Read a query. Raises `usage.invalid`, and ValidationError for values of the wrong kind."""
    known = {field.encode_name for field in msgspec.structs.fields(into)}
    pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True)
    for name, _ in pairs:
        if name not in known:
            raise GatepostError("usage.invalid", why=f"there is no `{name}` to ask for")
    return msgspec.convert(dict(pairs), into, strict=False)
