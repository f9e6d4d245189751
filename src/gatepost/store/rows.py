"""Reading rows: SQLite values into typed rows and numbers, in one place."""

from collections.abc import Iterator
from typing import TypeVar

import apsw
import msgspec

T = TypeVar("T", bound=msgspec.Struct)
Values = tuple[int | str | bytes, ...]


def rows(reader: apsw.Connection, kind: type[T], sql: str, params: Values = ()) -> Iterator[T]:
    """Each result row as `kind`; the columns are its fields in order."""
    names = kind.__struct_fields__
    for row in reader.execute(sql, params):
        yield msgspec.convert(dict(zip(names, row, strict=True)), kind, strict=False)


def numbers(reader: apsw.Connection, sql: str, params: Values = ()) -> tuple[int, ...]:
    """The first result row as numbers; NULL counts as 0."""
    found = reader.execute(sql, params).fetchall()
    return tuple(value if isinstance(value, int) else 0 for value in found[0]) if found else ()
