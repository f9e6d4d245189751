"""Where tables begin and end in a TOML text, so that lines can be added and cut by hand's rules.

Comments and blank lines before a header belong to what follows: a new key goes above them, and a
block that is cut leaves them. Lines are counted from 1. Only texts that are TOML come here.
"""

from gatepost.core.origin import Document, KeyPath, lines


class Blocks:
    """The lines of one document, by table."""

    def __init__(self, document: Document) -> None:
        self.rows = document.text.split("\n")
        self._found = lines(document.text)
        placed = set(self._found.values())
        self._headers = sorted(line for line in placed if self._is_header(line))

    def table(self, path: KeyPath) -> tuple[int, int] | None:
        """First and last line of a table with its own keys; None when it has no header."""
        start = self._found.get(path, 0)
        if not start or not self._is_header(start):
            return None
        return start, self._end(start, self._next_header(start))

    def element(self, path: KeyPath) -> tuple[int, int] | None:
        """The same with all tables below it; None when other tables stand between them."""
        start = self._found.get(path, 0)
        if not start or not self._is_header(start):
            return None
        mine = {line for one, line in self._found.items() if one[: len(path)] == path}
        follows = self._next_header(start)
        while follows in mine:
            follows = self._next_header(follows)
        return None if max(mine) >= follows else (start, self._end(start, follows))

    def top_end(self) -> int:
        """The last line before the first header that says something; 0 when there is none."""
        return self._end(0, self._next_header(0))

    def inserted(self, after: int, row: str) -> str:
        """The text with one more line after line `after`."""
        return "\n".join([*self.rows[:after], row, *self.rows[after:]])

    def cut(self, start: int, end: int) -> str:
        """The text without lines `start` to `end`, and without one blank line after them."""
        if end < len(self.rows) - 1 and not self.rows[end].strip():
            end += 1
        return "\n".join(self.rows[: start - 1] + self.rows[end:])

    def _is_header(self, line: int) -> bool:
        # No key begins with a bracket, and lines within a long value have no path.
        return self.rows[line - 1].lstrip().startswith("[")

    def _next_header(self, line: int) -> int:
        return next((one for one in self._headers if one > line), len(self.rows) + 1)

    def _end(self, start: int, follows: int) -> int:
        end = follows - 1
        while end > start and self._says_nothing(self.rows[end - 1]):
            end -= 1
        return end

    @staticmethod
    def _says_nothing(row: str) -> bool:
        return not row.strip() or row.lstrip().startswith("#")
