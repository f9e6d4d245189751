"""What nobody caught on a loop is told at once, and said in a way no terminal obeys."""

import asyncio
from collections.abc import Callable

import pytest

from gatepost.host.alarm import Alarm


class Harmless(asyncio.Protocol):
    """Touches no core."""


def told_of(act: Callable[[asyncio.AbstractEventLoop], None]) -> list[str]:
    told: list[str] = []

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        Alarm(loop, Harmless).told = lambda error: told.append(type(error).__name__)
        act(loop)
        loop.call_soon(told.append, "next")
        for _ in range(3):
            await asyncio.sleep(0)

    asyncio.run(scene())
    return told


def stumble() -> None:
    raise ValueError("\x1b]0;owned\x07 \u202e")


def test_an_exception_in_a_callback_is_told_before_anything_else_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert told_of(lambda loop: loop.call_soon(stumble) and None) == ["ValueError", "next"]
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "ValueError" in said
    assert not {"\x1b", "\x07", "\u202e"} & set(said)


@pytest.mark.parametrize(
    "context",
    [
        {"message": "lost", "exception": ConnectionResetError("gone")},
        {"message": "bytes that are no HTTP", "exception": ValueError("x"), "protocol": Harmless()},
        {"message": "no exception at all"},
    ],
)
def test_what_breaks_no_step_is_not_told(context: dict[str, object]) -> None:
    assert told_of(lambda loop: loop.call_exception_handler(context)) == ["next"]
