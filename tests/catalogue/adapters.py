"""Commands and webhooks that do not do what an adapter does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

from gatepost.core.message import Content, Run
from gatepost.core.views import AgentSpec
from tests.catalogue.place import Place, provokes
from tests.catalogue.typed import Said
from tests.process.nodes import free_port

READS = "import json, sys\nmessage = json.loads(sys.stdin.readline())\n"
HANGS = READS + "sys.stdin.read()\nimport time\ntime.sleep(60)\n"


@provokes("adapter.no_command")
def _(place: Place) -> Said:
    return place.type("agents add reader --command /nowhere/reader")


@provokes("agent.not_ready")
def _(place: Place) -> Said:
    """A client that came back does not know what became of a run it had."""
    agent = place.name("worker")
    place.quietly(f"agents add {agent}")
    place.quietly(f"send {agent} hello --as main")
    with place.home.speaker(agent) as first:
        next(first.runs(capacity=1))
    with place.home.speaker(agent) as second:
        second.portal.call(second.client.claim(_Idle(), 1))
        return place.type(f"explain main {agent} send --json")


@provokes("adapter.not_started")
def _(place: Place) -> Said:
    agent = place.name("worker")
    longest = "x" * 200_000  # no system takes an argument of that length
    with place.home.operator as operator:
        operator.add_agent(AgentSpec(name=agent, adapter="process", command=("true", longest)))
    return _asked(place, agent)


@provokes("adapter.crashed")
def _(place: Place) -> Said:
    return _asked(place, place.agent(READS + "sys.exit(3)"))


@provokes("adapter.garbage")
def _(place: Place) -> Said:
    return _asked(place, place.agent(READS + "print('hello there', flush=True)"))


@provokes("adapter.flood")
def _(place: Place) -> Said:
    return _asked(place, place.agent(READS + "print('x' * 3_000_000, flush=True)"))


@provokes("adapter.timeout")
def _(place: Place) -> Said:
    return _asked(place, place.agent(HANGS, run_seconds=1))


@provokes("adapter.cancelled")
def _(place: Place) -> Said:
    agent = place.agent(HANGS)
    asked = place.quietly(f"delegate {agent} wait --as main")
    _working(place, asked)
    place.quietly(f"cancel {asked} --as main", expect=9)
    return place.type(f"check {asked} --wait 20s --as main")


@provokes("adapter.stopped")
def _(place: Place) -> Said:
    agent = place.agent(HANGS)
    asked = place.quietly(f"delegate {agent} wait --as main")
    _working(place, asked)
    place.quietly(f"agents remove {agent}")
    return place.type(f"check {asked} --wait 20s --as main")


@provokes("adapter.refused")
def _(place: Place) -> Said:
    with _hook(422) as url:
        return _asked(place, _webhook(place, url))


@provokes("adapter.unreachable")
def _(place: Place) -> Said:
    agent = _webhook(place, f"http://127.0.0.1:{free_port()}/hook")
    return place.type(f"ask {agent} hello --expires 1s --wait 20s --as main")


class _Idle:
    """A client that is asked for its evidence and gives none."""

    def offer(self, run: Run) -> None:
        """It never starts one."""

    def cancel(self, run: str, reason: str) -> None:
        """It never has one."""

    def supply(self, run: str, parts: tuple[Content, ...]) -> None:
        """It never asked."""


def _asked(place: Place, agent: str) -> Said:
    return place.type(f"ask {agent} hello --wait 20s --as main")


def _working(place: Place, message: str) -> None:
    with place.home.speaker("main") as main:
        next(view for view in main.watch(message) if view.state == "working")


def _webhook(place: Place, url: str) -> str:
    name = place.name("hook")
    with place.home.operator as operator:
        operator.add_agent(AgentSpec(name=name, adapter="webhook", url=url, secret="s" * 32))
    return name


@contextmanager
def _hook(status: int) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is said."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/hook"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
