"""The recovery kit: the next node key as one string, to be written down and kept off the machine.

`gpr1-` and base32 of the seed with five bytes of checksum, in groups. It is read as people type it:
any case, with or without dashes and spaces.
"""

import base64
import hashlib
import re

from gatepost.core import signing
from gatepost.errors import GatepostError

PREFIX = "gpr1-"
_GROUP = 5
_CHECK = 5


def show_kit(seed: bytes) -> str:
    """The kit of a seed of 32 bytes."""
    text = base64.b32encode(seed + _checksum(seed)).decode().rstrip("=").lower()
    return PREFIX + "-".join(text[i : i + _GROUP] for i in range(0, len(text), _GROUP))


def read_kit(text: str) -> bytes:
    """The seed in a kit. Raises `kit.invalid`, saying what is wrong with it."""
    plain = re.sub(r"[\s-]", "", text).lower()
    prefix = PREFIX.rstrip("-")
    if not plain.startswith(prefix):
        raise GatepostError("kit.invalid", why=f"a kit begins with {PREFIX}")
    plain = plain.removeprefix(prefix)
    try:
        data = base64.b32decode(plain.upper() + "=" * (-len(plain) % 8))
    except ValueError:
        raise GatepostError("kit.invalid", why=_odd(plain)) from None
    seed, check = data[:-_CHECK], data[-_CHECK:]
    if len(seed) != 32 or check != _checksum(seed) or show_kit(seed) != _spelled(plain):
        raise GatepostError("kit.invalid", why=_odd(plain))
    return seed


def _spelled(plain: str) -> str:
    return PREFIX + "-".join(plain[i : i + _GROUP] for i in range(0, len(plain), _GROUP))


def _odd(plain: str) -> str:
    wrong = next(
        (letter for letter in plain if letter not in "abcdefghijklmnopqrstuvwxyz234567"), ""
    )
    if wrong:
        return f"`{wrong}` stands in no kit: they have a-z and 2-7"
    want = len(base64.b32encode(bytes(32 + _CHECK)).rstrip(b"="))
    if len(plain) != want:
        return f"it has {len(plain)} letters and digits after {PREFIX}, a kit has {want}"
    return "a letter or digit of it is mistyped"


def _checksum(seed: bytes) -> bytes:
    return hashlib.sha256(signing.transcript("recovery", seed)).digest()[:_CHECK]
