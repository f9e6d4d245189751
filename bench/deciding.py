"""What the law costs: a decision among ten rules and among 100,000, reading them, and two refusals.

Measured in this process, in CPU time, on the functions the node calls. "First" is a decision about
two parties that nobody asked for before, "again" one that was asked a moment ago. The requests each
match a few rules of a law that has all kinds: names, globs, node ids, conditions, limits. The two
refusals are those of an agent that is there and forbidden, and of one that is not there: a peer
gets the same bytes for both, and must not tell them by the time either.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter_ns, process_time_ns

import msgspec

from gatepost.core.origin import Document
from gatepost.policy.defaults import POLICY
from gatepost.policy.evaluate import evaluate
from gatepost.policy.law import Law
from gatepost.policy.patterns import Party
from gatepost.policy.request import Facts, Request
from gatepost.policy.rules import read_law
from gatepost.policy.usage import Usage

SIZES = (10, 1_000, 100_000)
LOADED = 10_000
AT = 1_900_000_000_000
_PEERS = 500
_ASKED = 2_000
_ROUNDS = 3


class Deciding(msgspec.Struct, frozen=True):
    """CPU of one decision by a law of `rules` rules, in microseconds, medians over the rounds."""

    rules: int
    first_us: float
    again_us: float


class LawCost(msgspec.Struct, frozen=True):
    """All of it. `forbidden_us` and `unknown_us` are the medians of the two refusals."""

    deciding: tuple[Deciding, ...]
    loaded: int
    loading_s: float
    forbidden_us: float
    unknown_us: float


def measure(sizes: Sequence[int] = SIZES, loaded: int = LOADED) -> LawCost:
    """Measure everything, a few seconds for each 100,000 rules."""
    forbidden, unknown = _refusals()
    deciding = tuple(_deciding(size) for size in sizes)
    return LawCost(deciding, loaded, _loading(loaded), forbidden, unknown)


def _deciding(size: int) -> Deciding:
    text = POLICY + "".join(_rule(number) for number in range(size - POLICY.count("\n[[rule]]\n")))
    law = read_law([Document("policy.toml", text)], ["lab"])
    requests = [_request(number, size) for number in range(_ASKED)]
    facts = Facts(node="h" * 52, usage=Usage(), name="lab")
    first: list[float] = []
    again: list[float] = []
    for _ in range(_ROUNDS):
        anew = Law(law.rules, law.limits)
        gc.collect()
        first.append(_spent(anew, requests, facts))
        again.append(_spent(anew, requests, facts))
    return Deciding(len(law.rules), round(median(first), 2), round(median(again), 2))


def _spent(law: Law, requests: Sequence[Request], facts: Facts) -> float:
    began = process_time_ns()
    for request in requests:
        evaluate(law, request, facts)
    return (process_time_ns() - began) / len(requests) / 1_000


def _loading(count: int) -> float:
    document = Document("grants.toml", "".join(_rule(number) for number in range(count)))
    took: list[float] = []
    for _ in range(3):
        began = process_time_ns()
        read_law([Document("policy.toml", POLICY), document], ["lab"])
        took.append((process_time_ns() - began) / 1e9)
    return round(median(took), 3)


def _rule(number: int) -> str:
    peer, kind = number % _PEERS, number % 10
    from_ = f"agent{number}@peer{peer}"
    more = 'limit = { rate = "30/min" }'
    if kind == 7:
        from_ = f"glob{number}-*@peer{peer}"
    elif kind == 8:
        from_, more = f"*-tail{number}@*", 'unless = { hours = "18:00-08:00 UTC" }'
    elif kind == 9:
        from_, more = f"*@{_node(number)}", "until = 2100-01-01T00:00:00Z"
    says = "deny" if number % 25 == 0 else "allow"
    return (
        f'\n[[rule]]\nid = "r{number}"\n{says} = ["send", "ask"]\nfrom = "{from_}"\n'
        f'to = "bob{number % 50}"\n{more}\n'
    )


def _request(number: int, size: int) -> Request:
    """One that a rule of its own speaks of, and some others may."""
    rule = number % size
    peer = rule % _PEERS
    name = {7: f"glob{rule}-x", 8: f"x-tail{rule}"}.get(rule % 10, f"agent{rule}")
    node = _node(rule) if rule % 10 == 9 else _node(1_000_000 + peer)
    sender = Party(name if number < size else f"{name}.{number}", node, f"peer{peer}")
    return Request("inbound", "ask", sender, Party(f"bob{rule % 50}"), AT)


def _node(number: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    return "".join(letters[number >> 5 * place & 31] for place in range(52))


def _refusals() -> tuple[float, float]:
    """Microseconds to refuse: an agent that a rule forbids, and one that is not there."""
    let_in = '\n[[rule]]\nid = "in"\nallow = ["ask"]\nfrom = "*@peer1"\nto = "*"\n'
    secret = '\n[[rule]]\nid = "not"\ndeny = ["ask"]\nfrom = "*@*"\nto = "secret"\n'
    law = read_law([Document("policy.toml", POLICY + let_in + secret)], ["lab"])
    agents = ("secret", *(f"bob{number}" for number in range(50)))
    usage, sender = Usage(), Party("main", _node(1), "peer1")
    there = Facts(node="h" * 52, usage=usage, name="lab")
    not_there = Facts(node="h" * 52, usage=usage, name="lab", unknown=("sacret",), agents=agents)
    forbidden = Request("inbound", "ask", sender, Party("secret"), AT)
    unknown = Request("inbound", "ask", sender, Party("sacret"), AT)
    one, other = _in_turn(
        lambda: evaluate(law, forbidden, there), lambda: evaluate(law, unknown, not_there)
    )
    return round(one, 2), round(other, 2)


def _in_turn(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Medians in microseconds of many calls, made in turn so that both see the same machine."""
    took: tuple[list[int], list[int]] = ([], [])
    for _ in range(20_000):
        for call, times in zip((one, other), took, strict=True):
            began = perf_counter_ns()
            call()
            times.append(perf_counter_ns() - began)
    return median(took[0]) / 1_000, median(took[1]) / 1_000
