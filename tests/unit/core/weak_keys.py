"""Public keys that prove or hide nothing: of small order, or no canonical spelling of a point."""

_P = 2**255 - 19
_ORDER_8 = (
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
)


def _encoded(y: int, sign: int) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


# y = 1 is the identity, y = -1 has order 2, y = 0 order 4; p and p + 1 spell 0 and 1 again.
IDENTITY = _encoded(1, 0)
SMALL_ORDER = [
    *(_encoded(y, sign) for y in (0, 1, _P - 1, _P, _P + 1) for sign in (0, 1)),
    *(_encoded(int.from_bytes(bytes.fromhex(h), "little"), s) for h in _ORDER_8 for s in (0, 1)),
]
NOT_CANONICAL = [_encoded(y, sign) for y in range(_P, 2**255) for sign in (0, 1)]
NO_POINT = [_encoded(2, 0), bytes(31) + b"\x7f"]
ED25519 = [*SMALL_ORDER, *NOT_CANONICAL, *NO_POINT]

X25519 = [
    bytes(32),
    _encoded(1, 0),
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
    _encoded(_P - 1, 0),
    _encoded(_P, 0),
    _encoded(_P + 1, 0),
]
