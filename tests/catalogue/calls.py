"""What a caller gets wrong, and what the law or a token refuses."""

from tests.catalogue.place import Place, provokes
from tests.catalogue.typed import Said

FORWARD = """
import json, subprocess, sys
message = json.loads(sys.stdin.readline())
to, *_ = message["text"].split()
asked = subprocess.run(
    [sys.executable, "-m", "gatepost", "send", to, to], capture_output=True, text=True
)
print(json.dumps({"type": "done", "text": asked.stdout + asked.stderr}), flush=True)
"""


@provokes("address.invalid")
def _(place: Place) -> Said:
    return place.type("send a@b@c hello")


@provokes("usage.invalid")
def _(place: Place) -> Said:
    return place.type("send other hello --wait 5s")


@provokes("call.unknown")
def _(place: Place) -> Said:
    return place.ask_api("GET", "/v1/statuses")


@provokes("call.foreign")
def _(place: Place) -> Said:
    return place.ask_api("GET", "/v1/status", Origin="https://evil.example")


@provokes("message.too_large")
def _(place: Place) -> Said:
    return place.type("send other -", stdin="x" * 300 * 1024)


@provokes("message.unknown")
def _(place: Place) -> Said:
    return place.type("check 0000000a")


@provokes("message.expired")
def _(place: Place) -> Said:
    """It waits for a peer that is paused here until its time is over."""
    place.quietly("pause lab")
    try:
        message = place.quietly("send bob@lab hello --expires 700ms")
        return place.type(f"check {message} --wait 20s")
    finally:
        place.quietly("resume lab")
        place.connected()


@provokes("message.ended")
def _(place: Place) -> Said:
    message = place.quietly("send other hello")
    place.quietly(f"cancel {message}")
    return place.type(f"cancel {message}")


@provokes("message.open")
def _(place: Place) -> Said:
    message = place.quietly("delegate other hello")
    return place.type(f"messages replay {message} --reason again")


@provokes("message.dropped")
def _(place: Place) -> Said:
    bob = place.poller()
    message = place.quietly(f"send {bob}@lab hello")
    place.quietly(f"messages drop {message} --reason unwanted", place.lab)
    return place.type(f"check {message} --wait 20s")


@provokes("run.not_yours")
def _(place: Place) -> Said:
    message = place.quietly("delegate other hello")
    return place.type(f"reply {message} done --as other")


@provokes("request_key.conflict")
def _(place: Place) -> Said:
    place.quietly("send other hello --request-key one")
    return place.type("send other good-bye --request-key one")


@provokes("agent.unknown")
def _(place: Place) -> Said:
    return place.type("send othr hello")


@provokes("agent.exists")
def _(place: Place) -> Said:
    return place.type("agents add main")


@provokes("peer.unknown")
def _(place: Place) -> Said:
    return place.type("peers ping lap")


@provokes("peer.exists")
def _(place: Place) -> Said:
    return place.type("peers invite lab")


@provokes("mailbox.taken")
def _(place: Place) -> Said:
    agent = place.name("taken")
    place.quietly(f"agents add {agent} --adapter echo")
    return place.type(f"inbox --as {agent}")


@provokes("policy.denied")
def _(place: Place) -> Said:
    place.quietly("policy grant other send main --deny --id quiet")
    return place.type("send main hello --as other")


@provokes("policy.limited")
def _(place: Place) -> Said:
    place.quietly("policy grant other ask main --rate 1/min --id slow")
    place.type("ask main hello --as other --wait 0s")
    return place.type("ask main hello --as other --wait 0s")


@provokes("policy.held")
def _(place: Place) -> Said:
    _hold(place)
    place.quietly("policy show")  # the node reads its files again
    message = place.quietly("send held@lab hello", expect=4)
    return place.type(f"check {message}")


@provokes("policy.hops")
def _(place: Place) -> Said:
    return _through_an_agent(place, "hops", 1)


@provokes("policy.turns")
def _(place: Place) -> Said:
    return _through_an_agent(place, "turns", 0)


@provokes("policy.cycle")
def _(place: Place) -> Said:
    agent = place.agent(FORWARD, place.lab)
    place.quietly(f"policy grant main@home ask {agent}", place.lab)
    return place.type(f"ask {agent}@lab other@home --wait 20s")


@provokes("auth.refused")
def _(place: Place) -> Said:
    agent = place.name("zombie")
    place.quietly(f"agents add {agent}")
    listed = place.quietly("tokens list").splitlines()
    token = next(line.split()[0] for line in listed if agent in line)
    place.quietly(f"tokens revoke {token}")
    return place.type(f"inbox --as {agent}")


def _through_an_agent(place: Place, limit: str, most: int) -> Said:
    """An agent of home that sends on, under a limit nothing but its own message exceeds."""
    agent = place.agent(FORWARD)
    before = place.quietly(f"policy limit {limit} {most}").split()[1]
    try:
        place.quietly("policy show")  # the node reads its files again
        return place.type(f"ask {agent} other --wait 20s")
    finally:
        place.quietly(f"policy limit {limit} {before}")


def _hold(place: Place) -> None:
    with place.home.places.policy.open("a") as policy:
        policy.write('\n[[rule]]\nid = "look"\nhold = ["send"]\nfrom = "*"\nto = "held@lab"\n')
