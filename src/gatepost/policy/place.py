"""One table of a policy document: values by key, and the fault for one of them.

Every fault is `policy.invalid` with file and line and, for a misspelt word, the nearest right one.
What the values mean is not known here.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar, cast

from gatepost.core.origin import Document, KeyPath, Origin, line_of, lines, tables
from gatepost.errors import GatepostError
from gatepost.policy.words import near

_T = TypeVar("_T")
_Table = Mapping[str, object]


class Place:
    """A table within a document: values by key, and the error for one of them."""

    def __init__(
        self, file: str, found: Mapping[KeyPath, int], path: KeyPath, table: object
    ) -> None:
        self.file, self._found, self._path = file, found, path
        if not isinstance(table, dict):
            raise self.fault("must be a table")
        self.table = cast("_Table", table)

    @classmethod
    def top(cls, document: Document) -> "Place":
        """A whole document. Raises `policy.invalid` with the line of what is not TOML."""
        table = tables(document, "policy.invalid")
        return cls(document.name, lines(document.text), (), table)

    def origin(self, key: str = "") -> Origin:
        """Where the table, or one of its keys, stands."""
        path = (*self._path, key) if key else self._path
        return Origin(self.file, line_of(self._found, path))

    def fault(self, why: str, key: str = "", suggestion: str = "") -> GatepostError:
        """The error for the table or one of its keys; `why` follows its name."""
        where = str(self.origin(key))
        name = key or ".".join(str(part) for part in self._path) or "the file"
        hint = f"; did you mean `{suggestion}`?" if suggestion else ""
        return GatepostError(
            "policy.invalid",
            what=f"{where}: `{name}` {why}{hint}",
            where=where,
            suggestion=suggestion,
        )

    def only(self, known: Sequence[str]) -> None:
        """Refuse every key that is not known, with the nearest that is."""
        for key in self.table:
            if key not in known:
                raise self.fault("is not a word of the policy", key, near(key, known))

    def inner(self, key: str) -> "Place":
        """The table under a key that is there."""
        return Place(self.file, self._found, (*self._path, key), self.table[key])

    def array(self, key: str) -> list["Place"]:
        """The tables under `[[key]]`; none when it is absent."""
        tables = self.table.get(key, [])
        if not isinstance(tables, list):
            raise self.fault(f"is written [[{key}]]", key)
        values = cast("list[object]", tables)
        return [
            Place(self.file, self._found, (*self._path, key, n), value)
            for n, value in enumerate(values)
        ]

    def text(self, key: str) -> str:
        """A text that is not empty."""
        value = self.table.get(key)
        if not isinstance(value, str) or not value:
            missing = "is missing" if value is None else "must be a text that is not empty"
            raise self.fault(missing, key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """One text or a list of them; an empty list is an empty list."""
        value = self.table.get(key)
        if isinstance(value, list):
            values = cast("list[object]", value)
            if all(isinstance(one, str) and one for one in values):
                return tuple(cast("list[str]", values))
            raise self.fault("must hold texts that are not empty", key)
        return (self.text(key),)

    def moment(self, key: str) -> int:
        """A date and time with an offset, in ms; 0 when absent."""
        value = self.table.get(key)
        if value is None:
            return 0
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise self.fault("must be a time with its offset, as 2027-01-31T00:00:00Z", key)
        return int(value.timestamp() * 1000)

    def truth(self, key: str) -> bool:
        """True or false; false when absent."""
        value = self.table.get(key, False)
        if not isinstance(value, bool):
            raise self.fault("must be true or false", key)
        return value

    def parsed(self, key: str, parse: Callable[[str], _T]) -> _T:
        """A text as `parse` reads it; what it raises (ValueError) says why not."""
        try:
            return parse(self.text(key))
        except ValueError as wrong:
            raise self.fault(f"is `{self.text(key)}`: {wrong}", key) from wrong
