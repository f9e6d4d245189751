"""What the filling process says at its end."""

from __future__ import annotations

import msgspec


class Filled(msgspec.Struct, frozen=True):
    """Accepted messages per second, at first and at last."""

    rate_before: float
    rate_after: float
