"""Decisions in a ring, and the laws that were in force."""

import zlib

import pytest

from gatepost.core.records import LawRow
from gatepost.node.decisions import Decisions
from gatepost.policy.evaluate import evaluate
from gatepost.store import decisions as module
from tests.unit.node.stage import OPEN, Stage, law
from tests.unit.policy.cases import default_law, facts, inbound


def test_the_newest_take_the_places_of_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_DECISIONS", 4)
    here = Stage("home")
    store = here.node("home").store
    for n in range(10):
        store.decisions.add(100 + n, f"m{n}", b"{}")
    here.until(lambda: store.idle)
    assert [row.message for row in store.decisions.since(0)] == ["m9", "m8", "m7", "m6"]
    assert [row.n for row in store.decisions.of("m9")] == [10]
    assert store.decisions.of("m5") == []
    assert [row.message for row in store.decisions.since(108)] == ["m9", "m8"]


def test_a_law_is_kept_once_for_as_long_as_it_is_in_force(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LAWS", 3)
    here = Stage("home")
    node = here.node("home")
    node.law_changed(node.guard.law)
    for n in range(5):
        here.run(1.0)
        node.law_changed(law("home", OPEN + f"# {n}\n"))
    here.until(lambda: node.store.idle)
    kept = node.store.decisions.laws()
    assert len(kept) == 3
    assert node.decisions.law_at(kept[0].since - 1) is None or len(kept) == 3
    again = Decisions(node.store, node.clock, ("home",))
    found = again.law_at(node.clock.now())
    assert found is not None and found.revision == node.guard.law.revision
    assert again.law_at(0) is None


def test_a_law_too_large_to_keep_is_only_named() -> None:
    here = Stage("home")
    node = here.node("home")
    here.run(1.0)
    noise = "".join(f"# {zlib.crc32(b'%d' % n):x}{n}\n" for n in range(60_000))
    node.law_changed(law("home", OPEN + noise))
    here.until(lambda: node.store.idle)
    kept: list[LawRow] = node.store.decisions.laws()
    assert (kept[-1].texts, kept[-1].revision) == (b"", node.guard.law.revision)
    assert Decisions(node.store, node.clock, ("home",)).law_at(node.clock.now()) is None


def test_refusals_cost_no_commit_of_their_own_and_only_the_latest_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gatepost.node.decisions.MOST_WAITING", 3)
    here = Stage("home")
    node = here.node("home")
    here.run(1.0)
    kept = Decisions(node.store, node.clock, ("home",))
    read = default_law()
    decision = evaluate(read, inbound(), facts())
    for n in range(5):
        kept.note(f"m{n}", inbound(at=n), facts(), decision, read)
    here.run(5.0)
    assert node.store.idle and list(node.store.decisions.since(0)) == []
    assert [one.message for one in kept.since(0)] == ["m4", "m3", "m2"]
    node.store.registry.set_mark("x", "y")  # a commit for something else
    here.until(lambda: node.store.idle)
    assert [row.message for row in node.store.decisions.since(0)] == ["m4", "m3", "m2"]
    (one,) = kept.of("m4")
    assert (one.verdict, one.steps) == ("deny", decision.steps)
