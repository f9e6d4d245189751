"""Every fix that explain prints, applied, leaves nothing in the way."""

import shlex
import tempfile
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from gatepost.config import grants
from gatepost.config.files import write
from gatepost.config.paths import Layout, create, layout
from gatepost.config.sources import policy_documents
from gatepost.policy.explain import explain
from gatepost.policy.law import Law
from gatepost.policy.request import Facts, Request
from gatepost.policy.rules import read_law
from tests.unit.policy.cases import HERE, NOW, numbered, requests, rules, situations

SENTENCES = {
    "send it anew, outside the run that caused it": {"visited": ()},
    "send it again with a later --expires": {"expires": 0},
    "send a summary, or put the file where the other agent can reach it": {"size": 10},
}


class World:
    """A home directory and what a running node would know."""

    def __init__(self, home: Path, text: str, request: Request, stand: Facts) -> None:
        self.places: Layout = layout(home)
        create(self.places)
        write(self.places.policy, text)
        self.request, self.stand = request, stand

    def law(self) -> Law:
        return self.judge(policy_documents(self.places))

    @staticmethod
    def judge(documents) -> Law:
        return read_law(documents, ["lab", HERE])

    def facts(self, **changes) -> None:
        self.stand = msgspec.structs.replace(self.stand, **changes)

    def apply(self, fix: str) -> None:
        if fix in SENTENCES:
            self.request = msgspec.structs.replace(self.request, **SENTENCES[fix])
            return
        match shlex.split(fix):
            case ["gatepost", "policy", "grant", from_, verbs, to]:
                rule = grants.NewRule(
                    id=grants.grant_id(from_, verbs.split(","), to), verbs=tuple(verbs.split(",")),
                    from_=from_, to=to, by=fix, made=NOW,
                )  # fmt: skip
                grants.add_rules(self.places, [rule], self.judge)
            case ["gatepost", "policy", "revoke", rule_id]:
                grants.remove_rules(self.places, [rule_id], self.judge)
            case ["gatepost", "policy", "limit", kind, value, *rest]:
                rule_id = rest[1] if rest else ""
                grants.set_limit(self.places, kind, value, rule_id, self.judge)
            case ["gatepost", "peers", "invite", _]:
                self.facts(paired=True)
            case ["gatepost", "peers", "trust", _]:
                self.facts(frozen="")
            case ["gatepost", "peers", "unblock", _]:
                self.facts(blocked="")
            case ["gatepost", "agents", "add", name]:
                self.facts(unknown=tuple(one for one in self.stand.unknown if one != name))
            case ["gatepost", "agents", "list"]:
                self.facts(adapter="")
            case ["gatepost", "resume", *_]:
                self.facts(paused="")
            case other:
                raise AssertionError(f"no such command: {other}")


@settings(max_examples=60)
@given(st.lists(rules(), max_size=4), requests(), situations())
def test_applying_the_printed_fixes_flips_the_verdict(
    texts: list[str], request: Request, stand: Facts
):
    if request.direction == "local":  # there is no peer to be unpaired, frozen or blocked
        stand = msgspec.structs.replace(stand, paired=True, frozen="", blocked="")
    with tempfile.TemporaryDirectory() as home:
        world = World(Path(home) / "h", numbered(texts), request, stand)
        before = explain(world.law(), world.request, world.stand)
        for fix in before.fixes:
            world.apply(fix)
        after = explain(world.law(), world.request, world.stand)
        assert after.verdict == "allow", (before.fixes, after)
