"""How lives and tails of a journal are kept in its row."""

import msgspec

from gatepost.core.control import Life


def life_text(life: Life | None) -> str:
    """A life as a journal row keeps it: era.boot.nonce, "" for none."""
    return "" if life is None else f"{life.era}.{life.boot}.{life.nonce}"


def read_life(text: str) -> Life | None:
    """The life a journal row names."""
    if not text:
        return None
    era, boot, nonce = text.split(".")
    return Life(int(era), int(boot), nonce)


def read_tail(data: bytes) -> dict[int, bytes]:
    """The chain above `committed` a journal row keeps."""
    return msgspec.msgpack.decode(data, type=dict[int, bytes]) if data else {}


def tail_bytes(tail: dict[int, bytes]) -> bytes:
    """The chain above `committed` as a journal row keeps it."""
    return msgspec.msgpack.encode(tail) if tail else b""
