"""What the CLI prints, kept as transcripts: width 100, no colour, `!` before a line of stderr.

`make golden` writes them anew; the difference is reviewed like code.
"""

from collections.abc import Callable

import pytest

from gatepost.cli.pages import first
from gatepost.core.message import File, Text
from tests.unit.cli import grammar
from tests.unit.cli.fakes import ID, INVITATION, LAB, FakeNode, paired, run, view
from tests.unit.cli.terminal import Said, Terminal
from tests.unit.cli.waiting import HOLD, Waiting

Golden = Callable[[str, str], None]


@pytest.fixture
def node() -> FakeNode:
    return FakeNode()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, node: FakeNode) -> Terminal:
    return Terminal(monkeypatch, node)


def transcript(*pairs: tuple[str, Said]) -> str:
    """What somebody sees who types these lines."""
    blocks: list[str] = []
    for line, said in pairs:
        err = [f"! {text}".rstrip() for text in said.err.splitlines()]
        end = [f"[exit {said.code}]"] if said.code else []
        blocks.append("\n".join([f"$ gatepost {line}", *said.out.splitlines(), *err, *end]))
    return "\n\n".join(blocks) + "\n"


def typed(terminal: Terminal, *lines: str) -> str:
    return transcript(*((line, terminal.type(line)) for line in lines))


def test_the_first_screen(terminal: Terminal, golden: Golden) -> None:
    golden("cli/first.txt", typed(terminal, "", "qqqqqq", "peer list"))


def test_help(terminal: Terminal, golden: Golden) -> None:
    nouns = [word for several in first.GROUPS.values() for word, _ in several]
    verbs = {path.split()[0] for path, _ in grammar.commands() if " " in path}
    pages = [path for path, _ in grammar.commands()] + [noun for noun in nouns if noun in verbs]
    golden("cli/help.txt", typed(terminal, *(f"{path} --help" for path in sorted(pages))))


def test_asking(terminal: Terminal, node: FakeNode, golden: Golden) -> None:
    ask = 'ask specialist@lab "Why did the nightly job fail?" --wait 60s'
    pairs: list[tuple[str, Said]] = []
    for answer in (
        view("done", "It ran out of disk at 02:14."),
        view("needs_input", "Which night do you mean?"),
        view("rejected", reason="no rule allows it", by="lab"),
        view("failed", reason="exit code 1", by="specialist@lab"),
    ):
        node.views = [answer]
        pairs.append((ask, terminal.type(ask)))
    node.views = [view("accepted", why="connection refused by lab.example:7443")]
    short = ask.replace("60s", "0s")
    pairs.append((short, terminal.type(short)))
    golden("cli/ask.txt", transcript(*pairs))


def test_handing_work_over(terminal: Terminal, node: FakeNode, golden: Golden) -> None:
    task = 'delegate specialist@lab "Find the cause" --done-when "the cause is named"'
    log = File(data=b"x" * 2150, name="report.txt", media="text/plain")
    pairs = [(task, terminal.type(task))]
    node.views = [view("done", "Disk full.", parts=(Text("Disk full."), log), verb="delegate")]
    pairs.append((f"check {ID}", terminal.type(f"check {ID}")))
    node.views = [view("working", verb="delegate", attempt=2, redelivered=True)]
    pairs.append((f"check {ID}", terminal.type(f"check {ID}")))
    node.views = [view("cancelled", verb="delegate")]
    pairs.append((f"cancel {ID}", terminal.type(f"cancel {ID}")))
    golden("cli/delegate.txt", transcript(*pairs))


def test_the_inbox(terminal: Terminal, node: FakeNode, golden: Golden) -> None:
    log = File(data=b"x" * 12_300, name="night.log", media="text/plain")
    node.runs = (
        run("Why did the nightly job fail?\nThe log is attached.", parts=(Text("Why?"), log)),
        run("The index is rebuilt.", verb="send", again=True, sender="main", node=""),
        run("Find it", verb="delegate", done_when="the cause is named", redelivered=True),
    )
    pairs = [("inbox --as specialist", terminal.type("inbox --as specialist"))]
    node.runs = ()
    pairs.append(("inbox", terminal.type("inbox")))
    line = f'reply {ID} "It ran out of disk."'
    pairs.append((line, terminal.type(line)))
    golden("cli/inbox.txt", transcript(*pairs))


def test_pairing(terminal: Terminal, node: FakeNode, golden: Golden) -> None:
    pairs = [("peers invite lab", terminal.type("peers invite lab"))]
    node.joined = [paired("lab", LAB)]
    pairs.append(("peers invite lab", terminal.type("peers invite lab", watched=True)))
    accept = f"peers accept {INVITATION}"
    pairs.append((accept, terminal.type(accept)))
    golden("cli/pairing.txt", transcript(*pairs).replace("\r", "<CR>").replace("\x1b[K", "<EL>"))


def test_peers(terminal: Terminal, node: FakeNode, golden: Golden) -> None:
    lines = ("peers list", "peers ping lab", "peers ping lab --wire", "peers block lab")
    text = typed(terminal, *lines, "peers endpoint lab lab.example:7444", "peers alias lab attic")
    trust = ("peers trust lab", terminal.type("peers trust lab", "lab\n"))
    golden("cli/peers.txt", text + "\n" + transcript(trust))


def test_looking(terminal: Terminal, golden: Golden) -> None:
    lines = ("status", "messages list", f"messages show {ID}", "agents list", "log", "keys show")
    golden("cli/look.txt", typed(terminal, *lines))


def test_policy(terminal: Terminal, node: FakeNode, golden: Golden) -> None:
    lines = (
        "policy show",
        "policy grant main@home ask specialist --for 2h",
        "policy can main@home specialist ask",
        "policy who-can ask specialist",
        "policy diff --recent 7d",
        "explain main specialist@lab ask",
        f"explain {ID}",
    )
    allowed = typed(terminal, *lines, "explain policy.denied", "explain polcy.denied")
    node.allowed = False
    wish = "main@home specialist ask"
    denied = typed(
        terminal,
        f"policy can {wish}",
        "policy who-can ask specialist",
        f"explain {wish}",
        f"explain {wish} -v",
    )
    golden("cli/policy.txt", allowed + "\n" + denied)


def test_json(terminal: Terminal, node: FakeNode, golden: Golden) -> None:
    node.views = [view("done", "It ran out of disk.")]
    node.runs = (run("Why?"),)
    lines = [
        "status", "send a@lab hello", "ask a@lab why", f"check {ID}", f"cancel {ID}", "inbox",
        f"reply {ID} no --kind declined", "messages list", f"messages show {ID}", "agents list",
        "agents add main", "agents remove main", "peers invite lab", "peers accept gp1-x",
        "peers list", "peers ping lab", "peers block lab", "policy show",
        "policy grant a@lab ask b", "policy revoke g3", "policy can a b ask", "explain a b ask",
        "explain policy.denied", "tokens create main", "tokens list", "tokens revoke t2",
        "keys show", "log", "pause", "resume lab",
    ]  # fmt: skip
    golden("cli/json.txt", typed(terminal, *(f"{line} --json" for line in lines)))


def test_holds(monkeypatch: pytest.MonkeyPatch, golden: Golden) -> None:
    waiting = Waiting()
    terminal = Terminal(monkeypatch, waiting)
    lines = ("holds list", f"holds show {ID[:13]}", f"holds approve {ID[:13]} --digest 5f3c9a01")
    said = typed(terminal, *lines, f'holds refuse {ID[:13]} "Not on a Friday."')
    waiting.held = []
    other = f"holds approve {ID} --digest 00"
    end = typed(terminal, "holds list", "holds list --standing")
    waiting.held = [HOLD]
    golden("cli/holds.txt", "\n".join((said, typed(terminal, other), end)))


def test_tokens_and_pauses(terminal: Terminal, golden: Golden) -> None:
    lines = ('tokens create main --note "nightly"', "tokens list", "tokens revoke t2", "pause lab")
    golden("cli/keep.txt", typed(terminal, *lines, "resume", "agents remove main"))
