"""Messages to nobody, to where nobody may, and too large: refused with their code, nothing kept."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from gatepost.core.message import Data, File, InboxQuery, Submission, Text
from gatepost.core.views import MessagesQuery
from gatepost.errors import GatepostError
from tests.process.nodes import RealNode, add_agent
from tests.process.scene import WAIT, Scene, watch_until

pytestmark = pytest.mark.process
KIB = 1024


def kept(node: RealNode, agent: str) -> list[str]:
    """Messages a node keeps of an agent."""
    with node.operator as operator:
        return [view.id for view in operator.messages(MessagesQuery(agent=agent, limit=200))]


# to nobody, and to where nobody may


@pytest.mark.parametrize(
    ("to", "code", "meant"),
    [
        ("wroker@lab", "", ""),
        ("worker@labb", "peer.unknown", "lab"),
        ("caler", "agent.unknown", "caller"),
        ("worker@", "address.invalid", ""),
        ("@lab", "address.invalid", ""),
        ("two words@lab", "address.invalid", ""),
        ("worker@lab@home", "address.invalid", ""),
        ("", "address.invalid", ""),
        ("wörker@lab", "address.invalid", ""),
        ("../../etc/passwd", "address.invalid", ""),
        ("x" * 300, "address.invalid", ""),
    ],
)
def test_a_message_to_nobody_is_refused_where_that_is_known_and_nothing_is_kept(
    shared: Scene, to: str, code: str, meant: str
) -> None:
    if meant == "caller" and not kept(shared.home, "caller"):
        with shared.home.operator as home:
            if "caller" not in [agent.address for agent in home.agents()]:
                add_agent(shared.home, "caller")
    with shared.caller() as main:
        if not code:  # only lab knows its agents, and it tells no stranger
            view = main.ask(to, "hello", WAIT)
            assert (view.state, view.reason, view.by) == ("rejected", "denied", "rule")
            return
        with pytest.raises(GatepostError) as refused:
            main.send(to, "hello")
        assert refused.value.code == code
        assert kept(shared.home, main.agent) == []
        typed = shared.home.run("send", to, "hello", "--as", main.agent)
        assert (typed.returncode, typed.stdout) == (2, "")
        assert f"error[{code}]" in typed.stderr
        assert not meant or f"did you mean `{meant}`?" in typed.stderr


@pytest.mark.requirement("T25")
def test_a_forbidden_agent_and_one_that_is_not_there_look_the_same_to_the_sender(
    shared: Scene,
) -> None:
    forbidden = shared.poller()
    with shared.caller() as main:
        seen = []
        for to in (f"{forbidden}@lab", "nobody@lab"):
            view = main.ask(to, "hello", WAIT)
            assert (view.state, view.reason, view.by) == ("rejected", "denied", "rule")
            explained = shared.home.run("explain", view.id, "--as", main.agent)
            seen.append(explained.stdout.replace(view.id, "ID").replace(to, "TO"))
        assert seen[0] == seen[1]
        listed = main.agents()
        assert not any(agent.address.endswith("@lab") for agent in listed)
    # The operator of lab, who may know, is told which is which.
    for to, says in ((forbidden, "no rule lets"), ("nobody", "no agent")):
        why = shared.lab.run("explain", f"{main.agent}@home", "ask", to)
        assert why.returncode == 1 and says in why.stdout + why.stderr


@pytest.mark.requirement("P6")
def test_a_refusal_reads_what_why_where_and_the_command_that_changes_it(shared: Scene) -> None:
    poller = shared.poller()
    with shared.caller() as main:
        view = main.ask(f"{poller}@lab", "hello", WAIT)
        assert view.state == "rejected"
        why = shared.lab.run("explain", f"{main.agent}@home", "ask", poller)
        fix = next(line for line in why.stdout.splitlines() if line.strip().startswith("fix"))
        words = fix.split("gatepost ")[1].split()
        shared.lab.do(*words)
        asked = main.submit(Submission(verb="ask", to=f"{poller}@lab", parts=(Text("hello"),)))
        assert watch_until(main, asked.id, "received").state == "received"
        other = main.submit(Submission(verb="send", to=f"{poller}@lab", parts=(Text("hello"),)))
        assert main.check(other.id, WAIT).state == "rejected"


# too large


@pytest.mark.parametrize(
    "parts",
    [
        (Text("x" * (300 * KIB)),),
        (Text("ä" * (150 * KIB)),),
        (File(bytes(257 * KIB), "big.bin"),),
        (File(bytes(700 * KIB), "bigger.bin"),),
        (File(bytes(4096 * KIB), "huge.bin"),),
        (Text("x" * (200 * KIB)), File(bytes(57 * KIB), "one too many")),
        tuple(Text(str(n)) for n in range(33)),
    ],
    ids=["text 300K", "unicode", "file 257K", "file 700K", "file 4M", "together", "33 parts"],
)
def test_what_is_too_large_is_refused_whole_and_the_next_message_goes(
    shared: Scene, parts: tuple[Text | File, ...]
) -> None:
    worker = shared.worker()
    with shared.caller(worker) as main:
        for to in (f"{worker}@lab", main.agent):
            with pytest.raises(GatepostError) as refused:
                main.send(to, parts)
            assert refused.value.code == "message.too_large"
            assert refused.value.http_status == 413
        assert kept(shared.home, main.agent) == []
        assert main.ask(f"{worker}@lab", "done still here", WAIT).text == "still here"


def test_the_largest_message_goes_whole(shared: Scene) -> None:
    poller = shared.poller()
    largest = File(os.urandom(256 * KIB), "just fits")
    with shared.caller(poller) as main, shared.lab.speaker(poller) as agent:
        task = main.delegate(f"{poller}@lab", largest)
        (run,) = agent.inbox(InboxQuery(wait=WAIT))
        assert run.parts == (largest,)
        agent.reply(run.id, largest, "done")
        assert main.check(task.id, WAIT).parts == (largest,)


def test_a_reply_too_large_is_refused_and_the_run_stays_open_for_a_smaller_one(
    shared: Scene,
) -> None:
    poller = shared.poller()
    with shared.caller(poller) as main, shared.lab.speaker(poller) as agent:
        task = main.delegate(f"{poller}@lab", "tell me all")
        (run,) = agent.inbox(InboxQuery(wait=WAIT))
        for kind in ("progress", "artifact", "needs_input", "done"):
            with pytest.raises(GatepostError) as refused:
                agent.reply(run.id, "x" * (300 * KIB), kind)
            assert refused.value.code == "message.too_large"
        agent.reply(run.id, "in short: disk", "done")
        assert main.check(task.id, WAIT).text == "in short: disk"


def test_a_large_text_typed_at_the_command_line_is_refused_with_its_fix(shared: Scene) -> None:
    with shared.caller() as main:
        typed = shared.home.run("send", "x@lab", "-", "--as", main.agent, input="x" * (300 * KIB))
        assert (typed.returncode, typed.stdout) == (2, "")
        assert "error[message.too_large]" in typed.stderr and "fix" in typed.stderr
        assert kept(shared.home, main.agent) == []


@pytest.mark.parametrize("kind", ["large", "missing", "directory", "unreadable", "device"])
def test_an_attachment_that_cannot_be_sent_is_named_and_nothing_is_sent(
    shared: Scene, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "night.log"
    code = "usage.invalid"
    if kind == "large":
        path.write_bytes(bytes(300 * KIB))
        code = "message.too_large"
    elif kind == "directory":
        path.mkdir()
    elif kind == "device":
        path = Path("/dev/zero")
        code = "message.too_large"
    elif kind == "unreadable":
        path.symlink_to(path)
    with shared.caller() as main:
        words = ("send", "x@lab", "look", "--attach", str(path), "--as", main.agent)
        typed = shared.home.run(*words)
        assert (typed.returncode, typed.stdout) == (2, "")
        assert f"error[{code}]" in typed.stderr
        assert str(path) in typed.stderr or code == "message.too_large"
        assert kept(shared.home, main.agent) == []


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[1,", b'"\xff"', b"[" * 90_000, b"NaN", b'1]["x"'],
    ids=["nothing", "open", "cut", "latin1", "deep", "NaN", "two"],
)
def test_json_that_is_none_is_refused_and_spoils_nothing_beside_it(
    shared: Scene, raw: bytes
) -> None:
    poller = shared.poller()
    bad = Data(msgspec.Raw(raw))
    with shared.caller(poller) as main, shared.lab.speaker(poller) as agent:
        task = main.delegate(f"{poller}@lab", "look")
        with pytest.raises(GatepostError) as refused:
            main.send(f"{poller}@lab", (Text("see"), bad))
        assert refused.value.code == "usage.invalid"
        (run,) = agent.inbox(InboxQuery(wait=WAIT))
        with pytest.raises(GatepostError) as refused:
            agent.reply(run.id, bad, "done")
        assert refused.value.code == "usage.invalid"
        agent.reply(run.id, "well", "done")
        assert main.check(task.id, WAIT).text == "well"
        assert kept(shared.home, main.agent) == [task.id]


def test_text_that_cannot_be_written_is_refused_and_spoils_nothing_beside_it(
    shared: Scene,
) -> None:
    half = "\ud800"
    with shared.caller() as main:
        for words in (half, File(b"", half), Text("x" + half)):
            with pytest.raises(GatepostError) as refused:
                main.send(main.agent, words)
            assert refused.value.code == "usage.invalid"
        with pytest.raises(GatepostError) as refused:
            main.delegate(main.agent, "look", half)
        assert refused.value.code == "usage.invalid"
        assert main.send(main.agent, "€ 🙂 \u202e\x07\0").state == "accepted"
        (run,) = main.inbox(InboxQuery(wait=WAIT))
        assert run.parts == (Text("€ 🙂 \u202e\x07\0"),)
        typed = shared.home.run("send", main.agent, "\udcff", "--as", main.agent)
        assert typed.returncode == 2 and "error[usage.invalid]" in typed.stderr


def test_what_is_too_large_is_refused_also_when_the_node_is_away(tmp_path: Path) -> None:
    node = RealNode(tmp_path / "home", "home").make().start()
    try:
        add_agent(node, "main")
        with node.speaker("main") as main, ThreadPoolExecutor(2) as threads:
            node.kill()
            large = threads.submit(main.send, "main", File(bytes(2048 * KIB)))
            small = threads.submit(main.send, "main", "small")
            node.start()
            with pytest.raises(GatepostError) as refused:
                large.result(WAIT)
            assert refused.value.code == "message.too_large"
            assert small.result(WAIT).state == "accepted"
    finally:
        node.kill()
