"""Which addresses are dialled."""

import asyncio

import pytest

from gatepost.transports.endpoint import is_dialable, resolve


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "::",
        "169.254.169.254",
        "fe80::1",
        "224.0.0.1",
        "ff02::1",
        "::ffff:169.254.169.254",
        "::ffff:0.0.0.0",
    ],
)
def test_what_is_never_one_node_is_not_dialled(address: str) -> None:
    assert not is_dialable(address)
    shown = f"[{address}]" if ":" in address else address
    with pytest.raises(OSError):
        asyncio.run(resolve(f"{shown}:80"))


@pytest.mark.parametrize(
    ("endpoint", "found"),
    [
        ("127.0.0.1:7443", ("127.0.0.1", 7443)),
        ("[::1]:7443", ("::1", 7443)),
        ("192.168.1.2:1", ("192.168.1.2", 1)),
        ("[::ffff:10.0.0.1]:65535", ("::ffff:a00:1", 65535)),
    ],
)
def test_an_address_is_dialled_as_it_stands(endpoint: str, found: tuple[str, int]) -> None:
    assert asyncio.run(resolve(endpoint)) == [found]


def test_a_name_is_resolved() -> None:
    assert ("127.0.0.1", 7443) in asyncio.run(resolve("localhost:7443"))


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "a" * 300, "..", "x..y", ""])
def test_another_spelling_of_an_address_is_no_address(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def look_up(self: object, host: str, *args: object, **more: object) -> list[object]:
        asked.append(host)
        return [(2, 1, 6, "", ("169.254.169.254", 0))]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", look_up)
    with pytest.raises(OSError):
        asyncio.run(resolve(f"{host}:80"))
    assert asked == [host], "the resolver may know it; what it finds is checked"
