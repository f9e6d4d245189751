"""kill -9 at every point: before each call of the system that leaves something behind.

A life is killed at its n-th such call, for n = 1, 2, 3 …, until one comes through unharmed. After
each kill a next life goes on with what it finds. The message must end `done`, its agent must have
begun it once, and nothing of what it said may be lost or out of order.
"""

from pathlib import Path

import pytest

from gatepost.core.message import File, text_of

from .conftest import Stage, stage_in
from .hosting import Host, hosted
from .mailbox import Held
from .subjects import OURS, Command

LONG = File(bytes(9_000), "zeros")
"""Three pieces of a pipe's size, as base64."""


async def _one_life(stage: Stage, n: int, text: str, parts: tuple[File, ...]) -> tuple[Held, bool]:
    """Hand a message to a life that dies at its n-th call; whether it died."""
    mailbox = stage.mailbox
    host = Host(mailbox)
    await host.start(stage, n)
    held = mailbox.hand(text, *parts)
    mailbox.answers = {"which?": "sda", "sure?": "yes"}
    await mailbox.until(lambda: host.dead or held.state == "done")
    if held.state == "done":
        await stage.on_disk(lambda: host.dead or not stage.files("1.1-*"))
    died = host.dead
    await host.kill()
    return held, died


@pytest.mark.parametrize("name", [name for name, one in OURS.items() if isinstance(one, Command)])
@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("progress one;artifact text;done ok", ()),
        ("ask which?;ask sure?;done $", ()),
        ("progress one;echo", (LONG,)),
    ],
    ids=["speaks", "asks", "long"],
)
def test_at_whatever_point_the_node_dies_the_run_is_run_once_and_brings_its_outcome(
    tmp_path: Path, name: str, text: str, parts: tuple[File, ...]
) -> None:
    n, died = 0, True
    while died:
        n += 1
        place = tmp_path / str(n)
        place.mkdir()
        with stage_in(place, OURS[name]) as stage:

            async def scene(stage: Stage = stage, n: int = n) -> None:
                nonlocal died
                held, died = await _one_life(stage, n, text, parts)
                async with hosted(stage):
                    assert await stage.mailbox.end(held) == "done", f"killed at call {n}"
                _check(stage, held, n)

            stage.play(scene)
    assert n > 15  # fewer calls than that cannot do all this: the kill did not work


def _check(stage: Stage, held: Held, n: int) -> None:
    where = f"killed at call {n}: {held} {stage.mailbox.evidence_given}"
    assert stage.ledger.starts(held.run.id) == 1, where
    said = [update.kind for update in held.updates]
    once = [kind for at, kind in enumerate(said) if kind != said[at - 1] or at == 0]
    expected = {
        "progress one;artifact text;done ok": ["progress", "artifact", "done"],
        "ask which?;ask sure?;done $": ["needs_input", "done"],
        "progress one;echo": ["progress", "done"],
    }
    assert once == expected[text_of(held.run.parts)], where
    assert said.count("done") == 1, where
    assert len(said) <= 4, where  # three things to say, and one said again at most
    if "needs_input" in said:
        assert held.text == "yes", where  # and not the reply to the first question, brought twice
    assert "none" not in [found for _, found in stage.mailbox.evidence_given], where
