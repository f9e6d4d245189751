"""What a running OpenClaw gateway does that is asked live: it is not there, or it refuses."""

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from tests.catalogue.place import Place, provokes
from tests.catalogue.typed import Said
from tests.process.nodes import add_agent
from tests.unit.adapters.openclaw.fake_gateway import TOKEN, FakeGateway
from tests.unit.adapters.openclaw.standin import standin

PAIR = "openclaw explain main researcher"


@provokes("openclaw.unreachable")
def _(place: Place) -> Said:
    return place.type(f"{PAIR} --config {_file(place, '{}')} --live --url ws://127.0.0.1:1")


@provokes("openclaw.refused")
def _(place: Place) -> Said:
    with standin() as gateway:
        return place.type(f"{PAIR} --config {_file(place, '{}')} --live --url {gateway.url}")


@provokes("openclaw.failed")
def _(place: Place) -> Said:
    file = _file(place, '{"agents": {"list": [{"id": "main"}]}}')
    return place.type(f"openclaw connect --config {file} --program {place.root}/none --yes")


@provokes("adapter.silent")
def _(place: Place) -> Said:
    """A turn that ends well and has said nothing."""
    gateway, loop, agent = FakeGateway(), asyncio.new_event_loop(), place.name("quiet")
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    def do(work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(20)

    async def end() -> None:
        await gateway.until(lambda: gateway.turns)
        await gateway.finish(gateway.turns[0], {"status": "ok", "result": {"payloads": []}})

    try:
        url = do(gateway.start()).url
        add_agent(place.home, agent, adapter="openclaw", url=url, secret=TOKEN)
        message = place.quietly(f"delegate {agent} hello --as main")
        do(end())
        return place.type(f"check {message} --wait 20s --as main")
    finally:
        place.quietly(f"agents remove {agent}")
        do(gateway.stop())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _file(place: Place, text: str) -> Path:
    path = place.root / f"{place.name('openclaw')}.json5"
    path.write_text(text)
    return path
