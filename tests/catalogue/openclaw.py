"""What a running OpenClaw gateway does that is asked live: it is not there, or it refuses."""

from pathlib import Path

from tests.catalogue.place import Place, provokes
from tests.catalogue.typed import Said
from tests.unit.adapters.openclaw.standin import standin

PAIR = "openclaw explain main researcher"


@provokes("openclaw.unreachable")
def _(place: Place) -> Said:
    return place.type(f"{PAIR} --config {_file(place, '{}')} --live --url ws://127.0.0.1:1")


@provokes("openclaw.refused")
def _(place: Place) -> Said:
    with standin() as gateway:
        return place.type(f"{PAIR} --config {_file(place, '{}')} --live --url {gateway.url}")


def _file(place: Place, text: str) -> Path:
    path = place.root / f"{place.name('openclaw')}.json5"
    path.write_text(text)
    return path
