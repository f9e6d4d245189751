"""What the policy tests share: a small world of parties, and rules drawn over it."""

from typing import Any

from hypothesis import strategies as st

from gatepost.core.origin import Document
from gatepost.policy.defaults import POLICY
from gatepost.policy.law import Law
from gatepost.policy.patterns import Party
from gatepost.policy.request import VERBS, Direction, Facts, Request
from gatepost.policy.rules import read_law
from gatepost.policy.usage import Usage

HERE = "h" * 52
HOME = "a" * 52
WORK = "b" * 52
NOW = 1_900_000_000_000

MAIN = Party("main", HOME, "home")
ALICE = Party("alice", WORK, "work")
BOB = Party("bob")
SPECIALIST = Party("specialist")
REMOTE = (MAIN, ALICE, Party("alice", HOME, "home"))
LOCAL = (BOB, SPECIALIST)


def law(text: str, grants: str = "") -> Law:
    return read_law([Document("policy.toml", text), Document("grants.toml", grants)], ["lab", HERE])


def default_law(grants: str = "") -> Law:
    return law(POLICY, grants)


def facts(**changes: Any) -> Facts:
    given: dict[str, Any] = {"node": HERE, "usage": Usage(), "name": "lab", **changes}
    return Facts(**given)


def inbound(
    verb: str = "ask", sender: Party = MAIN, to: Party = SPECIALIST, **more: Any
) -> Request:
    return Request("inbound", verb, sender, to, more.pop("at", NOW), **more)


def outbound(verb: str = "ask", sender: Party = BOB, to: Party = MAIN, **more: Any) -> Request:
    return Request("outbound", verb, sender, to, more.pop("at", NOW), **more)


def local(verb: str = "ask", sender: Party = BOB, to: Party = SPECIALIST, **more: Any) -> Request:
    return Request("local", verb, sender, to, more.pop("at", NOW), **more)


def rule(
    rule_id: str = "r", says: str = 'allow = ["ask"]', from_: str = "main@home", to: str = "*",
    more: str = "",
) -> str:  # fmt: skip
    return f'[[rule]]\nid = "{rule_id}"\n{says}\nfrom = "{from_}"\nto = "{to}"\n{more}\n'


PATTERNS = st.sampled_from(
    ["*", "bob", "b*", "specialist", "*@*", "*@home", "main@home", "alice@*", f"*@{WORK}", "*@work"]
)
UNLESS = st.sampled_from(
    [
        "",
        "",
        "unless = { tainted = false }",
        "unless = { tainted = true }",
        'unless = { hours = "08:00-18:00 UTC" }',
        'unless = { conversation = "c1" }',
        "until = 2000-01-01T00:00:00Z",
        "until = 2100-01-01T00:00:00Z",
    ]
)
LIMITS = st.sampled_from(["", "", "limit = { turns = 3 }", "limit = { bytes = 100, open = 1 }"])


@st.composite
def rules(draw: st.DrawFn, words: tuple[str, ...] = ("allow", "hold", "deny"), limits: bool = True):
    """The text of one rule without its id."""
    word = draw(st.sampled_from(words))
    verbs = draw(st.lists(st.sampled_from(VERBS), unique=True, max_size=3))
    from_ = draw(st.lists(PATTERNS, unique=True, max_size=2))
    to = draw(st.lists(PATTERNS, unique=True, max_size=2))
    limit = draw(LIMITS) if limits else ""
    return f"{word} = {verbs}\nfrom = {from_}\nto = {to}\n{draw(UNLESS)}\n{limit}\n".replace(
        "'", '"'
    )


def numbered(texts: list[str]) -> str:
    return "".join(f'[[rule]]\nid = "r{n}"\n{text}' for n, text in enumerate(texts))


@st.composite
def requests(draw: st.DrawFn) -> Request:
    direction: Direction = draw(st.sampled_from(["local", "outbound", "inbound"]))
    sender = draw(st.sampled_from(REMOTE if direction == "inbound" else LOCAL))
    to = draw(st.sampled_from(REMOTE if direction == "outbound" else LOCAL))
    return Request(
        direction,
        draw(st.sampled_from(VERBS)),
        sender,
        to,
        NOW + draw(st.sampled_from([0, 9 * 3_600_000])),
        size=draw(st.sampled_from([10, 200, 300_000])),
        hops=draw(st.sampled_from([1, 9])),
        visited=draw(st.sampled_from([(), (HOME,), (HERE, WORK)])),
        turns=draw(st.sampled_from([0, 5, 13])),
        conversation=draw(st.sampled_from(["", "c1"])),
        taint=draw(st.sampled_from([(), (HOME,), (WORK, HOME)])),
        expires=draw(st.sampled_from([0, NOW - 1, NOW + 10**9])),
    )


@st.composite
def situations(draw: st.DrawFn) -> Facts:
    return facts(
        paused=draw(st.sampled_from(["", "", "", "node", "home", "specialist"])),
        paired=draw(st.sampled_from([True, True, True, False])),
        frozen=draw(st.sampled_from(["", "", "", "its key changed"])),
        blocked=draw(st.sampled_from(["", "", "", "by the operator"])),
        unknown=draw(st.sampled_from([(), (), (), ("specialist",)])),
        adapter=draw(st.sampled_from(["", "", "not running"])),
        running=draw(st.sampled_from([0, 4])),
        open=draw(st.sampled_from([0, 1])),
    )
