"""What waits for a person, and what a person says of it."""

from tests.catalogue.place import Place, provokes
from tests.catalogue.typed import Said


@provokes("hold.unknown")
def _(place: Place) -> Said:
    return place.type("holds show 0000000a")


@provokes("hold.changed")
def _(place: Place) -> Said:
    message = _held(place)
    return place.type(f"holds approve {message} --digest {'0' * 12}", stdin="yes\n")


@provokes("hold.refused")
def _(place: Place) -> Said:
    message = _held(place)
    place.quietly(f"holds refuse {message} 'Not on a Friday.'")
    return place.type(f"check {message}")


@provokes("approval.unknown")
def _(place: Place) -> Said:
    return place.type("holds revoke y0000000a")


def _held(place: Place) -> str:
    """A message of main that waits here; its id."""
    agent = place.name("guarded")
    with place.home.places.policy.open("a") as policy:
        policy.write(
            f'\n[[rule]]\nid = "{agent}"\nhold = ["send"]\nfrom = "*"\nto = "{agent}@lab"\n'
        )
    place.quietly("policy show")  # the node reads its files again
    return place.quietly(f"send {agent}@lab hello", expect=4)
