"""Numbers that order rows: one counter for messages, one for entries."""


class Sequence:
    """Counters that continue behind the last rows of the store."""

    def __init__(self, last_message: int, last_entry: int) -> None:
        self._message = last_message
        self._entry = last_entry

    def message(self) -> int:
        """The seq of the next message."""
        self._message += 1
        return self._message

    def entry(self) -> int:
        """The seq of the next entry."""
        self._entry += 1
        return self._entry
