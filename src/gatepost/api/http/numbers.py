"""Numbers that a call may hold: those every JSON reader agrees on, and nothing beyond."""

from collections.abc import Callable

import msgspec

from gatepost.errors import GatepostError

MOST = 2**53
"""Beyond it, readers of JSON disagree, and neither a database nor a clock takes it."""

Check = Callable[[msgspec.Struct], None]


def check_of(kind: type[msgspec.Struct]) -> Check:
    """What looks at the numbers of a `kind`; it raises `usage.invalid`."""
    fields = msgspec.structs.fields(kind)
    numbers = tuple((one.name, one.encode_name) for one in fields if one.type in (int, float))

    def check(given: msgspec.Struct) -> None:
        for name, shown in numbers:
            value: float = getattr(given, name)
            if not -MOST <= value <= MOST:  # also what is no number
                raise GatepostError("usage.invalid", why=f"`{shown}` is out of range")

    return check
