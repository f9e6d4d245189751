"""The main job in half a minute.

Two real nodes, a delegated task, a kill -9, and the truth throughout.

`home` and `lab` are two processes, each with its own directory, key and database, paired over TLS
on loopback by a one-time invitation. `specialist@lab` is a real process (`specialist.py`) that
investigates a real log. Everything claimed at the end is checked against the specialist's own
ledger; the exit code is 0 only when every claim holds. No broker, no cloud, no model, no network.
"""

import asyncio
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from gatepost.core.message import File, MessageView, Moment, Text
from gatepost.sdk import Client, connect, connect_operator

HERE = Path(__file__).resolve().parent
LOG = HERE / "nightly" / "nightly.log"
TASK = "Investigate this: why did the nightly job fail?"


class Node:
    """One real node: a home directory and, while it runs, a process."""

    def __init__(self, name: str, home: Path) -> None:
        self.name = name
        self.home = home
        self.process: subprocess.Popen[str] | None = None

    def run(self, *words: str) -> str:
        """Type a command as its operator would; shows it and returns what it prints."""
        print(f"  {self.name}$ gatepost {shlex.join(words)[:88]}")
        command = [sys.executable, "-m", "gatepost", "--home", str(self.home), *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            raise SystemExit(f"{shlex.join(words)} failed:\n{done.stderr}{done.stdout}")
        return done.stdout

    def start(self) -> None:
        """Start the node and wait for its one line."""
        print(f"  {self.name}$ gatepost start")
        command = [sys.executable, "-m", "gatepost", "--home", str(self.home), "start"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        if self.process.stdout is None or not self.process.stdout.readline().startswith("ready"):
            raise SystemExit(f"{self.name} did not start")

    def kill(self) -> None:
        """What a power cut does to a process."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            print(f"  {self.name}  kill -9 {self.process.pid}")

    def stop(self) -> None:
        """End the node cleanly, if it runs."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=20)


class Claims:
    """What the demo says, each with whether it held."""

    def __init__(self) -> None:
        self.failed = 0

    def check(self, what: str, holds: bool) -> None:
        """Print a claim with its verdict."""
        print(f"  {'✓' if holds else '✗'} {what}")
        self.failed += not holds


def port() -> int:
    """A free port on loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def show(title: str, view: MessageView) -> None:
    """Print a message's timeline: each state, when, why."""
    print(f"\n  {title}  {view.id}  {view.state}")
    for moment in view.timeline:
        text = " ".join(part.text for part in moment.parts if isinstance(part, Text))
        print(f"    {clock(moment)}  {moment.state:<11} {moment.why} {text[:60]}".rstrip())


def clock(moment: Moment) -> str:
    """Time of day in milliseconds, UTC."""
    seconds, ms = divmod(moment.at, 1000)
    minutes, second = divmod(seconds % 86400, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}.{ms:03}"


async def until(mailbox: Client, message: str, state: str) -> MessageView:
    """Watch a message until it is in a state (or has ended)."""
    async with asyncio.timeout(20):
        async for view in mailbox.watch(message):
            if view.state == state or view.state in ("done", "failed", "rejected"):
                return view
    raise SystemExit(f"{message} never became {state}")


def set_up(home: Node, lab: Node, ledger: Path) -> None:
    """Two nodes, paired, with one agent each and one grant: all by commands a person types."""
    home.run("init", "--name", "home", "--listen", f"127.0.0.1:{port()}")
    lab.run("init", "--name", "lab", "--listen", f"127.0.0.1:{port()}")
    home.start()
    lab.start()
    invitation = home.run("peers", "invite", "lab", "--no-wait").strip()
    lab.run("peers", "accept", invitation)
    home.run("agents", "add", "main")
    specialist = [sys.executable, str(HERE / "specialist.py"), "--ledger", str(ledger)]
    command = shlex.join([*specialist, "--slow", "2"])
    lab.run("agents", "add", "specialist", "--adapter", "process", "--command", command)
    lab.run("policy", "grant", "main@home", "ask,delegate", "specialist")


async def story(home: Node, lab: Node, ledger: Path, claims: Claims) -> None:
    """The delegation, the kill, and the return."""
    log = File(LOG.read_bytes(), "nightly.log", "text/plain")
    async with connect(home=home.home, agent="main") as mailbox:
        print("\nmain@home delegates, with the log attached")
        first = await mailbox.delegate("specialist@lab", [Text(TASK), log])
        view = await mailbox.check(first.id, wait=20)
        print("\n" + "\n".join(f"  │ {line}" for line in view.text.splitlines()))
        claims.check(
            "a structured result came back", any(p for p in view.parts if not isinstance(p, Text))
        )

        print("\nanother task; lab is killed while it is worked on, and a third is sent meanwhile")
        second = await mailbox.delegate("specialist@lab", [Text(TASK), log])
        await until(mailbox, second.id, "working")
        lab.kill()
        await contact_lost(home)
        third = await mailbox.delegate("specialist@lab", [Text(TASK), log])
        known = [await mailbox.check(one.id) for one in (second, third)]
        for view in known:
            print(f"  {view.id[:13]}  {view.state:<9} {view.why}")
        claims.check(
            "the task in flight is not called done, failed or lost", known[0].state == "working"
        )
        claims.check("the new one is said to wait here", known[1].state == "accepted")

        print("\nlab comes back")
        lab.start()
        ended = [await mailbox.check(one.id, wait=25) for one in (second, third)]
        for title, view in zip(
            ("in flight when lab died", "sent while lab was away"), ended, strict=True
        ):
            show(title, view)
        print("\nchecked against the specialist's own ledger")
        claims.check("both ended done", [view.state for view in ended] == ["done", "done"])
        check_ledger(ledger, [first.id, second.id, third.id], claims)


async def contact_lost(home: Node) -> None:
    """Wait until home knows that lab is away."""
    async with connect_operator(home=home.home) as operator:
        async with asyncio.timeout(20):
            while (await operator.peers())[0].state == "connected":  # noqa: ASYNC110 - asks, as a person would
                await asyncio.sleep(0.05)


def check_ledger(ledger: Path, ids: list[str], claims: Claims) -> None:
    """Each task began once and ended once, says the agent itself."""
    lines = [json.loads(line) for line in ledger.read_text().splitlines()]
    for word in ("start", "end"):
        counted = Counter(line["message"] for line in lines if line["event"] == word)
        claims.check(f"each of {len(ids)} tasks has one {word}", counted == Counter(ids))


def main() -> int:
    """Run the demo; 0 when every claim held."""
    claims = Claims()
    with tempfile.TemporaryDirectory(prefix="gatepost-demo-") as place:
        root = Path(place)
        home, lab = Node("home", root / "home"), Node("lab", root / "lab")
        ledger = root / "ledger"
        ledger.touch()
        try:
            print("two nodes, paired by a one-time invitation")
            set_up(home, lab, ledger)
            asyncio.run(story(home, lab, ledger, claims))
        finally:
            home.stop()
            lab.stop()
    print("\nevery claim held" if not claims.failed else f"\n{claims.failed} claims failed")
    return 1 if claims.failed else 0


if __name__ == "__main__":
    os.environ.pop("GATEPOST_HOME", None)
    sys.exit(main())
