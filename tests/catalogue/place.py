"""Where errors are provoked: two paired nodes, a third that is made when needed, and bare homes.

A provocation is a function that does to real nodes what an operator, an agent, a peer or a machine
would do, and returns the command line that was told of it. `provokes` says of which error.
"""

import http.client
import itertools
import os
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gatepost import compose
from gatepost.config.paths import layout
from gatepost.store.database import open_database
from tests.catalogue.typed import Said, type_line
from tests.process.nodes import RealNode, add_agent, connected, pair, peer, until
from tests.process.scene import set_limit

FAULTY = Path(__file__).with_name("faulty.py")


class Place:
    """Nodes `home` and `lab`, running and paired.

    `main` and `other` are agents of home, `bob` of lab.
    """

    def __init__(self, root: Path, home: RealNode, lab: RealNode, stack: ExitStack) -> None:
        self.root = root
        self.home = home
        self.lab = lab
        self.typed: list[Said] = []
        self.names: dict[str, str] = {}
        self._stack = stack
        self._names = itertools.count(1)
        self._attic: RealNode | None = None
        self.guests: dict[str, RealNode] = {}

    def type(self, line: str, at: RealNode | Path | None = None, **how: str | bytes | bool) -> Said:
        """What a person sees who types `gatepost LINE` at a node (by default home)."""
        place = self.home.home if at is None else at.home if isinstance(at, RealNode) else at
        said = type_line(line, place, **how)  # pyright: ignore[reportArgumentType]
        self.typed.append(said)
        return said

    def quietly(
        self, line: str, at: RealNode | Path | None = None, expect: int = 0, **how: str | bytes
    ) -> str:
        """Type what belongs to no transcript and must end with `expect`; its stdout."""
        said = self.type(line, at, **how)
        self.typed.pop()
        assert said.code == expect, said.text
        return said.out.strip()

    def name(self, word: str) -> str:
        """A name nobody has; it sorts behind `main`, who speaks when nobody else is named."""
        name = f"x-{word}{next(self._names)}"
        self.names[name] = word
        return name

    def bare(self, listen: str = "127.0.0.1:17443") -> Path:
        """A home directory whose node does not run."""
        path = self.root / self.name("bare")
        before = os.umask(0o077)
        try:
            compose.initialise(path, "bare", listen)
        finally:
            os.umask(before)
        return path

    def kit(self, name: str) -> str:
        """A new node of this name; its recovery kit."""
        before = os.umask(0o077)
        try:
            return compose.initialise(self.root / name, name, "127.0.0.1:17449").kit
        finally:
            os.umask(before)

    def agent(self, script: str, at: RealNode | None = None, **how: object) -> str:
        """A process agent that runs this Python text; its name."""
        name = self.name("worker")
        file = self.root / f"{name}.py"
        file.write_text(script)
        node = at or self.home
        return add_agent(node, name, adapter="process", command=(sys.executable, str(file)), **how)

    def poller(self) -> str:
        """An agent of lab that is served by hand, and may be reached by main of home; its name."""
        name = add_agent(self.lab, self.name("person"))
        self.quietly(f"policy grant main@home send,ask,delegate {name}", self.lab)
        return name

    @property
    def attic(self) -> RealNode:
        """A third node, in which faults can be switched on; paired with nobody."""
        if self._attic is None:
            self._attic = RealNode(self.root / "attic", "attic").make()
            self._attic._program = [str(FAULTY), str(self.root / "fault")]
            self._attic.start()
            self._stack.callback(self._attic.kill)
            add_agent(self._attic, "main")
            add_agent(self._attic, "other")
        return self._attic

    def guest(self, name: str, *, talks: bool = False) -> RealNode:
        """A node of this name, running and paired with lab; with `talks` they have spoken."""
        if name not in self.guests:
            node = self.guests[name] = RealNode(self.root / name, name).make().start()
            self._stack.callback(node.kill)
            add_agent(node, "main")
            pair(node, self.lab)
        node = self.guests[name]
        connected(node, "lab")
        if talks:
            self.quietly("send bob@lab hello", node)
            with node.operator as operator:
                until(operator, lambda: peer(operator, "lab").in_flight == 0)
        return node

    def lose_database(self, node: RealNode) -> None:
        """Start a node with its keys and an empty database, as after a disk was replaced."""
        node.stop()
        for file in node.home.glob("node.db*"):
            file.unlink()
        open_database(node.places.database).close()
        node.start()

    @contextmanager
    def fault(self, kind: str) -> Iterator[None]:
        """Let `attic` meet a fault: see `faulty.py`."""
        file = self.root / "fault"
        assert self.attic.process is not None  # it is made before its fault
        file.write_text(kind)
        try:
            yield
        finally:
            file.unlink()
            self._recovered()

    def _recovered(self) -> None:
        """Wait until attic has noticed that nothing is wrong any more."""
        while self.type("resume other", self.attic).code:
            self.typed.pop()
        self.typed.pop()

    def connected(self) -> None:
        """Wait until home and lab are in contact again."""
        connected(self.home, "lab")

    def start(self, home: Path) -> Said:
        """What `gatepost start` says, in a process of its own, when it cannot."""
        done = RealNode(home, "bare", 0).run("start")
        said = Said("start", done.returncode, done.stdout, done.stderr)
        self.typed.append(said)
        return said

    @contextmanager
    def running(self, home: Path) -> Iterator[RealNode]:
        """The node of a home directory, while it runs."""
        node = RealNode(home, "bare", 0).start()
        try:
            yield node
        finally:
            node.kill()

    @contextmanager
    def impostor(self, body: bytes, status: int) -> Iterator[Path]:
        """A home whose node is of another version: it answers everything with `body`."""
        home = self.bare()
        where = layout(home).operator_socket
        where.parent.mkdir(mode=0o700, exist_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(where))
        listener.listen()
        thread = threading.Thread(target=_answer, args=(listener, body, status), daemon=True)
        thread.start()
        try:
            yield home
        finally:
            thread.join(10)
            listener.close()

    def ask_api(self, method: str, target: str, **headers: str) -> Said:
        """A request at home's operator socket, as a stranger's program would make it."""
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(10)
        connection.sock.connect(str(layout(self.home.home).operator_socket))
        connection.request(method, target, headers=headers)
        answer = connection.getresponse()
        said = Said(f"{method} {target}", answer.status, "", answer.read().decode() + "\n")
        connection.close()
        self.typed.append(said)
        return said


Provocation = Callable[[Place], Said]
PROVOKED: dict[str, Provocation] = {}


def provokes(code: str) -> Callable[[Provocation], Provocation]:
    """This function provokes that error."""

    def note(provocation: Provocation) -> Provocation:
        assert code not in PROVOKED, f"{code} is provoked twice"
        PROVOKED[code] = provocation
        return provocation

    return note


@contextmanager
def place(root: Path) -> Iterator[Place]:
    """Two running nodes with agents, and rules that let main@home speak to bob at lab.

    What they say on stderr is theirs: they meet everything here. They must end cleanly.
    """
    home, lab = RealNode(root / "home", "home"), RealNode(root / "lab", "lab")
    with ExitStack() as stack:
        for node in (home, lab):
            node.make()
            set_limit(node, "rate", "none")
            node.launch()
            stack.callback(node.kill)
        for node in (home, lab):
            node.ready()
        pair(home, lab)
        connected(home, "lab")
        for name in ("main", "other"):
            add_agent(home, name)
        add_agent(lab, "bob")
        found = Place(root, home, lab, stack)
        found.quietly("policy grant main@home send,ask,delegate bob", lab)
        yield found
        assert [node.stop() for node in (home, lab)] == [0, 0]


def _answer(listener: socket.socket, body: bytes, status: int) -> None:
    """Answer one request."""
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        head = f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)


def copy_of(path: Path, to: Path) -> Path:
    """A copy of a directory or file."""
    if path.is_dir():
        shutil.copytree(path, to, ignore=shutil.ignore_patterns("run"))
    else:
        shutil.copy2(path, to)
    return to
